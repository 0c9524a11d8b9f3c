import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BalancedEndpoint } from '../../../src/balancing/balancer.ts';
import { createBalancer } from '../../../src/balancing/create-balancer.ts';
import { balanced, countPicks, pickKeys, weighted } from '../../support/contracts/balancer.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const key = (index: number): string => balanced(index).endpoint.key;
const create = (seed = 1) => createBalancer<BalancedEndpoint>('roundRobin', seededRandom(seed));

describe('round robin with weights', () => {
  it('gives each endpoint its share to the call, over one round and over many', () => {
    const endpoints = weighted(1, 1, 1, 2, 5);
    const picker = create().update(endpoints);
    for (let round = 0; round < 100; round++) {
      assert.deepEqual(countPicks(picker, endpoints, 10), [1, 1, 1, 2, 5]);
    }
  });

  it('never is a call or more ahead of or behind the share of an endpoint by more than the others cause', () => {
    const anyWeights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(anyWeights, fc.integer(), fc.integer({ min: 1, max: 300 }), (weights, seed, picks) => {
        const endpoints = weighted(...weights);
        const counts = countPicks(create(seed).update(endpoints), endpoints, picks);
        const sum = weights.reduce((total, weight) => total + weight, 0);
        for (const [index, count] of counts.entries()) {
          const share = (picks * (weights[index] ?? 0)) / sum;
          const slack = 1 + (weights.length * (weights[index] ?? 0)) / sum;
          assert.ok(Math.abs(count - share) <= slack, `${count} of ${picks} calls with weights ${weights.join(' ')}`);
        }
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it('spreads the calls of a heavy endpoint over the round', () => {
    const endpoints = weighted(5, 1, 1, 1, 1, 1);
    const picked = pickKeys(create(4).update(endpoints), 100);
    const isHeavy = picked.map((each) => each === key(1));
    const longest = Math.max(
      ...isHeavy
        .join(',')
        .split('false')
        .map((run) => run.split('true').length - 1),
    );
    assert.ok(longest <= 3, `${longest} calls in a row`);
  });

  it('begins by chance, so that many bridges do not begin with one endpoint', () => {
    const firsts = Array.from({ length: 40 }, (_, seed) => pickKeys(create(seed).update(weighted(2, 2, 2, 1)), 1)[0]);
    assert.equal(new Set(firsts).size, 4);
  });

  it('goes on where it was when told the same again after every call', () => {
    const balancer = create();
    const picked = Array.from({ length: 100 }, () => pickKeys(balancer.update(weighted(1, 1, 1, 2, 5)), 1)[0]);
    const counts = [1, 2, 3, 4, 5].map((index) => picked.filter((each) => each === key(index)).length);
    assert.deepEqual(counts, [10, 10, 10, 20, 50]);
  });

  it('goes on where it was when one comes and goes', () => {
    const balancer = create();
    const counts = new Map<string | undefined, number>();
    for (let call = 0; call < 200; call++) {
      const endpoints = call % 2 === 0 ? weighted(3, 1, 1) : [...weighted(3, 1, 1), balanced(9, 7)];
      const [picked] = pickKeys(balancer.update(endpoints), 1);
      counts.set(picked, (counts.get(picked) ?? 0) + 1);
    }
    const [heavy, light, other] = [1, 2, 3].map((index) => counts.get(key(index)) ?? 0);
    assert.ok(light !== undefined && other !== undefined && heavy !== undefined);
    assert.ok(Math.abs(light - other) <= 2, `${light} and ${other}`);
    assert.ok(Math.abs(heavy - 3 * light) <= 6, `${heavy} and ${light}`);
  });

  it('goes on with those whose turn it is when weights cease to be equal', () => {
    for (let seed = 0; seed < 20; seed++) {
      const balancer = create(seed);
      const before = pickKeys(balancer.update(weighted(1, 1, 1, 1)), 2);
      const after = pickKeys(balancer.update(weighted(2, 2, 2, 1)), 1);
      assert.ok(!before.includes(after[0] ?? ''), `${after[0]} after ${before.join(' ')}`);
    }
  });

  it('begins with the endpoint that is due first when weights become equal', () => {
    for (let seed = 0; seed < 20; seed++) {
      const balancer = create(seed);
      const before = pickKeys(balancer.update(weighted(1, 2, 3, 4)), 9);
      // Of ten calls nine are made: the endpoint that lacks one is due.
      const due = [1, 2, 3, 4].filter((index) => before.filter((each) => each === key(index)).length < index);
      assert.deepEqual(pickKeys(balancer.update(weighted(1, 1, 1, 1)), 1), due.map(key));
    }
  });
});
