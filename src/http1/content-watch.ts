import { LocalReason } from '../proxy/local-reason.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { RequestBody } from './request-body.ts';

export interface ContentWatchOptions {
  readonly clock: Clock;
  /** How long nothing may move. Milliseconds, above 0. */
  readonly timeoutMs: number;
  readonly body: RequestBody;
  /** Nothing has moved: the last word. Whoever keeps octets waiting is at fault. */
  readonly onStall: (reason: LocalReason) => void;
}

/**
 * Looks after the content of one request while an endpoint takes it. A slow upload may take any time; one that stands still, with no answer
 * running either, holds a connection to an endpoint for nothing. Its owner closes it. Envoy: `stream_idle_timeout`.
 */
export class ContentWatch {
  readonly #options: ContentWatchOptions;
  #lastMs: number;
  #timer: Timer | null;

  /** Begins. */
  constructor(options: ContentWatchOptions) {
    const { clock, timeoutMs } = options;
    this.#options = options;
    this.#lastMs = clock.now();
    this.#timer = clock.setTimer(timeoutMs, () => this.#look());
  }

  /** Octets have come, or have been taken, of the request or of its answer. */
  onProgress(): void {
    this.#lastMs = this.#options.clock.now();
  }

  /** May be called again. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** One timer for as long as it takes: setting it anew with every octet would cost more than looking again. */
  #look(): void {
    const { clock, timeoutMs, body, onStall } = this.#options;
    const leftMs = this.#lastMs + timeoutMs - clock.now();
    this.#timer = null;
    if (leftMs > 0) {
      this.#timer = clock.setTimer(leftMs, () => this.#look());
    } else if (body.waitingOctets > 0) {
      onStall(LocalReason.UPSTREAM_PROTOCOL);
    } else if (!body.isFinished) {
      onStall(LocalReason.REQUEST_TIMEOUT);
    }
  }
}
