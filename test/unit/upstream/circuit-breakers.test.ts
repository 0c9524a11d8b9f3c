import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CircuitBreakers } from '../../../src/upstream/circuit-breakers.ts';
import { poolLimits } from '../../support/pool-limits.ts';

function fixture(maxConnections: number, maxRequests: number) {
  return new CircuitBreakers(poolLimits({ maxConnections, maxRequests }));
}

describe('the breakers of a cluster', () => {
  it('open at the number of requests, and close below it', () => {
    const breakers = fixture(1, 2);
    const seen: boolean[] = [];
    for (const step of ['onRequest', 'onRequest', 'onRequestOver'] as const) {
      breakers[step]();
      seen.push(breakers.isFull);
    }
    assert.deepEqual(seen, [false, true, false]);
    assert.equal(breakers.requests, 1);
  });

  it('allow as many connections as there may be, and one for who has none', () => {
    const breakers = fixture(2, 1);
    assert.ok(breakers.mayConnect(0));
    breakers.onConnecting();
    assert.ok(breakers.mayConnect(1));
    breakers.onConnecting();
    assert.ok(!breakers.mayConnect(1));
    assert.ok(breakers.mayConnect(0));
    breakers.onConnecting();
    assert.equal(breakers.connections, 3);
    breakers.onDisconnected();
    assert.ok(!breakers.mayConnect(2), 'there are still two');
  });

  it('follow new limits with what there is', () => {
    const breakers = fixture(2, 2);
    breakers.onConnecting();
    breakers.onRequest();
    breakers.limits = poolLimits({ maxConnections: 1, maxRequests: 1 });
    assert.ok(breakers.isFull && !breakers.mayConnect(1));
    breakers.limits = poolLimits({ maxConnections: 2, maxRequests: 2 });
    assert.ok(!breakers.isFull && breakers.mayConnect(1));
  });
});
