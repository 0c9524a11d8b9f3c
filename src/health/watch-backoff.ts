import type { Random } from '../util/random.ts';

/** The pause before the second attempt in a row; each one after it doubles. Milliseconds. */
const BASE_MS = 100;

/** How long to wait before a Watch is opened anew that keeps breaking: not at all for one that held. */
export class WatchBackoff {
  readonly #maxMs: number;
  readonly #random: Random;
  #breaks = 0;

  /** @param maxMs the longest pause, and how long a Watch must have held to be forgiven. Milliseconds. */
  constructor(maxMs: number, random: Random) {
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** The pause after a Watch broke that held for `heldMs`: jittered between its half and all of it. Milliseconds. */
  next(heldMs: number): number {
    this.#breaks = heldMs >= this.#maxMs ? 0 : this.#breaks + 1;
    if (this.#breaks === 0) {
      return 0;
    }
    // The exponent is bounded so that the power stays a number.
    const fullMs = Math.min(this.#maxMs, BASE_MS * 2 ** Math.min(this.#breaks - 1, 30));
    return (fullMs / 2) * (1 + this.#random());
  }
}
