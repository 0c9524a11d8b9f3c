import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BalancedEndpoint } from '../../../src/balancing/balancer.ts';
import { createBalancer } from '../../../src/balancing/create-balancer.ts';
import { fitsShares } from '../../support/chi-square.ts';
import { balanced, countPicks, itIsABalancer, pickKeys, weighted } from '../../support/contracts/balancer.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const create = (seed = 7) => createBalancer<BalancedEndpoint>('random', seededRandom(seed));

describe('random', () => {
  itIsABalancer(() => create());

  it('picks each as often as the others, whatever their weights', () => {
    const endpoints = weighted(1, 1, 1, 2, 5);
    const counts = countPicks(create().update(endpoints), endpoints, 30_000);
    assert.ok(fitsShares(counts, [1, 1, 1, 1, 1]), counts.join(' '));
  });

  it('picks each of the others as often when one is excluded', () => {
    const picked = pickKeys(create().update(weighted(1, 1, 1, 1)), 30_000, balanced(2).endpoint);
    const counts = [1, 3, 4].map((index) => picked.filter((key) => key === balanced(index).endpoint.key).length);
    assert.ok(fitsShares(counts, [1, 1, 1]), counts.join(' '));
  });

  it('picks each of those that are accepted as often', () => {
    const endpoints = weighted(1, 1, 1, 1);
    const picker = create().update(endpoints);
    const counts = [0, 0, 0, 0];
    for (let pick = 0; pick < 10_000; pick++) {
      const result = picker.pickAmong({ excluded: null, hash: 0 }, (each) => each !== endpoints[1]);
      const index = result.kind === 'picked' ? endpoints.indexOf(result.picked) : -1;
      counts[index] = (counts[index] ?? 0) + 1;
    }
    assert.equal(counts[1], 0);
    assert.ok(fitsShares([counts[0] ?? 0, counts[2] ?? 0, counts[3] ?? 0], [1, 1, 1]), counts.join(' '));
  });
});
