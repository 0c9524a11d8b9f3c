import type { Clock, Timer } from '../../src/util/clock.ts';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Time that moves only when a test says so. Starts at 0 monotonic and 1 700 000 000 000 on the wall. */
export class FakeClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  /** Timers that neither fired nor were cancelled: a closed part must leave none. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return 1_700_000_000_000 + this.#now;
  }

  setTimer(delayMs: number, run: () => void): Timer {
    const entry: Pending = { at: this.#now + Math.max(0, delayMs), order: this.#order++, run };
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.setTimer(delayMs, end);
      signal.addEventListener('abort', end);
    });
  }

  /** Moves time on, firing every timer that comes due on the way, in order; promises settle between two timers. */
  async advance(byMs: number): Promise<void> {
    const until = this.#now + byMs;
    await settle();
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#now = Math.max(this.#now, next.at);
      this.#pending.delete(next);
      next.run();
      await settle();
    }
    this.#now = until;
    await settle();
  }

  #next(until: number): Pending | undefined {
    let first: Pending | undefined;
    for (const entry of this.#pending) {
      const earlier = first === undefined || entry.at < first.at || (entry.at === first.at && entry.order < first.order);
      if (entry.at <= until && earlier) {
        first = entry;
      }
    }
    return first;
  }
}

/** Lets promise chains of a reasonable length run to their next wait. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
