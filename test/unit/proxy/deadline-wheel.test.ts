import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type DeadlineEntry, DeadlineWheel } from '../../../src/proxy/deadline-wheel.ts';
import { Turn } from '../../../src/transport/turn.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { fuzzRuns } from '../../support/fuzz-runs.ts';

/** Two ticks of 25 ms. */
const LATE_MS = 50;

class Entry implements DeadlineEntry {
  deadlineAtMs = 0;
  nextDeadline: DeadlineEntry | null = null;
  previousDeadline: DeadlineEntry | null = null;
  hasDeadline = false;
  toldAtMs: number[] = [];
  onTold: () => void = () => undefined;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  onDeadline(): void {
    this.toldAtMs.push(this.#clock.now());
    this.onTold();
  }
}

function start(): { clock: FakeClock; wheel: DeadlineWheel; entry: () => Entry } {
  const clock = new FakeClock();
  return { clock, wheel: new DeadlineWheel(new Turn(clock)), entry: () => new Entry(clock) };
}

describe('a deadline wheel', () => {
  for (const afterMs of [0, 1, 24, 25, 26, 999, 25_599, 25_600, 25_601, 100_000]) {
    it(`tells an entry once, after ${afterMs} ms and at most two ticks later`, async () => {
      const { clock, wheel, entry } = start();
      await clock.advance(7);
      const one = entry();
      wheel.add(one, clock.now() + afterMs);
      await clock.advance(afterMs - 1);
      assert.deepEqual(one.toldAtMs, []);
      await clock.advance(1 + LATE_MS);
      assert.equal(one.toldAtMs.length, 1);
      await clock.advance(60_000);
      assert.equal(one.toldAtMs.length, 1);
      assert.deepEqual([wheel.size, clock.pendingTimers], [0, 0]);
    });
  }

  it('tells one whose time has passed with the next ticks', async () => {
    const { clock, wheel, entry } = start();
    await clock.advance(100_000);
    const [keeper, late] = [entry(), entry()];
    wheel.add(keeper, clock.now() + 10_000);
    await clock.advance(1000);
    wheel.add(late, 5);
    await clock.advance(LATE_MS + 25);
    assert.equal(late.toldAtMs.length, 1);
    wheel.remove(keeper);
  });

  it('runs no timer without entries, and removes only what it holds', async () => {
    const { clock, wheel, entry } = start();
    const one = entry();
    wheel.remove(one);
    assert.equal(clock.pendingTimers, 0);
    wheel.add(one, 1000);
    assert.deepEqual([wheel.size, clock.pendingTimers, one.hasDeadline], [1, 1, true]);
    wheel.remove(one);
    wheel.remove(one);
    assert.deepEqual([wheel.size, clock.pendingTimers, one.hasDeadline], [0, 0, false]);
    await clock.advance(2000);
    assert.deepEqual(one.toldAtMs, []);
  });

  it('lets an entry that is told be added again, and remove others', async () => {
    const { clock, wheel, entry } = start();
    const [one, other] = [entry(), entry()];
    one.onTold = () => {
      wheel.remove(other);
      if (one.toldAtMs.length < 3) {
        wheel.add(one, clock.now() + 100);
      }
    };
    wheel.add(one, 100);
    wheel.add(other, 200);
    await clock.advance(2000);
    assert.deepEqual([one.toldAtMs.length, other.toldAtMs.length, wheel.size], [3, 0, 0]);
  });

  it('tells everything after a pause of the process longer than a round', () => {
    const { clock, wheel, entry } = start();
    const entries = Array.from({ length: 50 }, (_, index) => {
      const one = entry();
      wheel.add(one, index * 1000);
      return one;
    });
    wheel.tick(100_000);
    assert.ok(entries.every(({ toldAtMs }) => toldAtMs.length === 1));
    assert.deepEqual([wheel.size, clock.pendingTimers], [0, 0]);
  });

  it('agrees with a list of deadlines', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), afterMs: fc.integer({ min: 0, max: 60_000 }) }),
      fc.record({ kind: fc.constant('remove' as const), index: fc.nat(30) }),
      fc.record({ kind: fc.constant('tick' as const), byMs: fc.integer({ min: 1, max: 30_000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, wheel, entry } = start();
        let now = 0;
        const live: { readonly entry: Entry; readonly at: number }[] = [];
        for (const one of steps) {
          if (one.kind === 'add') {
            const made = entry();
            wheel.add(made, now + one.afterMs);
            live.push({ entry: made, at: now + one.afterMs });
          } else if (one.kind === 'remove') {
            const [gone] = live.splice(one.index % Math.max(1, live.length), 1);
            if (gone !== undefined) {
              wheel.remove(gone.entry);
            }
          } else {
            now += one.byMs;
            await clock.advance(one.byMs);
            for (const { entry: seen, at } of live.splice(0)) {
              const isTold = seen.toldAtMs.length === 1;
              assert.ok(isTold ? at <= now : at + LATE_MS + 25 > now, `due at ${at}, now ${now}, told ${isTold}`);
              if (!isTold) {
                live.push({ entry: seen, at });
              }
            }
          }
          assert.equal(wheel.size, live.length);
        }
        for (const { entry: left } of live) {
          wheel.remove(left);
        }
        assert.equal(clock.pendingTimers, 0);
      }),
      fuzzRuns(25),
    );
  });
});
