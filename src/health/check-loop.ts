import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { HealthCheckTiming } from './options.ts';

/**
 * Which pause follows a check: the one after a result that passed, the one after a pass that nobody's traffic waits for, or the
 * one after a failure.
 */
export type Pause = 'interval' | 'noTraffic' | 'unhealthy';

export type CheckLoopOptions = Pick<
  HealthCheckTiming,
  'intervalMs' | 'intervalJitterMs' | 'noTrafficIntervalMs' | 'unhealthyIntervalMs'
>;

export interface CheckLoopDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/** Runs one check after the other, never two at once, with a pause that the last result chooses. */
export class CheckLoop {
  readonly #check: () => Promise<Pause>;
  readonly #options: CheckLoopOptions;
  readonly #deps: CheckLoopDeps;
  readonly #closing = new AbortController();
  #pause = new AbortController();
  #wanted = false;

  /** @param check resolves to the pause that follows; never rejects. */
  constructor(check: () => Promise<Pause>, options: CheckLoopOptions, deps: CheckLoopDeps) {
    this.#check = check;
    this.#options = options;
    this.#deps = deps;
  }

  /** Checks for the first time after `firstDelayMs`. Resolves once the loop has ended after `close`. */
  async run(firstDelayMs: number): Promise<void> {
    await this.#sleep(firstDelayMs);
    while (!this.#closing.signal.aborted) {
      this.#wanted = false;
      const pause = await this.#check();
      await this.#sleep(this.#pauseMs(pause));
    }
  }

  /** Ends the pause now; during a check, the pause that would follow it. */
  checkNow(): void {
    this.#wanted = true;
    this.#pause.abort();
  }

  close(): void {
    this.#closing.abort();
    this.#pause.abort();
  }

  #pauseMs(pause: Pause): number {
    return baseMs(pause, this.#options) + this.#deps.random() * this.#options.intervalJitterMs;
  }

  async #sleep(delayMs: number): Promise<void> {
    if (this.#wanted || this.#closing.signal.aborted) {
      return;
    }
    this.#pause = new AbortController();
    await this.#deps.clock.sleep(delayMs, this.#pause.signal);
  }
}

function baseMs(pause: Pause, options: CheckLoopOptions): number {
  switch (pause) {
    case 'interval':
      return options.intervalMs;
    case 'noTraffic':
      return options.noTrafficIntervalMs ?? options.intervalMs;
    case 'unhealthy':
      return options.unhealthyIntervalMs;
  }
}
