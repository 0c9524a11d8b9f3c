import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

/** Pause between two looks at a process that cannot tell us when to look. */
const PAUSE_MS = 20;

export interface EventuallyOptions {
  /** Default 5 000. */
  readonly deadlineMs?: number;
}

/** Looks until what it sees is accepted, and returns it; what it saw last is in the error. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  accept: (seen: T) => boolean,
  options: EventuallyOptions = {},
): Promise<T> {
  const deadlineMs = options.deadlineMs ?? 5_000;
  const end = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (accept(seen)) {
      return seen;
    }
    if (performance.now() > end) {
      assert.fail(`${what}: not within ${deadlineMs} ms; last seen: ${inspect(seen, { depth: 5 })}`);
    }
    await sleep(PAUSE_MS);
  }
}
