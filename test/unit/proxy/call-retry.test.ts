import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NameId } from '../../../src/http2/index.ts';
import { CallRetry, MAX_PUSHBACK_MS } from '../../../src/proxy/call-retry.ts';
import { type RetryPolicy, toStatusBits } from '../../../src/proxy/retry-policy.ts';
import { RetryBudget } from '../../../src/upstream/retry-budget.ts';
import { list } from '../../support/http2/fields.ts';
import { poolLimits } from '../../support/pool-limits.ts';

const UNAVAILABLE = 14;
const NO_END = { endMs: Number.POSITIVE_INFINITY, clientEndMs: Number.POSITIVE_INFINITY };

function start(changes: Partial<RetryPolicy> = {}, ends = NO_END) {
  const budget = new RetryBudget({ breakers: { limits: poolLimits(), requests: 0 }, waiting: { size: 0 } });
  const retry = new CallRetry(() => 0.5);
  const backoff = { baseMs: 100, maxMs: 1000 };
  const policy = { statuses: toStatusBits([UNAVAILABLE]), maxAttempts: 5, perTryTimeoutMs: 0, backoff, budget: null };
  retry.begin({ ...policy, ...changes }, budget, ends);
  const plan = (pushback: string | null = null, { status = UNAVAILABLE, nowMs = 0 } = {}): number => {
    const fields = list(pushback === null ? [] : [['grpc-retry-pushback-ms', pushback]]);
    return retry.plan({ status, pushback: fields.get(NameId.GRPC_RETRY_PUSHBACK_MS), nowMs });
  };
  return { retry, budget, plan };
}

describe('another attempt', () => {
  it('comes after a growing pause, as often as allowed', () => {
    const { retry, plan } = start({ maxAttempts: 4 });
    assert.deepEqual([plan(), plan(), plan(), retry.denial], [50, 100, 200, null]);
    assert.deepEqual([plan(), retry.denial], [-1, 'limit']);
  });

  it('comes after what the server says, after which pauses begin anew', () => {
    const { plan } = start();
    assert.deepEqual([plan(), plan('7'), plan(), plan('0')], [50, 7, 50, 0]);
  });

  it('does not come where the server forbids it, and that is no denial of ours', () => {
    for (const value of ['-1', 'x', '', '1e3', String(MAX_PUSHBACK_MS + 1), '4294967296']) {
      const { retry, budget, plan } = start();
      assert.deepEqual([plan(value), retry.denial, budget.active], [-1, null, 0], value);
    }
    assert.equal(start().plan(String(MAX_PUSHBACK_MS)), MAX_PUSHBACK_MS);
  });

  it('does not come for another status', () => {
    const { retry, plan } = start();
    assert.deepEqual([plan(null, { status: 13 }), plan(null, { status: 0 }), retry.denial], [-1, -1, null]);
  });

  it('does not come when the call would be over', () => {
    const ends = { endMs: 1000, clientEndMs: 900 };
    assert.deepEqual(
      [849, 850].map((nowMs) => start({}, ends).plan(null, { nowMs })),
      [50, -1],
    );
    assert.deepEqual(
      [949, 950].map((nowMs) => start({}, { ...ends, clientEndMs: 2000 }).plan(null, { nowMs })),
      [50, -1],
    );
  });

  it('is counted until it has come to something, and not beyond the budget', () => {
    const { retry, budget, plan } = start();
    plan();
    plan();
    assert.equal(budget.active, 1, 'one call is one, however often it is repeated');
    while (budget.take(null)) {
      assert.ok(budget.active <= 3);
    }
    retry.settle();
    budget.take(null);
    assert.deepEqual([plan(), retry.denial, budget.active], [-1, 'overflow', 3]);
    retry.clear();
    assert.deepEqual([budget.active, retry.isOn, retry.denial, retry.perTryTimeoutMs], [3, false, null, 0]);
  });
});

describe('the request of another attempt', () => {
  it('says how often it was tried, on top of what the client said', () => {
    const { retry } = start();
    const fields = list([['te', 'trailers']]);
    retry.mark(fields, 0);
    assert.equal(fields.get(NameId.GRPC_PREVIOUS_RPC_ATTEMPTS)?.valueText(), '1');
    retry.mark(fields, 0);
    assert.equal(fields.get(NameId.GRPC_PREVIOUS_RPC_ATTEMPTS)?.valueText(), '2');
    const odd = list([['grpc-previous-rpc-attempts', 'many']]);
    retry.mark(odd, 0);
    assert.equal(odd.get(NameId.GRPC_PREVIOUS_RPC_ATTEMPTS)?.valueText(), '1');
  });

  it('says what time is left where the client said how long it has, and as long as that fits', () => {
    const left = (clientEndMs: number): string | undefined => {
      const fields = list([['grpc-timeout', '5S']]);
      start({}, { ...NO_END, clientEndMs }).retry.mark(fields, 1000.5);
      return fields.get(NameId.GRPC_TIMEOUT)?.valueText();
    };
    assert.deepEqual([left(3000), left(100_001_000), left(Number.POSITIVE_INFINITY)], ['2000m', '5S', '5S']);
    const { retry } = start({}, { ...NO_END, clientEndMs: 3000 });
    const fields = list([['te', 'trailers']]);
    retry.mark(fields, 0);
    assert.equal(fields.get(NameId.GRPC_TIMEOUT), null);
  });
});
