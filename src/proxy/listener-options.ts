import type { Http2Limits, KeepaliveOptions, SlabPool } from '../http2/index.ts';
import type { Address } from '../model/address.ts';
import type { ServerTls } from '../tls/server-options.ts';
import type { Turn } from '../transport/turn.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { ForwardedHeadersOptions } from './forwarded-headers.ts';
import type { LocalHandler } from './local-handler.ts';
import type { CallObserver } from './observer.ts';
import type { RequestHandler } from './request-handler.ts';
import type { ListedRoute } from './router.ts';

/** How much and how long a peer may take. Everything but the idle time, which is configured. */
export interface ListenerLimits {
  /** Open connections; the next one is closed as it comes. Default 50 000; Envoy's advice for edges: 50 000. */
  readonly maxConnections: number;
  /** Open connections of one client address, unix sockets aside; the next one is closed as it comes. Default 0: any number. */
  readonly maxConnectionsPerAddress: number;
  /** The header section of one request, in octets; above it 431. Default 64 KiB, as http2/limits.ts. */
  readonly maxHeaderBytes: number;
  /** Fields of one header section, the pseudo-header fields of HTTP/2 included; above it 431. Default 128, as http2/limits.ts. */
  readonly maxHeaderFields: number;
  /** HTTP/1.x requests that wait for their answers on one connection; one more ends it. Default 250. */
  readonly maxPipelinedRequests: number;
  /** Streams open at once on one connection: SETTINGS_MAX_CONCURRENT_STREAMS. Default 250. */
  readonly maxConcurrentStreams: number;
  /** From the first octet of a ClientHello to the end of the handshake. Milliseconds, default 10 000. */
  readonly handshakeTimeoutMs: number;
  /** Until the first octets say which protocol it is. Milliseconds, default 10 000. */
  readonly prefaceTimeoutMs: number;
  /** From the first octet of an HTTP/1.x request to the end of its header section. Milliseconds, default 10 000. */
  readonly headersTimeoutMs: number;
  /**
   * From the header section of a request that is answered here to its last octet, for both versions; from its answer, for content of HTTP/1.x
   * that a route does not want. Milliseconds, default 30 000. Content that is relayed may take any time.
   */
  readonly requestTimeoutMs: number;
  /** How often headersTimeoutMs is looked at, so how late it may act. Milliseconds, default 1 000. */
  readonly requestCheckIntervalMs: number;
  /** A response waits, and the peer takes none of it. Milliseconds, default 30 000, as http2/limits.ts. */
  readonly stallTimeoutMs: number;
  /** Until the peer has acknowledged our SETTINGS; then SETTINGS_TIMEOUT. Milliseconds, default 10 000. */
  readonly settingsTimeoutMs: number;
  /** From the start of an HTTP/2 connection to its first stream; then GOAWAY. Milliseconds, default 30 000. */
  readonly firstRequestTimeoutMs: number;
}

/** The defaults of `ListenerLimits`. */
export const DEFAULT_LISTENER_LIMITS: ListenerLimits = Object.freeze({
  maxConnections: 50_000,
  maxConnectionsPerAddress: 0,
  maxHeaderBytes: 64 * 1024,
  maxHeaderFields: 128,
  maxPipelinedRequests: 250,
  maxConcurrentStreams: 250,
  handshakeTimeoutMs: 10_000,
  prefaceTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  requestCheckIntervalMs: 1000,
  stallTimeoutMs: 30_000,
  settingsTimeoutMs: 10_000,
  firstRequestTimeoutMs: 30_000,
});

/** Load balancers keep idle connections for 600 s and must be the ones to end them. */
export const DEFAULT_IDLE_TIMEOUT_MS = 620_000;

/**
 * Why the listener ended a connection, or refused a request, on its own. `tls`: the handshake failed; `tlsOnCleartext` and
 * `cleartextOnTls`: the peer has the wrong port or scheme; `garbage`: neither TLS nor HTTP; `timeout`: too slow; `badRequest`:
 * not HTTP/1.x after all, or CONNECT; `http2`: a connection error of HTTP/2; `limit`: one of `ListenerLimits`.
 */
export type RefusalReason =
  | 'tls'
  | 'clientCertificate'
  | 'tlsOnCleartext'
  | 'cleartextOnTls'
  | 'garbage'
  | 'timeout'
  | 'badRequest'
  | 'http2'
  | 'limit';

/** What happens on a listener, in numbers and words for logs and metrics. Must not throw. */
export interface ListenerObserver {
  /** A peer was refused: its own doing, so worth a count and a debug line at most. `detail` never holds a peer's octets. */
  onRefusal(reason: RefusalReason, detail: string): void;
  /** The request handler threw, or the socket could not accept: worth an operator's look. */
  onError(error: Error): void;
}

export interface ListenerOptions {
  /** As configured; begins the messages of errors. */
  readonly name: string;
  /** Port 0 takes a free one. `[::]` is bound for IPv4 as well. */
  readonly address: Address;
  /** Null for cleartext. */
  readonly tls: ServerTls | null;
  /** How long a connection of either version may have no request in flight. Milliseconds, above 0, default 620 000; Envoy: `idle_timeout`. */
  readonly idleTimeoutMs?: number;
  readonly limits?: Partial<ListenerLimits>;
  readonly http2?: DownstreamHttp2Options;
  /** First match in this order wins. Default none: everything is answered by the handlers below. */
  readonly routes?: readonly ListedRoute[];
  /** Whether GET and HEAD of that path, without its query, are answered here whatever is routed. Default: no path is. */
  readonly isHealthPath?: (pathname: string) => boolean;
  /** Answers HTTP/1.x requests that are not routed. */
  readonly requestHandler: RequestHandler;
  /** Answers HTTP/2 requests that are not routed, unknown gRPC methods aside. Default: `requestHandler`, for which they are dressed up. */
  readonly localHandler?: LocalHandler;
  /** Default DEFAULT_FORWARDED_HEADERS. */
  readonly forwardedHeaders?: ForwardedHeadersOptions;
  readonly observer: ListenerObserver;
  /** Default none, which costs nothing per call. */
  readonly callObserver?: CallObserver;
  readonly clock: Clock;
  /** Spreads the ages of connections. Default: none are spread. */
  readonly random?: Random;
  /** The rhythm of the thread, shared with the clusters that calls are relayed to. Default: one of the listener's own. */
  readonly turn?: Turn;
  /** Output memory of the thread. Default: the listener's own. */
  readonly slabs?: SlabPool;
}

/** What concerns HTTP/2 connections alone. */
export interface DownstreamHttp2Options {
  /** Default LOAD_BALANCER_LIMITS. What ListenerOptions.limits says of the same things goes before it. */
  readonly limits?: Http2Limits;
  /** Default: no PING is sent. gRPC: `keepalive_time_ms`. */
  readonly keepalive?: KeepaliveOptions;
  /** Age at which a connection is told to leave, ±10 %. Milliseconds, default 0 = never. gRPC A9. */
  readonly maxConnectionAgeMs?: number;
  /** How long the streams of a connection that has been told to leave may go on. Milliseconds, default 0 = any time. gRPC A9. */
  readonly maxConnectionAgeGraceMs?: number;
}
