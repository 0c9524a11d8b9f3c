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

/** How far apart the moments are at which jittered checks begin: waking up for each alone costs as much as checking, and a longer row of them would hold up calls. Milliseconds. */
export const START_GRID_MS = 50;

export interface CheckLoopDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/** Runs one check after the other, never two at once, with a pause that the last result chooses. */
export class CheckLoop {
  readonly #check: () => Promise<Pause>;
  readonly #options: CheckLoopOptions;
  readonly #deps: CheckLoopDeps;
  #closed = false;
  #wanted = false;
  /** Ends the pause that is on. */
  #endPause: (() => void) | null = null;

  /** @param check resolves to the pause that follows; never rejects. */
  constructor(check: () => Promise<Pause>, options: CheckLoopOptions, deps: CheckLoopDeps) {
    this.#check = check;
    this.#options = options;
    this.#deps = deps;
  }

  /** Checks for the first time after `firstDelayMs`. Resolves once the loop has ended after `close`. */
  async run(firstDelayMs: number): Promise<void> {
    await this.#sleep(firstDelayMs);
    while (!this.#closed) {
      this.#wanted = false;
      const pause = await this.#check();
      await this.#sleep(this.#pauseMs(pause));
    }
  }

  /** Ends the pause now; during a check, the pause that would follow it. */
  checkNow(): void {
    this.#wanted = true;
    this.#endPause?.();
  }

  close(): void {
    this.#closed = true;
    this.#endPause?.();
  }

  /** The jitter is cut so that checks begin together on a grid, many in one turn of the event loop; the base never is. */
  #pauseMs(pause: Pause): number {
    const { clock, random } = this.#deps;
    const now = clock.now();
    const earliest = now + baseMs(pause, this.#options);
    const jittered = earliest + random() * this.#options.intervalJitterMs;
    return Math.max(earliest, jittered - (jittered % START_GRID_MS)) - now;
  }

  #sleep(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#wanted || this.#closed) {
      resolve();
      return promise;
    }
    const end = (): void => {
      timer.cancel();
      this.#endPause = null;
      resolve();
    };
    const timer = this.#deps.clock.setTimer(delayMs, end);
    this.#endPause = end;
    return promise;
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
