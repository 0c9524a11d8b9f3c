import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BalancedEndpoint } from '../../../src/balancing/balancer.ts';
import { createBalancer } from '../../../src/balancing/create-balancer.ts';
import { balanced, itIsABalancer, pickKeys } from '../../support/contracts/balancer.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const key = (index: number): string => balanced(index).endpoint.key;
const some = (...indexes: readonly number[]): BalancedEndpoint[] => indexes.map((index) => balanced(index));
const create = (start = 0) => createBalancer<BalancedEndpoint>('roundRobin', () => start);

describe('round robin', () => {
  itIsABalancer(() => createBalancer('roundRobin', seededRandom(7)));

  it('picks one after the other', () => {
    const picker = create().update(some(1, 2, 3));
    assert.deepEqual(pickKeys(picker, 7), [1, 2, 3, 1, 2, 3, 1].map(key));
  });

  it('begins by chance, so that many bridges do not begin with one endpoint', () => {
    const firsts = [0, 0.34, 0.67, 0.999].map((start) => pickKeys(create(start).update(some(1, 2, 3)), 1)[0]);
    assert.deepEqual(firsts, [1, 2, 3, 3].map(key));
  });

  it('goes on behind the last pick when told the same again', () => {
    const balancer = create();
    const picked = Array.from({ length: 6 }, () => pickKeys(balancer.update(some(1, 2, 3)), 1)[0]);
    assert.deepEqual(picked, [1, 2, 3, 1, 2, 3].map(key));
  });

  it('goes on behind the last pick when endpoints come, go or change places', () => {
    const balancer = create();
    assert.deepEqual(pickKeys(balancer.update(some(1, 2, 3, 4)), 2), [1, 2].map(key));
    assert.deepEqual(pickKeys(balancer.update(some(9, 1, 2, 3, 4)), 1), [3].map(key));
    assert.deepEqual(pickKeys(balancer.update(some(4, 3, 2, 1)), 1), [2].map(key));
    assert.deepEqual(pickKeys(balancer.update(some(1, 3, 4)), 1), [4].map(key), 'behind 3, the nearest before 2 that is left');
  });

  it('takes the nearest one before it when the last pick is gone, and begins anew when all are', () => {
    const balancer = create();
    assert.deepEqual(pickKeys(balancer.update(some(1, 2, 3)), 3), [1, 2, 3].map(key));
    assert.deepEqual(pickKeys(balancer.update(some(1, 2)), 1), [1].map(key));
    assert.deepEqual(pickKeys(balancer.update(some(7, 8)), 2), [7, 8].map(key));
    assert.deepEqual(pickKeys(balancer.update([]), 1), ['none']);
    assert.deepEqual(pickKeys(balancer.update(some(5, 6)), 1), [5].map(key));
  });

  it('picks the next one for a call that must avoid one', () => {
    const picker = create().update(some(1, 2, 3));
    assert.deepEqual(pickKeys(picker, 3, balanced(1).endpoint), [2, 3, 2].map(key));
  });
});
