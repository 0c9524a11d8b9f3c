import type { Clock, Timer } from '../util/clock.ts';

/**
 * Where the process stands. Both words only ever turn true:
 *
 *   starting ──every required cluster is known, or startupTimeout──► started
 *   any ──first stop signal──► draining
 */
export class BridgeLifecycle {
  readonly #clock: Clock;
  #startupTimer: Timer | null = null;
  #started = false;
  #draining = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get started(): boolean {
    return this.#started;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Counts as started after this long, whatever is known by then. Milliseconds. */
  limitStartup(timeoutMs: number): void {
    this.#startupTimer = this.#clock.setTimer(timeoutMs, () => this.markStarted());
  }

  markStarted(): void {
    this.#started = true;
    this.#startupTimer?.cancel();
  }

  markDraining(): void {
    this.#draining = true;
  }

  /** May be called again. */
  close(): void {
    this.#startupTimer?.cancel();
  }
}
