import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { computeVerdict } from '../../../src/aggregation/bridge-verdict.ts';
import { findServingStatus, listServingStatuses, type ServingState } from '../../../src/grpc-health/serving-names.ts';
import type { HealthState } from '../../../src/model/health-view.ts';
import { clusterHealth, endpointHealth } from '../../support/health-views.ts';

function state(app: HealthState, isHeldDown = false): ServingState {
  const services = { 'shop.Orders': 'healthy', app: 'healthy', group: 'healthy' } as const;
  const one = { ...clusterHealth('app', [endpointHealth('10.0.0.1:1', app, { services })]), services: Object.keys(services) };
  const verdict = computeVerdict(
    { clusters: new Map([['app', one]]) },
    {
      clusters: [{ name: 'app', healthyWhen: 'any', whenEmpty: 'unhealthy' }],
      health: {
        healthyWhen: 'any',
        clusters: [{ name: 'app', optional: false }],
        groups: [{ name: 'group', healthyWhen: 'any', clusters: [{ name: 'app', optional: true }] }],
      },
    },
  );
  return { verdict, isHeldDown };
}

describe('the names of the health service', () => {
  it('are the whole, clusters, groups and services, in this order where they meet', () => {
    const words = Object.fromEntries(listServingStatuses(state('unhealthy')));
    assert.deepEqual(words, { '': 'NOT_SERVING', app: 'NOT_SERVING', group: 'SERVING', 'shop.Orders': 'SERVING' });
    assert.equal(findServingStatus(state('unhealthy'), 'nobody'), null);
    for (const name of ['constructor', '__proto__', 'App', ' app']) {
      assert.equal(findServingStatus(state('healthy'), name), null, name);
    }
  });

  it('count degraded as serving, and what has no result as not', () => {
    assert.equal(findServingStatus(state('degraded'), 'app'), 'SERVING');
    for (const word of ['pending', 'stale', 'ejected', 'draining', 'excluded'] as const) {
      assert.equal(findServingStatus(state(word), 'app'), 'NOT_SERVING', word);
    }
  });

  it('stand for what they are while the whole is held down', () => {
    assert.deepEqual(Object.fromEntries(listServingStatuses(state('healthy', true))), {
      '': 'NOT_SERVING',
      app: 'SERVING',
      group: 'SERVING',
      'shop.Orders': 'SERVING',
    });
  });
});
