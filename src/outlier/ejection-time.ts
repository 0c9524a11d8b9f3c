/** How long ejections of one endpoint last: longer with each, and shorter again while there is none. Times are Clock.now(). */
export class EjectionTime {
  readonly #baseMs: number;
  readonly #maxMs: number;
  #multiplier = 0;
  #ejectedAtMs = 0;
  /** When the last ejection ended; null before the first has. */
  #returnedAtMs: number | null = null;

  constructor({
    baseEjectionTimeMs,
    maxEjectionTimeMs,
  }: { readonly baseEjectionTimeMs: number; readonly maxEjectionTimeMs: number }) {
    this.#baseMs = baseEjectionTimeMs;
    this.#maxMs = maxEjectionTimeMs;
  }

  /** How long the ejection under way lasts. Milliseconds. */
  get lengthMs(): number {
    return Math.min(this.#baseMs * this.#multiplier, this.#maxMs);
  }

  eject(nowMs: number): void {
    this.#ejectedAtMs = nowMs;
    // Beyond the maximum the multiplier would only make the way back longer.
    if (this.#multiplier * this.#baseMs < this.#maxMs + this.#baseMs) {
      this.#multiplier++;
    }
  }

  /** Whether the ejection under way has lasted long enough. */
  isOver(nowMs: number): boolean {
    return nowMs - this.#ejectedAtMs >= this.lengthMs;
  }

  return(nowMs: number): void {
    this.#returnedAtMs = nowMs;
  }

  /** A sweep has found the endpoint not ejected: each counts that comes a whole interval after the return. */
  decay(nowMs: number, intervalMs: number): void {
    if (this.#multiplier > 0 && this.#returnedAtMs !== null && nowMs - this.#returnedAtMs >= intervalMs) {
      this.#multiplier--;
    }
  }
}
