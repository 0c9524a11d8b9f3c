import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backoffMs, namesStatus, type RetryPolicy, toStatusBits } from '../../../src/proxy/retry-policy.ts';

function policyOf(codes: readonly number[]): RetryPolicy {
  const backoff = { baseMs: 25, maxMs: 250 };
  return { statuses: toStatusBits(codes), maxAttempts: 5, perTryTimeoutMs: 0, backoff, budget: null };
}

function pauses(chance: number): number[] {
  return [1, 2, 3, 4, 5, 6].map((repetition) => backoffMs(policyOf([14]), repetition, chance));
}

describe('a retry policy', () => {
  it('names its codes and no others', () => {
    const codes = Array.from({ length: 64 }, (_, code) => code);
    assert.deepEqual(
      codes.filter((code) => namesStatus(policyOf([1, 8, 14, 16]), code)),
      [1, 8, 14, 16],
    );
    assert.equal(namesStatus(policyOf([1]), -1), false);
    assert.equal(namesStatus(policyOf([0]), 0), false, 'OK is no failure');
  });

  it('has pauses that double up to the longest, any part of which may come', () => {
    assert.deepEqual(pauses(1), [25, 50, 100, 200, 250, 250]);
    assert.deepEqual(pauses(0.5), [12.5, 25, 50, 100, 125, 125]);
    assert.deepEqual(pauses(0), [0, 0, 0, 0, 0, 0]);
  });
});
