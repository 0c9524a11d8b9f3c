import type { Clock, Timer } from '../util/clock.ts';

/** How many requests a listener has in flight, over all its connections. */
export class RequestCounter {
  #count = 0;
  readonly #waiting = new Set<() => void>();

  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) {
      for (const resolve of this.#waiting) {
        resolve();
      }
    }
  }

  /** Resolves when no request is in flight, or when the signal aborts. Never rejects. */
  untilIdle(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.#count === 0 || signal.aborted) {
        resolve();
        return;
      }
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }
}

export interface ConnectionActivityOptions {
  readonly counter: RequestCounter;
  readonly clock: Clock;
  /** How long the connection may have no request in flight. Milliseconds. */
  readonly idleTimeoutMs: number;
  /** The same before the first request. Milliseconds. */
  readonly firstRequestTimeoutMs: number;
  readonly onIdle: () => void;
}

/** The requests of one connection and the timer that runs while there are none. Its owner closes it with the connection. */
export class ConnectionActivity {
  readonly #options: ConnectionActivityOptions;
  #inFlight = 0;
  #closed = false;
  #timer: Timer | null;

  constructor(options: ConnectionActivityOptions) {
    this.#options = options;
    const first = Math.min(options.firstRequestTimeoutMs, options.idleTimeoutMs);
    this.#timer = options.clock.setTimer(first, options.onIdle);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Does nothing once closed: there is nobody left to answer. */
  begin(): void {
    if (this.#closed) {
      return;
    }
    this.#timer?.cancel();
    this.#timer = null;
    this.#inFlight += 1;
    this.#options.counter.begin();
  }

  /** Does nothing once closed: then the requests have been counted off. */
  end(): void {
    if (this.#inFlight === 0) {
      return;
    }
    this.#inFlight -= 1;
    this.#options.counter.end();
    if (this.#inFlight === 0) {
      this.#timer = this.#options.clock.setTimer(this.#options.idleTimeoutMs, this.#options.onIdle);
    }
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    for (; this.#inFlight > 0; this.#inFlight -= 1) {
      this.#options.counter.end();
    }
    this.#timer?.cancel();
    this.#timer = null;
  }
}
