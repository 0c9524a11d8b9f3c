/** So many ends that are over are cut off at once, so that holds without a pause keep no growing list. */
const CUT_ENDS = 256;

/** More than any concurrency limit in use: holding further places would change nothing. */
const MAX_HELD = 4096;

/**
 * Places that reset streams still take in a concurrency limit. RST_STREAM is not acknowledged, and what it cancels takes a while to stop, so
 * a stream that is opened and reset in a loop must not get a new place each time (CVE-2023-44487).
 */
export class HoldDown {
  readonly #holdMs: number;
  /** Ends of the holds, rising; those before #first are over. */
  readonly #ends: number[] = [];
  #first = 0;

  constructor(holdMs: number) {
    this.#holdMs = holdMs;
  }

  /** Places that are still held at `now`. */
  count(now: number): number {
    if (this.#ends.length === 0) {
      // Setting the length of an array costs more than all the rest.
      return 0;
    }
    while (this.#first < this.#ends.length && (this.#ends[this.#first] ?? 0) <= now) {
      this.#first++;
    }
    if (this.#first === this.#ends.length) {
      this.#ends.length = 0;
      this.#first = 0;
    } else if (this.#first >= CUT_ENDS) {
      this.#ends.splice(0, this.#first);
      this.#first = 0;
    }
    return this.#ends.length - this.#first;
  }

  /** Holds one place from `now` on. */
  add(now: number): void {
    if (this.#holdMs > 0 && this.count(now) < MAX_HELD) {
      this.#ends.push(now + this.#holdMs);
    }
  }
}
