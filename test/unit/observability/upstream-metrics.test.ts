import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProcessMetrics } from '../../../src/observability/process-metrics.ts';
import { UpstreamMetrics, type UpstreamSnapshot } from '../../../src/observability/upstream-metrics.ts';
import { linesOf } from '../../support/metered-calls.ts';

const cluster = (name: string): UpstreamSnapshot => ({ name, activeRequests: 3, retries: 4 });

describe('UpstreamMetrics', () => {
  it('shows every cluster that is forwarded to, also one without a connection', () => {
    const metrics = new UpstreamMetrics(() => [cluster('a'), cluster('b')]);
    metrics.onConnectionOpened('a');
    metrics.onConnectionOpened('a');
    metrics.onConnectionClosed('a');
    const families = metrics.read();
    assert.deepEqual(linesOf(families, 'upstream_connections'), ['a 1', 'b 0']);
    assert.deepEqual(linesOf(families, 'upstream_connections_opened_total'), ['a 2', 'b 0']);
    assert.deepEqual(linesOf(families, 'upstream_requests_active'), ['a 3', 'b 3']);
    assert.deepEqual(linesOf(families, 'retries_total'), ['a 4', 'b 4']);
  });

  it('forgets a cluster that is gone with its last connection', () => {
    let clusters = [cluster('a')];
    const metrics = new UpstreamMetrics(() => clusters);
    metrics.onConnectionOpened('a');
    clusters = [];
    assert.deepEqual(linesOf(metrics.read(), 'upstream_connections'), []);
    clusters = [cluster('a')];
    assert.deepEqual(linesOf(metrics.read(), 'upstream_connections'), ['a 1']);
    clusters = [];
    metrics.onConnectionClosed('a');
    metrics.read();
    clusters = [cluster('a')];
    assert.deepEqual(linesOf(metrics.read(), 'upstream_connections_opened_total'), ['a 0']);
  });
});

describe('ejections of UpstreamMetrics', () => {
  it('are shown by kind where there is outlier detection, from 0 on, until the cluster is gone', () => {
    let clusters: readonly UpstreamSnapshot[] = [cluster('a'), { ...cluster('b'), detectsOutliers: true }];
    const metrics = new UpstreamMetrics(() => clusters);
    metrics.onEjection('b', 'success_rate');
    metrics.onEjection('b', 'success_rate');
    metrics.onEjection('b', 'consecutive_gateway_failure');
    const expected = ['b,consecutive_5xx 0', 'b,consecutive_gateway_failure 1', 'b,success_rate 2', 'b,failure_percentage 0'];
    assert.deepEqual(linesOf(metrics.read(), 'ejections_total'), expected);
    const [, detecting] = clusters;
    clusters = [];
    assert.deepEqual(linesOf(metrics.read(), 'ejections_total'), []);
    clusters = detecting === undefined ? [] : [detecting];
    assert.equal(linesOf(metrics.read(), 'ejections_total')[2], 'b,success_rate 0');
  });
});

describe('ProcessMetrics', () => {
  it('shows whether the newest configuration is in force, and lines that were dropped', () => {
    const metrics = new ProcessMetrics();
    const lines = (): readonly string[] => metrics.read().flatMap((family) => family.lines);
    assert.deepEqual(lines(), ['grpc_health_bridge_config_reload_success 1', 'grpc_health_bridge_access_log_dropped_total 0']);
    metrics.onReload(false);
    metrics.readAccessLogDropped = () => 7;
    assert.deepEqual(lines(), ['grpc_health_bridge_config_reload_success 0', 'grpc_health_bridge_access_log_dropped_total 7']);
    metrics.onReload(true);
    assert.equal(lines()[0], 'grpc_health_bridge_config_reload_success 1');
  });
});
