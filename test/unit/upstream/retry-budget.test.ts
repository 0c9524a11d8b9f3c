import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RetryBudget, type RetryShare } from '../../../src/upstream/retry-budget.ts';
import { poolLimits } from '../../support/pool-limits.ts';

function mostOf(
  share: RetryShare | null,
  calls: { readonly requests?: number; readonly waiting?: number } = {},
  maxRetries = 3,
): number {
  const breakers = { limits: poolLimits({ maxRetries }), requests: calls.requests ?? 0 };
  const budget = new RetryBudget({ breakers, waiting: { size: calls.waiting ?? 0 } });
  while (budget.take(share)) {
    assert.ok(budget.active < 1000);
  }
  return budget.active;
}

describe('what may be repeated at once', () => {
  it('is maxRetries, whatever is under way', () => {
    assert.deepEqual([mostOf(null), mostOf(null, { requests: 500 }), mostOf(null, {}, 0), mostOf(null, {}, 7)], [3, 3, 0, 7]);
  });

  it('is a share of the calls under way and waiting where there is one, and the least of it in any case', () => {
    const share = { percent: 20, min: 3 };
    assert.deepEqual(
      [
        mostOf(share),
        mostOf(share, { requests: 15 }),
        mostOf(share, { requests: 24 }),
        mostOf(share, { requests: 30, waiting: 20 }),
      ],
      [3, 3, 4, 10],
    );
    assert.equal(mostOf({ percent: 0, min: 0 }, { requests: 100 }), 0);
    assert.equal(mostOf({ percent: 100, min: 0 }, { requests: 100 }, 0), 100);
  });

  it('is free again when one is over', () => {
    const budget = new RetryBudget({ breakers: { limits: poolLimits({ maxRetries: 1 }), requests: 0 }, waiting: { size: 0 } });
    assert.deepEqual([budget.take(null), budget.take(null)], [true, false]);
    budget.give();
    assert.deepEqual([budget.active, budget.take(null)], [0, true]);
  });
});
