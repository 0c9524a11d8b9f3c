import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { RetryConfig } from '../../../src/config/sections/retry.ts';
import { baseConfig, type Raw } from './support/base-config.ts';

function retryOf(retry: Raw): RetryConfig | null | undefined {
  return resolveConfig(baseConfig({ routes: [{ name: 'all', cluster: 'app', retry }] })).routes[0]?.retry;
}

describe('retry of a route', () => {
  it('is off unless statuses are named', () => {
    assert.equal(retryOf({}), null);
  });

  it('is what is said, and Envoy has for the rest', () => {
    assert.deepEqual(retryOf({ retryOn: ['cancelled', 'unavailable', 'unauthenticated'], maxAttempts: 2 }), {
      codes: [1, 14, 16],
      maxAttempts: 2,
      perTryTimeoutMs: 0,
      backoff: { baseMs: 25, maxMs: 250 },
      budget: null,
    });
    const all = { maxAttempts: 4, perTryTimeout: '70ms', backoff: { base: '80ms', max: '90ms' }, budget: { percent: 5, min: 6 } };
    assert.deepEqual(retryOf({ retryOn: ['internal'], ...all }), {
      codes: [13],
      maxAttempts: 4,
      perTryTimeoutMs: 70,
      backoff: { baseMs: 80, maxMs: 90 },
      budget: { percent: 5, min: 6 },
    });
    const { backoff } = retryOf({ retryOn: ['internal'], maxAttempts: 2, backoff: { base: '80ms' } }) ?? {};
    assert.deepEqual(backoff, { baseMs: 80, maxMs: 800 });
  });
});
