import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { computeVerdict } from '../../../src/aggregation/bridge-verdict.ts';
import type { BridgeVerdict } from '../../../src/aggregation/verdict.ts';
import { describeChanges } from '../../../src/cli/verdict-changes.ts';
import type { EndpointHealth, HealthState } from '../../../src/model/health-view.ts';
import { clusterHealth, endpointHealth } from '../../support/health-views.ts';

const at = (host: number, state: HealthState, reason = ''): EndpointHealth =>
  endpointHealth(`10.0.0.${host}:1`, state, { reason });

function verdict(...endpoints: readonly EndpointHealth[]): BridgeVerdict {
  return computeVerdict(
    { clusters: new Map([['app', clusterHealth('app', endpoints)]]) },
    {
      clusters: [{ name: 'app', healthyWhen: 'any', whenEmpty: 'unhealthy' }],
      health: { healthyWhen: 'any', clusters: [{ name: 'app', optional: false }], groups: [] },
    },
  );
}

describe('the changes of a verdict', () => {
  it('are all there is, the first time', () => {
    assert.deepEqual(describeChanges(null, verdict(at(1, 'healthy'), at(2, 'unhealthy', 'NOT_SERVING'))), [
      'endpoint app 10.0.0.2:1 unhealthy: NOT_SERVING',
      'endpoint app 10.0.0.1:1 healthy',
      'cluster app healthy: 1 of 2 healthy',
      'whole healthy',
    ]);
  });

  it('are what is another than before, and lead from endpoints to the whole', () => {
    const before = verdict(at(1, 'healthy'), at(2, 'healthy'), at(3, 'healthy'));
    assert.deepEqual(describeChanges(before, verdict(at(1, 'healthy'), at(2, 'unhealthy', 'gone'), at(4, 'pending'))), [
      'endpoint app 10.0.0.2:1 unhealthy: gone',
      'endpoint app 10.0.0.4:1 pending',
      'endpoint app 10.0.0.3:1 removed',
      'cluster app healthy: 1 of 2 healthy, 1 pending',
    ]);
    assert.deepEqual(describeChanges(before, verdict()), [
      'endpoint app 10.0.0.1:1 removed',
      'endpoint app 10.0.0.2:1 removed',
      'endpoint app 10.0.0.3:1 removed',
      'cluster app unhealthy: no endpoints',
      'whole unhealthy',
    ]);
  });

  it('are a reason that is another, and never a time', () => {
    const before = verdict(at(1, 'unhealthy', 'connection refused'));
    assert.deepEqual(describeChanges(before, verdict(at(1, 'unhealthy', 'NOT_SERVING'))), [
      'endpoint app 10.0.0.1:1 unhealthy: NOT_SERVING',
    ]);
    assert.deepEqual(
      describeChanges(before, verdict({ ...at(1, 'unhealthy', 'connection refused'), lastResultMs: 5, checkMs: 2 })),
      [],
    );
  });
});
