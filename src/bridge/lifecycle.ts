import type { Clock, Timer } from '../util/clock.ts';

/**
 * Where the process stands. `started` and `draining` only ever turn true; `maintenance` is turned on and off by an operator.
 *
 *   starting ──every required cluster is known, or startupTimeout──► started
 *   any ──first stop signal, or POST /drain──► draining
 */
export class BridgeLifecycle {
  readonly #clock: Clock;
  /** One per part of the bridge that pushes what it answers, so a handful. */
  readonly #listeners = new Set<() => void>();
  #startupTimer: Timer | null = null;
  #started = false;
  #draining = false;
  #maintenance = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get started(): boolean {
    return this.#started;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Whether an operator makes readiness, the aggregate and gRPC's "" fail. Envoy: `POST /healthcheck/fail`. */
  get maintenance(): boolean {
    return this.#maintenance;
  }

  /** Calls `listener` after every change of a word. Returns what removes it again. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Counts as started after this long, whatever is known by then. Milliseconds. */
  limitStartup(timeoutMs: number): void {
    this.#startupTimer = this.#clock.setTimer(timeoutMs, () => this.markStarted());
  }

  markStarted(): void {
    this.#startupTimer?.cancel();
    if (!this.#started) {
      this.#started = true;
      this.#tell();
    }
  }

  markDraining(): void {
    if (!this.#draining) {
      this.#draining = true;
      this.#tell();
    }
  }

  /** Returns whether that changed anything. */
  setMaintenance(maintenance: boolean): boolean {
    if (this.#maintenance === maintenance) {
      return false;
    }
    this.#maintenance = maintenance;
    this.#tell();
    return true;
  }

  /** May be called again. */
  close(): void {
    this.#startupTimer?.cancel();
    this.#listeners.clear();
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
