import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isEnough } from '../../../src/aggregation/healthy-when.ts';
import type { HealthyWhen } from '../../../src/aggregation/verdict.ts';

type Row = readonly [healthyWhen: HealthyWhen, available: number, total: number, enough: boolean];

const ROWS: readonly Row[] = [
  ['any', 0, 0, false],
  ['any', 0, 3, false],
  ['any', 1, 3, true],
  ['all', 0, 0, false],
  ['all', 2, 3, false],
  ['all', 3, 3, true],
  [{ count: 2 }, 1, 9, false],
  [{ count: 2 }, 2, 9, true],
  [{ count: 2 }, 1, 1, false],
  [{ percent: 1 }, 0, 1, false],
  [{ percent: 1 }, 1, 100, true],
  [{ percent: 1 }, 1, 101, false],
  [{ percent: 33 }, 1, 3, true],
  [{ percent: 34 }, 1, 3, false],
  [{ percent: 29 }, 29, 100, true],
  [{ percent: 50 }, 1, 2, true],
  [{ percent: 50 }, 1, 3, false],
  [{ percent: 100 }, 2, 3, false],
  [{ percent: 100 }, 3, 3, true],
];

/** Any rule that a configuration may have. */
const ANY_RULE: fc.Arbitrary<HealthyWhen> = fc.oneof(
  fc.constantFrom<HealthyWhen>('any', 'all'),
  fc.integer({ min: 1, max: 100 }).map((percent) => ({ percent })),
  fc.integer({ min: 1, max: 20 }).map((count) => ({ count })),
);

describe('isEnough', () => {
  for (const [healthyWhen, available, total, enough] of ROWS) {
    it(`says ${enough} to ${available} of ${total} for ${JSON.stringify(healthyWhen)}`, () => {
      assert.equal(isEnough(healthyWhen, available, total), enough);
    });
  }

  it('never turns false by one more that is available', () => {
    fc.assert(
      fc.property(ANY_RULE, fc.nat(20), fc.nat(20), (healthyWhen, available, others) => {
        const total = available + others + 1;
        assert.ok(!isEnough(healthyWhen, available, total) || isEnough(healthyWhen, available + 1, total));
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });
});
