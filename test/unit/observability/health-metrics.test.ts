import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress } from '../../../src/model/address.ts';
import { createEndpoint } from '../../../src/model/endpoint.ts';
import type { EndpointHealth, HealthState } from '../../../src/model/health-view.ts';
import { type ClusterSnapshot, HealthMetrics } from '../../../src/observability/health-metrics.ts';
import { createRegistry } from '../../../src/observability/metrics.ts';

function endpointHealth(text: string, state: HealthState): EndpointHealth {
  const parsed = parseAddress(text);
  assert.equal(parsed.kind, 'address');
  return {
    endpoint: createEndpoint(parsed.address, null),
    state,
    reason: '',
    sinceMs: 0,
    lastResultMs: null,
    checkMs: null,
    services: new Map(),
  };
}

function snapshot(endpoints: readonly EndpointHealth[], healthy: boolean): ClusterSnapshot {
  const states = new Map<HealthState, number>();
  for (const { state } of endpoints) {
    states.set(state, (states.get(state) ?? 0) + 1);
  }
  return { name: 'router', healthy, states, endpoints, discoveredMs: 1_700_000_000_000 };
}

async function scrape(metrics: { metrics(): Promise<string> }): Promise<string[]> {
  const text = await metrics.metrics();
  return text.split('\n').filter((line) => line.startsWith('grpc_health_bridge_'));
}

describe('HealthMetrics', () => {
  it('shows the current verdict at each scrape, and drops the series of endpoints that left', async () => {
    const registry = createRegistry({ version: '1.2.3', nodeVersion: 'v24.0.0' });
    let current = snapshot([endpointHealth('10.0.0.1:1', 'degraded'), endpointHealth('10.0.0.2:1', 'unhealthy')], true);
    let clusters = 1;
    void new HealthMetrics(registry, () => Array.from({ length: clusters }, () => current));

    const before = await scrape(registry);
    assert.ok(before.includes('grpc_health_bridge_build_info{version="1.2.3",node="v24.0.0"} 1'));
    assert.ok(before.includes('grpc_health_bridge_cluster_healthy{cluster="router"} 1'));
    assert.ok(before.includes('grpc_health_bridge_endpoints{cluster="router",state="degraded"} 1'));
    assert.ok(before.includes('grpc_health_bridge_endpoints{cluster="router",state="healthy"} 0'));
    assert.ok(before.includes('grpc_health_bridge_endpoint_up{cluster="router",endpoint="10.0.0.1:1"} 1'));
    assert.ok(before.includes('grpc_health_bridge_endpoint_up{cluster="router",endpoint="10.0.0.2:1"} 0'));
    assert.ok(before.includes('grpc_health_bridge_discovery_last_success_timestamp_seconds{cluster="router"} 1700000000'));

    current = snapshot([endpointHealth('10.0.0.2:1', 'unhealthy')], false);
    const after = await scrape(registry);
    assert.ok(after.includes('grpc_health_bridge_cluster_healthy{cluster="router"} 0'));
    assert.deepEqual(
      after.filter((line) => line.includes('endpoint_up')),
      ['grpc_health_bridge_endpoint_up{cluster="router",endpoint="10.0.0.2:1"} 0'],
    );

    clusters = 0;
    const atLast = await scrape(registry);
    assert.deepEqual(
      atLast.filter((line) => line.includes('router')),
      [],
      'nothing is left of a cluster that was removed',
    );
  });

  it('counts checks, their seconds, and changes of state', async () => {
    const registry = createRegistry({ version: '1.2.3', nodeVersion: 'v24.0.0' });
    const metrics = new HealthMetrics(registry, () => []);
    metrics.onCheck('router', 'serving', 2);
    metrics.onCheck('router', 'timeout', 1000);
    metrics.onStateChange('router', 'unhealthy');

    const lines = await scrape(registry);
    assert.ok(lines.includes('grpc_health_bridge_checks_total{cluster="router",outcome="serving"} 1'));
    assert.ok(lines.includes('grpc_health_bridge_checks_total{cluster="router",outcome="timeout"} 1'));
    assert.ok(lines.includes('grpc_health_bridge_check_duration_seconds_bucket{le="0.0025",cluster="router"} 1'));
    assert.ok(lines.includes('grpc_health_bridge_check_duration_seconds_sum{cluster="router"} 1.002'));
    assert.ok(lines.includes('grpc_health_bridge_state_changes_total{cluster="router",to="unhealthy"} 1'));
  });

  it('forgets what it has counted for clusters that were removed', async () => {
    const registry = createRegistry({ version: '1.2.3', nodeVersion: 'v24.0.0' });
    const metrics = new HealthMetrics(registry, () => []);
    for (const cluster of ['stays', 'goes']) {
      metrics.onCheck(cluster, 'serving', 2);
      metrics.onCheck(cluster, 'timeout', 2);
      metrics.onStateChange(cluster, 'unhealthy');
      metrics.onStateChange(cluster, 'healthy');
    }
    const before = await scrape(registry);
    metrics.retain(new Set(['stays']));
    const after = await scrape(registry);
    assert.deepEqual(
      after,
      before.filter((line) => !line.includes('cluster="goes"')),
    );
    assert.ok(after.length < before.length);
    metrics.onCheck('goes', 'serving', 2);
    assert.ok((await scrape(registry)).includes('grpc_health_bridge_checks_total{cluster="goes",outcome="serving"} 1'));
  });
});
