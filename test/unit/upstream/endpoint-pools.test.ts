import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEndpoint } from '../../../src/model/endpoint.ts';
import type { HealthState } from '../../../src/model/health-view.ts';
import { EndpointPools } from '../../../src/upstream/endpoint-pools.ts';
import type { UpstreamEndpointState } from '../../../src/upstream/options.ts';
import type { PoolOwner } from '../../../src/upstream/pool-context.ts';
import { NoConnectionReason, type StreamWaiter } from '../../../src/upstream/stream-handler.ts';
import { WaitEntry } from '../../../src/upstream/wait-queue.ts';
import { poolContext } from '../../support/pool-context.ts';

function ignore(): void {
  // Nobody wants to know.
}

/** Pools that open no connection, as nobody asks them for one. `hopeless`: keys of those that could not keep their waiters. */
function createPools(): { readonly pools: EndpointPools; readonly hopeless: string[] } {
  const hopeless: string[] = [];
  const owner: Partial<PoolOwner> = {
    onHopeless: ({ key, waiting }) => {
      hopeless.push(key);
      waiting.clear();
    },
  };
  const pools = new EndpointPools(poolContext({ owner }));
  return { pools, hopeless };
}

function state(port: number, health: HealthState = 'healthy', version = 'v1'): UpstreamEndpointState {
  const endpoint = { ...createEndpoint({ kind: 'tcp', host: '10.0.0.1', port }, null), labels: { version } };
  return { endpoint, state: health };
}

function take(pools: EndpointPools, ...states: readonly UpstreamEndpointState[]): void {
  pools.list(states, () => null);
  pools.select(states);
}

function key(port: number): string {
  return `10.0.0.1:${port}`;
}

const CALL: StreamWaiter = { hash: 0, excluded: null, onConnection: ignore, onNoConnection: ignore };

function pick(pools: EndpointPools, waiter = CALL): string | null {
  const result = pools.pick(waiter);
  return result.kind === 'picked' ? result.picked.key : null;
}

describe('the endpoints of a cluster', () => {
  it('are picked in turn, those that are not healthy aside', () => {
    const { pools } = createPools();
    take(pools, state(1), state(2, 'unhealthy'), state(3));
    assert.deepEqual(new Set(Array.from({ length: 4 }, () => pick(pools))), new Set([key(1), key(3)]));
    take(pools, state(2));
    assert.equal(pick(pools), key(2));
  });

  it('are picked within the subset of a call', () => {
    const { pools } = createPools();
    take(pools, state(1), state(2, 'healthy', 'v2'));
    const subset = pools.subset({ labels: { version: 'v2' }, fallback: 'none' });
    assert.deepEqual(new Set(Array.from({ length: 4 }, () => pick(pools, { ...CALL, subset }))), new Set([key(2)]));
    assert.deepEqual([pools.isFor({ ...CALL, subset }, key(1)), pools.isFor(CALL, key(1))], [false, true]);
  });

  it('are left out where a call has tried them, and last where it would rather not go', () => {
    const { pools } = createPools();
    take(pools, state(1), state(2), state(3));
    const waiter = { ...CALL, excluded: state(2).endpoint };
    assert.equal(pools.pickOther(waiter, new Set([key(1)]))?.key, key(3));
    assert.equal(pools.pickOther(waiter, new Set([key(1), key(3)]))?.key, key(2));
    assert.equal(pools.pickOther(waiter, new Set([key(1), key(2), key(3)])), null);
  });

  it('are tried for a call that found none, preferably not the one it would rather avoid', () => {
    const { pools } = createPools();
    take(pools, state(1), state(2));
    const excluded = state(1).endpoint;
    assert.equal(pools.toTry({ ...CALL, excluded }, 0)?.key, key(2));
    take(pools, state(1));
    assert.equal(pools.toTry({ ...CALL, excluded }, 0)?.key, key(1));
    take(pools, state(1, 'unhealthy'));
    assert.equal(pools.toTry(CALL, 0), undefined);
  });

  it('have no place without a connection', () => {
    const { pools } = createPools();
    take(pools, state(1));
    assert.deepEqual(pools.withPlace(), []);
  });

  it('say why there is no connection', () => {
    const { pools } = createPools();
    assert.equal(pools.reasonForNone(CALL), NoConnectionReason.NO_ENDPOINTS);
    take(pools, state(1, 'unhealthy'));
    assert.equal(pools.reasonForNone(CALL), NoConnectionReason.NO_HEALTHY_ENDPOINTS);
    take(pools, state(1));
    assert.equal(pools.reasonForNone(CALL), NoConnectionReason.CONNECT_FAILED);
  });

  it('give up their waiters when they may get no calls, and go when they are empty', () => {
    const { pools, hopeless } = createPools();
    take(pools, state(1), state(2));
    pools.get(key(1))?.waiting.add(new WaitEntry(CALL, 0));
    take(pools, state(2));
    assert.deepEqual(hopeless, [key(1)]);
    assert.notEqual(pools.trafficOf(key(1)), null);
    pools.sweep(0);
    assert.deepEqual([pools.trafficOf(key(1)), [...pools.values()].map((pool) => pool.key)], [null, [key(2)]]);
    pools.clear();
    assert.equal(pick(pools), null);
    pools.sweep(0);
    assert.deepEqual([...pools.values()], []);
  });
});
