import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseLevel, type Ranked } from '../../../src/balancing/priority-levels.ts';
import type { HealthState } from '../../../src/model/health-view.ts';

function ranked(state: HealthState, priority?: number): Ranked {
  return { endpoint: priority === undefined ? {} : { priority }, state };
}

describe('chooseLevel', () => {
  it('gives the same list where there is one level', () => {
    const list = [ranked('unhealthy'), ranked('healthy', 0)];
    assert.equal(chooseLevel(list), list);
  });

  it('gives the first level that has a healthy endpoint, whole', () => {
    const [first, ill, degraded, last] = [
      ranked('unhealthy'),
      ranked('unhealthy', 1),
      ranked('degraded', 1),
      ranked('healthy', 7),
    ];
    assert.deepEqual(chooseLevel([last, first, ill, degraded]), [ill, degraded]);
  });

  it('goes back as soon as an endpoint of the first level is healthy', () => {
    const [first, last] = [ranked('healthy', 0), ranked('healthy', 1)];
    assert.deepEqual(chooseLevel([last, first]), [first]);
  });

  it('gives the first level with known health where none is healthy, and nothing where none is known', () => {
    const [pending, ill, last] = [ranked('pending', 0), ranked('ejected', 1), ranked('unhealthy', 2)];
    assert.deepEqual(chooseLevel([pending, ill, last]), [ill]);
    assert.deepEqual(chooseLevel([pending, ranked('draining', 1)]), []);
  });
});
