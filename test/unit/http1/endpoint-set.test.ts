import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EndpointSet } from '../../../src/http1/endpoint-set.ts';
import type { HeldExchange } from '../../../src/http1/exchange-home.ts';
import { DEFAULT_HTTP1_TIMEOUTS } from '../../../src/http1/options.ts';
import { createEndpoint } from '../../../src/model/endpoint.ts';
import type { UpstreamEndpointState } from '../../../src/upstream/options.ts';
import { NoConnectionReason } from '../../../src/upstream/stream-handler.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { poolLimits } from '../../support/pool-limits.ts';

function ignore(): void {
  // Nobody wants to know.
}

const OBSERVER = {
  onConnectionOpened: ignore,
  onConnectionClosed: ignore,
  onConnectFailed: ignore,
  onUpstreamDefect: ignore,
};

/** A set whose connections are never connected, as nothing is sent on them. */
function createSet(maxConnections = 1024): EndpointSet {
  const pool = poolLimits({ maxConnections });
  return new EndpointSet({
    options: {
      name: 'app',
      connectTimeoutMs: 1000,
      tls: null,
      panicThresholdPercent: 0,
      policy: 'roundRobin',
      hashOn: [],
      pool,
      timeouts: DEFAULT_HTTP1_TIMEOUTS,
    },
    limits: pool,
    dependencies: { clock: new FakeClock(), random: () => 0, observer: OBSERVER },
    tls: null,
    leaving: new Set(),
  });
}

function states(...ports: readonly number[]): readonly UpstreamEndpointState[] {
  return ports.map((port) => ({ endpoint: createEndpoint({ kind: 'tcp', host: '10.0.0.1', port }, null), state: 'healthy' }));
}

function key(port: number): string {
  return `10.0.0.1:${port}`;
}

function request(...tried: readonly number[]): HeldExchange {
  return { hash: 0, excluded: null, subset: null, tried: new Set(tried.map(key)), onPlace: ignore, abandon: ignore };
}

describe('the endpoints of an http1 cluster', () => {
  it('are picked in turn, those aside that were tried', () => {
    const set = createSet();
    set.select(states(1, 2));
    const picked = Array.from({ length: 4 }, () => set.pick(request())?.key);
    assert.deepEqual(new Set(picked), new Set([key(1), key(2)]));
    assert.deepEqual(
      Array.from({ length: 4 }, () => set.pick(request(1))?.key),
      Array.from({ length: 4 }, () => key(2)),
    );
    assert.equal(set.pick(request(1, 2)), null);
  });

  it('are picked after failures only where there is no other', () => {
    const set = createSet();
    set.select(states(1, 2));
    set.get(key(1))?.onConnectFailed(NoConnectionReason.CONNECT_FAILED);
    assert.deepEqual(
      Array.from({ length: 4 }, () => set.pick(request())?.key),
      Array.from({ length: 4 }, () => key(2)),
    );
    assert.equal(set.pick(request(2))?.key, key(1));
  });

  it('have their first connection whatever the limit is, and no second one above it', () => {
    const set = createSet(1);
    set.select(states(1, 2));
    const [one, two] = [set.get(key(1)), set.get(key(2))];
    assert.ok(one !== undefined && two !== undefined);
    one.open();
    assert.equal(set.sourceFor(one, request()), two);
    assert.equal(set.sourceFor(one, request(2)), null);
    assert.equal(set.hasPlace, true);
    two.open();
    assert.equal(set.sourceFor(one, request()), null);
    assert.deepEqual({ hasPlace: set.hasPlace, connections: set.connections }, { hasPlace: false, connections: 2 });
    set.close();
  });

  it('stay without being picked until their last connection is gone', () => {
    const set = createSet();
    set.select(states(1));
    const client = set.get(key(1))?.open();
    assert.ok(client !== undefined);
    set.select(states(2));
    assert.equal(set.pick(request())?.key, key(2));
    assert.deepEqual(set.trafficOf(key(1)), { connections: 1, activeRequests: 1 });
    set.get(key(1))?.discard(client);
    set.forgetIfDone(client);
    assert.equal(set.trafficOf(key(1)), null);
    assert.equal(set.sizeOf(null), 1);
  });
});
