import type { Rate } from '../limits.ts';

/** A Rate in use: full at first. Time comes from the caller, so a clock that stands still refills nothing. */
export class TokenBucket {
  #tokens: number;
  #filledAt = 0;
  readonly #rate: Rate;

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#tokens = rate.burst;
  }

  /** Takes `tokens` and returns whether they were there; a bucket that lacks them keeps what it has. */
  take(tokens: number, now: number): boolean {
    const filled = this.#tokens + ((now - this.#filledAt) * this.#rate.perSecond) / 1000;
    this.#tokens = Math.min(this.#rate.burst, filled);
    this.#filledAt = now;
    if (this.#tokens < tokens) {
      return false;
    }
    this.#tokens -= tokens;
    return true;
  }

  /** Fills it at once. */
  refill(): void {
    this.#tokens = this.#rate.burst;
  }
}
