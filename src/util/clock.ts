import { performance } from 'node:perf_hooks';
import { setTimeout as nodeSleep } from 'node:timers/promises';

/** A running timer. `cancel` may be called any number of times, also after it fired. */
export interface Timer {
  cancel(): void;
}

/** Time as an argument, so that tests can turn it by hand. All lengths are milliseconds. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start: for lengths and deadlines, never for display. */
  now(): number;
  /** Milliseconds since 1970: for display only, as it may jump. */
  wallNow(): number;
  /** Calls `run` once after `delayMs`. The caller owns the timer and cancels it when it closes. */
  setTimer(delayMs: number, run: () => void): Timer;
  /** Resolves after `delayMs`, or at once when `signal` aborts. It never rejects: callers look at their signal. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
}

/** The real time of this process. Its timers keep the process alive: their owners close them. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  async sleep(delayMs, signal) {
    try {
      await nodeSleep(delayMs, undefined, { signal });
    } catch {
      // Only an abort rejects here, and the interface promises to resolve then.
    }
  },
};
