import type { Socket } from 'node:net';
import {
  AbuseKind,
  type ConnectionError,
  type ConnectionOptions,
  type Http2Limits,
  LOAD_BALANCER_LIMITS,
  SlabPool,
} from '../http2/index.ts';
import type { AdoptedSocket } from '../transport/adopt-socket.ts';
import type { Turn } from '../transport/turn.ts';
import type { Clock } from '../util/clock.ts';
import { DeadlineWheel } from './deadline-wheel.ts';
import { DownstreamConnection, type DownstreamHome } from './downstream-connection.ts';
import type { ForwardedHeadersOptions } from './forwarded-headers.ts';
import type { ListenerContext } from './listener-context.ts';
import type { ListenerLimits } from './listener-options.ts';
import { createLocalHandler, type LocalHandler } from './local-handler.ts';
import type { LocalReason } from './local-reason.ts';
import { LocalReplies } from './local-replies.ts';
import { Relay } from './relay.ts';
import type { RequestCounter } from './request-counter.ts';
import type { Router } from './router.ts';

/** Limits that concern time and so count as `timeout` among the refusals. */
const TIMEOUTS: ReadonlySet<AbuseKind> = new Set([
  AbuseKind.STALLED_STREAM,
  AbuseKind.STALLED_OUTPUT,
  AbuseKind.SLOW_PREFACE,
  AbuseKind.SLOW_SETTINGS,
  AbuseKind.SLOW_HEADERS,
]);

/** Serves HTTP/2 on sockets that a listener hands over, whatever ALPN said; it never listens itself. */
export class Http2Server implements DownstreamHome {
  readonly turn: Turn;
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  readonly replies = new LocalReplies();
  readonly relay: Relay;
  readonly router: Router;
  readonly counter: RequestCounter;
  readonly forwardedHeaders: ForwardedHeadersOptions;
  readonly isHealthPath: (pathname: string) => boolean;
  readonly localHandler: LocalHandler;
  readonly requestTimeoutMs: number;
  readonly #context: ListenerContext;
  readonly #options: Partial<ConnectionOptions>;
  readonly #connections = new Set<DownstreamConnection>();
  #isDraining = false;

  constructor(context: ListenerContext, counter: RequestCounter) {
    this.#context = context;
    this.turn = context.turn;
    this.clock = context.clock;
    this.wheel = new DeadlineWheel(context.turn);
    this.relay = new Relay({
      clock: this.clock,
      random: context.random,
      wheel: this.wheel,
      replies: this.replies,
      observer: context.callObserver,
    });
    this.router = context.router;
    this.counter = counter;
    this.forwardedHeaders = context.forwardedHeaders;
    this.isHealthPath = context.isHealthPath;
    this.localHandler = context.localHandler ?? createLocalHandler(context.requestHandler);
    this.requestTimeoutMs = context.limits.requestTimeoutMs;
    this.#options = connectionOptions(context);
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Takes over a socket whose first octets are unread. `denial`: why nothing that is routed is for its client; null if it is. */
  accept(socket: Socket, denial: LocalReason | null): void {
    const options = { ...this.#options, jitter: this.#context.random() };
    this.#start(new DownstreamConnection({ socket, denial }, this, options), null);
  }

  /** The same of one that has been adopted, which is never TLS; `head` is what its predecessor has read. */
  acceptAdopted(adopted: AdoptedSocket, head: Buffer | null): void {
    const options = { ...this.#options, isInputReused: true, jitter: this.#context.random() };
    const connection = new DownstreamConnection({ socket: adopted.socket, denial: null }, this, options);
    adopted.sink = connection;
    this.#start(connection, head);
  }

  /** Tells every peer to leave: now, or with its first request if that is still to come. Streams go on. */
  startDrain(): void {
    this.#isDraining = true;
    for (const connection of this.#connections) {
      connection.askToLeave();
    }
  }

  /** Ends every call with UNAVAILABLE and every connection with GOAWAY; both leave with this turn of the loop. Idempotent. */
  close(): void {
    this.#isDraining = true;
    this.relay.abandonAll();
    for (const connection of this.#connections) {
      connection.abort();
    }
  }

  onLocalError(error: Error): void {
    this.#context.observer.onError(error);
  }

  onAbuse(kind: AbuseKind): void {
    if (kind !== AbuseKind.NO_REQUEST) {
      this.#context.observer.onRefusal(TIMEOUTS.has(kind) ? 'timeout' : 'limit', `HTTP/2: ${kind}`);
    }
  }

  onConnectionError(error: ConnectionError): void {
    this.#context.observer.onRefusal('http2', error.message);
  }

  onGone(connection: DownstreamConnection): void {
    this.#connections.delete(connection);
  }

  #start(connection: DownstreamConnection, head: Buffer | null): void {
    this.#connections.add(connection);
    connection.start(head);
  }
}

function connectionOptions({ http2, idleTimeoutMs, givenLimits, slabs }: ListenerContext): Partial<ConnectionOptions> {
  return {
    limits: engineLimits(http2.limits ?? LOAD_BALANCER_LIMITS, givenLimits),
    slabs: slabs ?? new SlabPool(),
    idleTimeoutMs,
    ...(http2.keepalive === undefined ? {} : { keepalive: http2.keepalive }),
    maxAgeMs: http2.maxConnectionAgeMs ?? 0,
    graceMs: http2.maxConnectionAgeGraceMs ?? 0,
  };
}

/** What the listener is given for both versions holds for HTTP/2 too. */
function engineLimits(limits: Http2Limits, given: Partial<ListenerLimits>): Http2Limits {
  return {
    ...limits,
    maxHeaderListBytes: given.maxHeaderBytes ?? limits.maxHeaderListBytes,
    maxHeaderFields: given.maxHeaderFields ?? limits.maxHeaderFields,
    maxConcurrentStreams: given.maxConcurrentStreams ?? limits.maxConcurrentStreams,
    stallTimeoutMs: given.stallTimeoutMs ?? limits.stallTimeoutMs,
    settingsTimeoutMs: given.settingsTimeoutMs ?? limits.settingsTimeoutMs,
    firstRequestTimeoutMs: given.firstRequestTimeoutMs ?? limits.firstRequestTimeoutMs,
  };
}
