import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { WatchBackoff } from '../../../src/health/watch-backoff.ts';
import { seededRandom } from '../../support/seeded-random.ts';

describe('WatchBackoff', () => {
  it('doubles up to its maximum, and forgives what held', () => {
    const backoff = new WatchBackoff(1_000, () => 1);
    const delays = (held: readonly number[]): number[] => held.map((heldMs) => backoff.next(heldMs));
    assert.deepEqual(delays([0, 0, 999, 0, 0, 0]), [100, 200, 400, 800, 1_000, 1_000]);
    assert.deepEqual(delays([1_000, 1_000, 5, 1_000, 5]), [0, 0, 100, 0, 100]);
  });

  it('never exceeds its maximum, and is never less than half of what it would be', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_600_000 }), fc.integer(), fc.nat(200), (maxMs, seed, breaks) => {
        const backoff = new WatchBackoff(maxMs, seededRandom(seed));
        for (let index = 0; index <= breaks; index += 1) {
          const full = Math.min(maxMs, 100 * 2 ** index);
          const delay = backoff.next(0);
          assert.ok(delay >= full / 2 && delay <= maxMs, `${delay} of ${full}`);
        }
      }),
      { numRuns: 100 },
    );
  });
});
