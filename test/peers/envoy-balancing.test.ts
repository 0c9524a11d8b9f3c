import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fitsShares } from '../support/chi-square.ts';
import { NaiveRing } from '../support/naive-ring.ts';
import { BalancingPair, type Calls, type Side } from './support/balancing-pair.ts';

const WEIGHTS = [1, 1, 1, 2, 5];
const CALLS = 30_000;
/** What may move of ten endpoints' users when one of them leaves. */
const MAX_MOVED = 0.12;
const BY_USER = { policy: 'ringHash', hashOn: [{ header: 'x-user' }] };
const NINE = [1, 1, 1, 1, 1, 1, 1, 1, 1];
const TEN = [...NINE, 1];

const userOf = (call: number): string => `user-${call}`;
const ring = (points: number) => ({ lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: points } });

const CLUSTERS = [
  { name: 'round', weights: WEIGHTS, loadBalancing: { policy: 'roundRobin' }, envoy: { lb_policy: 'ROUND_ROBIN' } },
  { name: 'least', weights: WEIGHTS, loadBalancing: { policy: 'leastRequest' }, envoy: { lb_policy: 'LEAST_REQUEST' } },
  {
    name: 'least of equals',
    weights: [1, 1, 1, 1, 1],
    loadBalancing: { policy: 'leastRequest' },
    envoy: { lb_policy: 'LEAST_REQUEST' },
  },
  { name: 'random', weights: WEIGHTS, loadBalancing: { policy: 'random' }, envoy: { lb_policy: 'RANDOM' } },
  { name: 'ring', weights: WEIGHTS, loadBalancing: BY_USER, envoy: ring(1280) },
  { name: 'ring of 10', weights: TEN, loadBalancing: BY_USER, envoy: ring(1280) },
  { name: 'ring of 9', weights: NINE, loadBalancing: BY_USER, envoy: ring(1152) },
  { name: 'plain ring of 10', weights: TEN, loadBalancing: BY_USER, envoy: { lb_policy: 'RING_HASH' } },
  { name: 'plain ring of 9', weights: NINE, loadBalancing: BY_USER, envoy: { lb_policy: 'RING_HASH' } },
  { name: 'plain ring of 4', weights: [1, 1, 1, 1], loadBalancing: BY_USER, envoy: { lb_policy: 'RING_HASH' } },
].map((cluster) => ({ ...cluster, name: cluster.name.replaceAll(' ', '-') }));

function countsOf(homes: readonly number[], endpoints: number): readonly number[] {
  const counts = Array.from({ length: endpoints }, () => 0);
  for (const home of homes) {
    counts[home] = (counts[home] ?? 0) + 1;
  }
  return counts;
}

/** What one proxy does twice at most: chance fails a test once in a thousand times, and Envoy's cannot be seeded. */
async function assertShares(t: TestContext, side: Side, calls: Calls, shares: readonly number[]): Promise<void> {
  const seen: string[] = [];
  for (let attempt = 0; attempt < 2; attempt++) {
    const counts = countsOf(await side.call(calls), shares.length);
    seen.push(counts.join(' '));
    if (fitsShares(counts, shares)) {
      t.diagnostic(`${side.name}, ${calls.cluster}: ${seen.join(', then ')}`);
      return;
    }
  }
  assert.fail(`${side.name} shared ${calls.cluster} out as ${seen.join(', then ')}`);
}

describe('30 000 calls over endpoints of weights 1, 1, 1, 2 and 5', { timeout: 120_000 }, () => {
  it('are shared out by each policy as by an Envoy: chi-square, p > 0.001', async (t) => {
    await using pair = await BalancingPair.start(5, CLUSTERS.slice(0, 5));
    const points = pair.addresses.map((key, index) => ({ key, points: 128 * (WEIGHTS[index] ?? 0) }));
    const arcs = new NaiveRing(points);
    const ringShares = pair.addresses.map((key) => arcs.shareOf(key));
    for (const side of pair.sides) {
      await assertShares(t, side, { cluster: 'round', count: CALLS, atATime: 100 }, WEIGHTS);
      await assertShares(t, side, { cluster: 'random', count: CALLS, atATime: 100 }, [1, 1, 1, 1, 1]);
      await assertShares(t, side, { cluster: 'least-of-equals', count: CALLS, atATime: 100 }, [1, 1, 1, 1, 1]);
      // One at a time, as weights alone then decide: of calls under way, each proxy sees others.
      await assertShares(t, side, { cluster: 'least', count: CALLS, atATime: 1 }, WEIGHTS);
      await assertShares(t, side, { cluster: 'ring', count: CALLS, atATime: 100 }, ringShares);
      await assertShares(t, side, { cluster: 'ring', count: CALLS, atATime: 100, userOf }, ringShares);
    }
  });
});

describe('a ring', { timeout: 120_000 }, () => {
  let pair: BalancingPair;
  before(async () => {
    pair = await BalancingPair.start(10, CLUSTERS);
  });
  after(() => pair[Symbol.asyncDispose]());

  it('has the endpoints of an Envoy of the same size, and leads each user to the same one', async () => {
    for (const cluster of ['ring', 'ring-of-10', 'ring-of-9', 'plain-ring-of-4']) {
      const calls = { cluster, count: 5000, atATime: 100, userOf };
      assert.deepEqual(await pair.bridge.call(calls), await pair.envoy.call(calls), cluster);
    }
  });

  const moved = async (t: TestContext, side: Side, kind: string): Promise<number> => {
    const [ten = [], nine = []] = await Promise.all(
      ['10', '9'].map((size) => side.call({ cluster: `${kind}-of-${size}`, count: 10_000, atATime: 100, userOf })),
    );
    const isOwn = ten.every((home, index) => home === nine[index] || home === 9);
    const share = ten.filter((home, index) => home !== nine[index]).length / ten.length;
    t.diagnostic(`${side.name}, ${kind}: ${(100 * share).toFixed(1)} % moved`);
    assert.equal(isOwn, kind === 'ring' || side.name === pair.bridge.name);
    return share;
  };

  it('moves the users of the one of ten endpoints that leaves, as an Envoy does only with an equal number of points for each', async (t) => {
    const ours = await moved(t, pair.bridge, 'ring');
    assert.equal(await moved(t, pair.envoy, 'ring'), ours);
    assert.equal(await moved(t, pair.bridge, 'plain-ring'), ours, 'the bridge needs no setting for it');
    assert.ok((await moved(t, pair.envoy, 'plain-ring')) > ours, 'Envoy by default moves calls of other endpoints as well');
  });

  it('moves at most 12 % of the users when one of ten endpoints leaves', async (t) => {
    let share = await moved(t, pair.bridge, 'ring');
    if (share > MAX_MOVED) {
      // 128 points of each endpoint make a tenth of the ring, give or take 0.8 %: once in a hundred times the ports lie that badly.
      await pair[Symbol.asyncDispose]();
      pair = await BalancingPair.start(10, CLUSTERS);
      share = await moved(t, pair.bridge, 'ring');
    }
    assert.ok(share > 0 && share <= MAX_MOVED, String(share));
  });
});
