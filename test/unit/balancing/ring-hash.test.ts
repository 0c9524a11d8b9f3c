import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BalancedEndpoint, Picker } from '../../../src/balancing/balancer.ts';
import { createBalancer } from '../../../src/balancing/create-balancer.ts';
import { fitsShares } from '../../support/chi-square.ts';
import { balanced, countPicks, itIsABalancer, weighted } from '../../support/contracts/balancer.ts';
import { NaiveRing } from '../../support/naive-ring.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const create = () => createBalancer<BalancedEndpoint>('ringHash', seededRandom(1));
const ten = weighted(1, 1, 1, 1, 1, 1, 1, 1, 1, 1);

/** Calls with nothing in common; the ends of the ring are among them. */
const random = seededRandom(5);
const HASHES: readonly number[] = [0, 1, 2 ** 32 - 1, ...Array.from({ length: 10_000 }, () => Math.floor(random() * 2 ** 32))];

function keyOf(picker: Picker<BalancedEndpoint>, hash: number, excluded: BalancedEndpoint | null = null): string {
  const result = picker.pick({ excluded: excluded?.endpoint ?? null, hash });
  return result.kind === 'picked' ? result.picked.endpoint.key : 'none';
}

describe('ring hash', () => {
  itIsABalancer(create);

  it('leads each call where a ring made of the specification alone leads it', () => {
    const cases = [
      { weights: [1], pointsPerWeight: 1024 },
      { weights: [1, 1, 1], pointsPerWeight: 342 },
      { weights: [3, 3, 3], pointsPerWeight: 114 },
      { weights: [1, 1, 1, 2, 5], pointsPerWeight: 128 },
      { weights: [2, 3, 7], pointsPerWeight: 171 / 2 },
    ];
    for (const { weights, pointsPerWeight } of cases) {
      const endpoints = weighted(...weights);
      const ring = new NaiveRing(
        endpoints.map(({ endpoint }) => ({ key: endpoint.key, points: Math.round(pointsPerWeight * (endpoint.weight ?? 1)) })),
      );
      const picker = create().update(endpoints);
      assert.ok(
        HASHES.slice(0, 500).every((hash) => keyOf(picker, hash) === ring.ownerOf(hash)),
        weights.join(' '),
      );
    }
  });

  it('gives endpoints the shares that their points make', () => {
    const endpoints = weighted(1, 1, 1, 2, 5);
    const ring = new NaiveRing(endpoints.map(({ endpoint }) => ({ key: endpoint.key, points: 128 * (endpoint.weight ?? 1) })));
    const shares = endpoints.map(({ endpoint }) => ring.shareOf(endpoint.key));
    const counts = countPicks(create().update(endpoints), endpoints, 30_000);
    assert.ok(fitsShares(counts, shares), counts.join(' '));
    for (const [index, share] of shares.entries()) {
      const wanted = [0.1, 0.1, 0.1, 0.2, 0.5][index] ?? 0;
      assert.ok(Math.abs(share / wanted - 1) < 0.3, `${share} instead of ${wanted}`);
    }
  });

  it('leads a call to one endpoint, in whatever order endpoints are listed, and whatever happened before', () => {
    const balancer = create();
    const picker = balancer.update(ten);
    const before = HASHES.map((hash) => keyOf(picker, hash));
    balancer.update(weighted(9, 1, 4));
    const again = balancer.update(ten.toReversed());
    assert.deepEqual(
      HASHES.map((hash) => keyOf(again, hash)),
      before,
    );
  });

  it('moves the calls of an endpoint that leaves, and no others', () => {
    for (const gone of ten) {
      const balancer = create();
      const before = balancer.update(ten);
      const homes = HASHES.map((hash) => keyOf(before, hash));
      const after = balancer.update(ten.filter((each) => each !== gone));
      const moved = HASHES.filter((hash, index) => keyOf(after, hash) !== homes[index]);
      assert.ok(moved.every((hash) => homes[HASHES.indexOf(hash)] === gone.endpoint.key));
      assert.ok(moved.length <= 0.12 * HASHES.length, `${moved.length} of ${HASHES.length}`);
    }
  });

  it('moves calls by as much as a weight changes', () => {
    const balancer = create();
    const before = balancer.update(ten);
    const homes = HASHES.map((hash) => keyOf(before, hash));
    const after = balancer.update([...ten.slice(0, 9), balanced(10, 2)]);
    const moved = HASHES.map((hash) => keyOf(after, hash)).filter((key, index) => key !== homes[index]);
    assert.deepEqual(new Set(moved), new Set([balanced(10).endpoint.key]));
    assert.ok(moved.length < 0.12 * HASHES.length, `${moved.length}`);
  });

  it('leads a call that must avoid an endpoint where it would go without that', () => {
    const balancer = create();
    const picker = balancer.update(ten);
    const [avoided] = ten;
    assert.ok(avoided !== undefined);
    const found = HASHES.map((hash) => keyOf(picker, hash, avoided));
    const among = HASHES.map((hash) => {
      const result = picker.pickAmong({ excluded: null, hash }, (each) => each !== avoided);
      return result.kind === 'picked' ? result.picked.endpoint.key : 'none';
    });
    const without = balancer.update(ten.slice(1));
    const expected = HASHES.map((hash) => keyOf(without, hash));
    assert.deepEqual(found, expected);
    assert.deepEqual(among, expected);
  });
});
