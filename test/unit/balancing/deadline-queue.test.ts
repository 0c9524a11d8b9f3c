import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DeadlineQueue } from '../../../src/balancing/deadline-queue.ts';

/** Of deadlines for one turn, taken from the first or the second entry, however many there are. */
const MOST_READS = 12;

describe('a queue by deadlines', () => {
  it('has nothing due when it is empty', () => {
    const queue = new DeadlineQueue(new Float64Array(), new Float64Array(), 1);
    assert.equal(queue.deadlineOf(queue.first), Number.POSITIVE_INFINITY);
  });

  it('gives the only entry for the second one as well', () => {
    const queue = new DeadlineQueue(Float64Array.of(3), Float64Array.of(1), 1);
    assert.deepEqual([queue.first, queue.second], [0, 0]);
  });

  it('knows the two that are due first, as a sorted list does, whatever is postponed', () => {
    const step = fc.record({ entry: fc.nat({ max: 19 }), by: fc.integer({ min: 0, max: 50 }) });
    const deadlines = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 2, maxLength: 20 });
    // Days of the right length, and such that all is due on one day or each entry years after the other.
    const gap = fc.constantFrom(1e-7, 0.1, 10, 1e5);
    fc.assert(
      fc.property(deadlines, gap, fc.array(step, { maxLength: 60 }), (given, between, steps) => {
        const naive = [...given];
        const queue = new DeadlineQueue(Float64Array.from(given), new Float64Array(given.length).fill(1), between);
        for (const { entry, by } of steps) {
          const index = entry % given.length;
          queue.postpone(index, by);
          naive[index] = (naive[index] ?? 0) + by;
          const [first, second] = naive.toSorted((one, other) => one - other);
          assert.deepEqual([naive[queue.first], naive[queue.second]], [first, second]);
          assert.notEqual(queue.first, queue.second);
          assert.equal(queue.deadlineOf(index), naive[index]);
        }
      }),
      { seed: 4, numRuns: 1000 },
    );
  });

  it('takes each in turn by its interval, to the turn, when days are much too short or long and intervals differ a millionfold', () => {
    const intervals = [1, 2, 4, 8, 1_000_000, 500_000];
    for (const gap of [1e-9, 1, 1e9]) {
      const queue = new DeadlineQueue(Float64Array.from(intervals), Float64Array.from(intervals), gap);
      const counts = intervals.map(() => 0);
      // Until the rarest has had one turn all of the others have had theirs: 1 000 000 units of time, the ends included.
      while (queue.deadlineOf(queue.first) < 1_000_000) {
        const entry = queue.first;
        counts[entry] = (counts[entry] ?? 0) + 1;
        queue.postpone(entry, 1);
      }
      assert.deepEqual(counts, [999_999, 499_999, 249_999, 124_999, 0, 1]);
    }
  });

  for (const size of [10, 100, 1000, 10_000]) {
    it(`looks at a few deadlines for each turn, of ${size} entries`, () => {
      const intervals = Float64Array.from({ length: size }, (_, index) => 60 / (1 + (index % 5)));
      const gap = 1 / intervals.reduce((sum, interval) => sum + 1 / interval, 0);
      const { deadlines, reads } = countReads(intervals.map((interval, index) => interval * ((index * 0.618) % 1) + interval));
      const queue = new DeadlineQueue(deadlines, intervals, gap);
      const takeTurns = (turns: number): void => {
        for (let turn = 0; turn < turns; turn++) {
          queue.postpone(turn % 2 === 0 ? queue.first : queue.second, 1);
        }
      };
      takeTurns(2 * size);
      const before = reads();
      takeTurns(3 * size);
      const each = (reads() - before) / (3 * size);
      assert.ok(each <= MOST_READS, `${each} for each turn`);
    });
  }
});

/** Deadlines, and how many times one of them was read. */
function countReads(values: Float64Array): { deadlines: Float64Array; reads: () => number } {
  let reads = 0;
  const deadlines = new Proxy(values, {
    get(target, key) {
      reads += typeof key === 'string' && /^\d+$/.test(key) ? 1 : 0;
      return Reflect.get(target, key, target);
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
  return { deadlines, reads: () => reads };
}
