import type { PolicyName } from '../balancing/create-balancer.ts';
import type { UpstreamClusterOptions, UpstreamObserver, UpstreamTlsOptions } from '../upstream/options.ts';
import type { HashTerm } from '../upstream/request-hash.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';

/** Connections to the endpoints of one cluster, each of which serves one request at a time. */
export interface Http1PoolOptions {
  /** Requests that may wait for a connection, or for one that is being made. 1 or more, default 1 024. Envoy: `max_pending_requests`. */
  readonly maxPendingRequests: number;
  /** Connections to all endpoints together, one for each all the same; more requests wait. 1 or more, default 1 024. Envoy: `max_connections`. */
  readonly maxConnections: number;
  /** Requests that have a connection, or one that is being made. 1 or more, default 1 024. Envoy: `max_requests`. */
  readonly maxRequests: number;
  /** Requests that one connection serves in its life. Default 0 = any number. Envoy: `max_requests_per_connection`. */
  readonly maxRequestsPerConnection: number;
  /** How long a connection is kept without a request. Milliseconds, default 3 600 000, 0 = for ever. Envoy: `idle_timeout`. */
  readonly idleTimeoutMs: number;
}

/** How long a peer may be silent. */
export interface Http1Timeouts {
  /**
   * How long an endpoint may wait for the next part of a request's content, or leave it lying, while no part of its answer comes either; then
   * 408 or 502. Milliseconds, above 0, default 30 000, as http2/limits.ts has for peers that stand still. Envoy: `stream_idle_timeout`.
   */
  readonly contentMs: number;
  /** From the end of the request to the response's header section, looked at about every half second. Milliseconds, default 0 = any time: the route has a timeout. */
  readonly headersMs: number;
  /** Between two parts of the response's content, while the client takes it, looked at as often. Milliseconds, default 0 = any time. Envoy: `stream_idle_timeout`. */
  readonly bodyMs: number;
}

/** The defaults of `Http1Timeouts`. */
export const DEFAULT_HTTP1_TIMEOUTS: Http1Timeouts = Object.freeze({ contentMs: 30_000, headersMs: 0, bodyMs: 0 });

/** What a cluster of HTTP/1.1 endpoints is reached with. */
export interface Http1ClusterOptions {
  /** Unique among the clusters. */
  readonly name: string;
  /** The longest that TCP and TLS may take together. Milliseconds, default 5 000. Envoy: `connect_timeout`. */
  readonly connectTimeoutMs: number;
  /** Null is cleartext. */
  readonly tls: UpstreamTlsOptions | null;
  /** Below so many healthy endpoints in a hundred, health is ignored. Per cent, 0 to 100, default 0 = never. Envoy: `healthy_panic_threshold`. */
  readonly panicThresholdPercent: number;
  /** Default `roundRobin`. */
  readonly policy: PolicyName;
  /** What requests are hashed by, for ringHash; none for the others. Envoy: `hash_policy` of a route. */
  readonly hashOn: readonly HashTerm[];
  /** Absent or null: no endpoint is ejected. Envoy: `outlier_detection`. */
  readonly outlier?: UpstreamClusterOptions['outlier'];
  readonly pool: Http1PoolOptions;
  /** Default DEFAULT_HTTP1_TIMEOUTS. */
  readonly timeouts: Http1Timeouts;
}

/** What happened to connections, for metrics and logs. Must not throw. */
export type Http1Observer = Pick<
  UpstreamObserver,
  'onConnectionOpened' | 'onConnectionClosed' | 'onConnectFailed' | 'onUpstreamDefect' | 'onEjection'
>;

/** What a cluster is given. */
export interface Http1Dependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Http1Observer;
}

/** The header section of a response, and its trailers, in octets; above it 502. As listeners allow in requests. */
export const MAX_RESPONSE_HEADER_BYTES = 65_536;

/** Fields of a response's header section, or of its trailers; above it 502. As http2/limits.ts. */
export const MAX_RESPONSE_FIELDS = 128;

/** Interim responses to one request; above it 502. As http2/limits.ts allows in content: without end they are a flood. */
export const MAX_INTERIM_RESPONSES = 16;

/** Request content of HTTP/1.x that is kept for an endpoint which does not take it; then the client is not read from. Octets. */
export const MAX_WAITING_OCTETS = 65_536;

/**
 * What is read, and thrown away, of a request of HTTP/1.x that has been answered before its end, so that the client reads the answer and the
 * connection can be used again; beyond it the connection is closed. Octets.
 */
export const MAX_DISCARDED_OCTETS = 1_048_576;
