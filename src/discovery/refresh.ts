import type { Random } from '../util/random.ts';

/** The shortest pause, whatever the TTL; and the first one after a failure or an empty answer. Milliseconds. */
const MIN_PAUSE_MS = 1000;
/** By how much of itself a pause may be shortened, so that many bridges do not ask at the same moments. */
const JITTER = 0.1;
/** So many empty answers in a row are believed: DNS servers that have just started give some. */
const EMPTY_ANSWERS = 2;
/** Keeps the doubling of pauses within whole numbers; the refresh interval ends it long before. */
const MAX_DOUBLINGS = 20;

/** When one name is looked up again, and when its absence is believed. */
export class Refresh {
  readonly #intervalMs: number;
  readonly #random: Random;
  /** In a row. */
  #empty = 0;
  #failures = 0;

  /** @param intervalMs the longest pause. Milliseconds, 1 000 or more. */
  constructor(intervalMs: number, random: Random) {
    this.#intervalMs = intervalMs;
    this.#random = random;
  }

  /** Takes note of how a look-up ended. */
  count(kind: 'records' | 'empty' | 'failed'): void {
    this.#empty = kind === 'empty' ? this.#empty + 1 : 0;
    this.#failures = kind === 'failed' ? this.#failures + 1 : 0;
  }

  /** Whether the empty answers so far say that there is nothing. */
  get believesEmpty(): boolean {
    return this.#empty >= EMPTY_ANSWERS;
  }

  /** The pause before the next look-up. @param ttlMs how long the records hold, where there are records and they say so. */
  pauseMs(ttlMs: number): number {
    const inARow = this.#empty + this.#failures;
    const wantedMs = inARow === 0 ? ttlMs : MIN_PAUSE_MS * 2 ** Math.min(inARow - 1, MAX_DOUBLINGS);
    const pauseMs = Math.max(MIN_PAUSE_MS, Math.min(wantedMs, this.#intervalMs));
    return Math.max(MIN_PAUSE_MS, pauseMs * (1 - JITTER * this.#random()));
  }
}
