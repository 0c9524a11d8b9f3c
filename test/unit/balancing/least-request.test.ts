import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BalancedEndpoint } from '../../../src/balancing/balancer.ts';
import { createBalancer } from '../../../src/balancing/create-balancer.ts';
import { fitsShares } from '../../support/chi-square.ts';
import { balanced, countPicks, itIsABalancer, pickKeys, weighted } from '../../support/contracts/balancer.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const key = (index: number): string => balanced(index).endpoint.key;
const create = (seed = 7) => createBalancer<BalancedEndpoint>('leastRequest', seededRandom(seed));

describe('least request', () => {
  itIsABalancer(() => create());

  it('picks the less busy of two endpoints always', () => {
    const picker = create().update([balanced(1, 1, 4), balanced(2, 1, 3)]);
    assert.deepEqual(new Set(pickKeys(picker, 100)), new Set([key(2)]));
  });

  it('picks the idle one of ten twice as often as chance would, and the busiest never', () => {
    const endpoints = Array.from({ length: 10 }, (_, index) => balanced(index + 1, 1, index));
    const counts = countPicks(create().update(endpoints), endpoints, 30_000);
    // Of two draws without repetition the least busy one of n wins with 2 / n, the next with 2 / n × (n - 2) / (n - 1), and so on.
    const shares = endpoints.map((_, index) => 9 - index);
    assert.equal(counts[9], 0);
    assert.ok(fitsShares(counts.slice(0, 9), shares.slice(0, 9)), counts.join(' '));
  });

  it('spreads evenly over endpoints that are equally busy', () => {
    const endpoints = weighted(1, 1, 1, 1, 1);
    const counts = countPicks(create().update(endpoints), endpoints, 30_000);
    assert.ok(fitsShares(counts, [1, 1, 1, 1, 1]), counts.join(' '));
  });

  it('sees calls that have come and gone since the update', () => {
    let activeRequests = 5;
    const first = {
      ...balanced(1),
      get activeRequests() {
        return activeRequests;
      },
    };
    const picker = create().update([first, balanced(2, 1, 3)]);
    assert.deepEqual(pickKeys(picker, 3), [key(2), key(2), key(2)]);
    activeRequests = 1;
    assert.deepEqual(pickKeys(picker, 3), [key(1), key(1), key(1)]);
  });

  it('gives idle endpoints calls by their weights', () => {
    const endpoints = weighted(1, 1, 1, 2, 5);
    assert.deepEqual(countPicks(create().update(endpoints), endpoints, 1000), [100, 100, 100, 200, 500]);
  });

  it('weighs calls under way: weight / (calls + 1)', () => {
    const endpoints = [balanced(1, 2, 0), balanced(2, 4, 3), balanced(3, 5, 4)];
    assert.deepEqual(countPicks(create().update(endpoints), endpoints, 400), [200, 100, 100]);
  });

  it('picks the least busy of those that are accepted', () => {
    const endpoints = [balanced(1, 1, 0), balanced(2, 1, 9), balanced(3, 1, 4), balanced(4, 1, 6)];
    const result = create()
      .update(endpoints)
      .pickAmong({ excluded: null, hash: 0 }, ({ endpoint }) => endpoint.key !== key(1));
    assert.equal(result.kind === 'picked' && result.picked.endpoint.key, key(3));
  });
});
