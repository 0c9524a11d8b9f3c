import { ConnectionError, ErrorCode } from '../errors.ts';
import type { ConnectionContext } from './context.ts';
import { PingPurpose, type Pings } from './pings.ts';
import type { StreamRegistry } from './stream-registry.ts';

/**
 * While the peer sends neither HEADERS nor DATA, a client pings no more often than gRPC servers allow by default (gRPC A8): they count
 * strikes and end the connection. Milliseconds.
 */
const QUIET_PING_INTERVAL_MS = 300_000;

/** The same while no stream is open. */
const STREAMLESS_PING_INTERVAL_MS = 7_200_000;

/** Keepalive: finds out whether a silent peer is still there (RFC 9113, section 6.7; gRPC A8). */
export class Liveness {
  #lastHeardAt = 0;
  #lastPingAt = Number.NEGATIVE_INFINITY;
  #isWaiting = false;
  #hasHeardMessages = true;
  readonly #context: ConnectionContext;
  readonly #streams: StreamRegistry;
  readonly #pings: Pings;

  constructor(context: ConnectionContext, streams: StreamRegistry, pings: Pings) {
    this.#context = context;
    this.#streams = streams;
    this.#pings = pings;
  }

  /** Octets came; any of them prove that the peer lives. */
  onOctets(): void {
    this.#lastHeardAt = this.#context.now;
    this.#isWaiting = false;
  }

  /** HEADERS or DATA came. */
  onMessage(): void {
    this.#hasHeardMessages = true;
  }

  /** Pings when it is time, and gives up when the last ping was in vain. */
  sweep(): void {
    const { keepalive } = this.#context.options;
    const { now } = this.#context;
    if (keepalive.timeMs === 0) {
      return;
    }
    if (this.#isWaiting) {
      if (now - this.#lastPingAt >= keepalive.timeoutMs) {
        throw new ConnectionError(ErrorCode.NO_ERROR, 'keepalive_timeout');
      }
      return;
    }
    const hasStreams = this.#streams.live > 0;
    const intervalMs = hasStreams ? QUIET_PING_INTERVAL_MS : STREAMLESS_PING_INTERVAL_MS;
    const isTooSoon = !this.#context.isServer && !this.#hasHeardMessages && now - this.#lastPingAt < intervalMs;
    if ((hasStreams || keepalive.permitWithoutStreams) && !isTooSoon && now - this.#lastHeardAt >= keepalive.timeMs) {
      this.#lastPingAt = now;
      this.#isWaiting = true;
      this.#hasHeardMessages = false;
      this.#pings.send(PingPurpose.KEEPALIVE);
    }
  }
}
