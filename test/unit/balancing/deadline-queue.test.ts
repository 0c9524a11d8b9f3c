import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DeadlineQueue } from '../../../src/balancing/deadline-queue.ts';

describe('a queue by deadlines', () => {
  it('has nothing due when it is empty', () => {
    const queue = new DeadlineQueue(new Float64Array());
    assert.equal(queue.deadlineOf(queue.first), Number.POSITIVE_INFINITY);
  });

  it('gives the only entry for the second one as well', () => {
    const queue = new DeadlineQueue(Float64Array.of(3));
    assert.deepEqual([queue.first, queue.second], [0, 0]);
  });

  it('knows the two that are due first, as a sorted list does, whatever is postponed', () => {
    const step = fc.record({ entry: fc.nat({ max: 19 }), by: fc.integer({ min: 0, max: 50 }) });
    const deadlines = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(deadlines, fc.array(step, { maxLength: 60 }), (given, steps) => {
        const naive = [...given];
        const queue = new DeadlineQueue(Float64Array.from(given));
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
      { seed: 4, numRuns: 300 },
    );
  });
});
