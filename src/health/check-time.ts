import type { Clock, Timer } from '../util/clock.ts';

/** The time of one check. It is over once: when the timeout has passed, or when the checker is closed. */
export class CheckTime {
  readonly #clock: Clock;
  readonly #endsAt: number;
  readonly #timer: Timer;
  #over = false;
  #onOver: (() => void) | null = null;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#endsAt = clock.now() + timeoutMs;
    this.#timer = clock.setTimer(timeoutMs, () => this.end());
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Milliseconds until it is over by itself, and 0 after that. */
  get leftMs(): number {
    return Math.max(0, this.#endsAt - this.#clock.now());
  }

  /** What to do when it is over, in place of what was to be done before; at once if it is over already. */
  whenOver(run: () => void): void {
    this.#onOver = run;
    if (this.#over) {
      run();
    }
  }

  /** It is over now. May be called again. */
  end(): void {
    if (!this.#over) {
      this.#over = true;
      this.#timer.cancel();
      this.#onOver?.();
    }
  }

  /** The check has ended before its time: nothing is done any more. */
  stop(): void {
    this.#timer.cancel();
    this.#onOver = null;
  }
}

/** The value, or null when the time is over before it is there. Takes the place of what was to be done when it is over. */
export function orOver<Value>(value: Promise<Value>, time: CheckTime): Promise<Value | null> {
  const { promise, resolve } = Promise.withResolvers<Value | null>();
  time.whenOver(() => resolve(null));
  void value.then(resolve);
  return promise;
}
