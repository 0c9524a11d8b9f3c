import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestBridge } from '../support/test-bridge.ts';
import {
  assignment,
  type EnvoyPart,
  EnvoyProcess,
  http2Cluster,
  httpListener,
  prefixRoute,
  ResourceFile,
  typed,
} from './support/envoy.ts';
import { shownOrders, untilOrders } from './support/envoy-view.ts';
import { eventually } from './support/eventually.ts';
import { freePort } from './support/free-ports.ts';
import { HealthClient } from './support/health-client.ts';
import { HealthPeer } from './support/health-peer.ts';
import { WorkFolder } from './support/work-folder.ts';

function startBridge(envoy: EnvoyProcess, source: EnvoyPart, cluster: EnvoyPart = {}): Promise<TestBridge> {
  const discovery = { type: 'envoy', admin: envoy.adminUrl, pollInterval: '100ms', jitter: '0s', ...source };
  return TestBridge.start({ clusters: [{ name: 'orders', discovery, ...cluster }] });
}

/** Addresses that nobody needs to listen on, as nothing checks them. */
const HOSTS = ['127.0.0.1:21901', '127.0.0.1:21902', '127.0.0.1:21903'] as const;

describe('a bridge over an Envoy whose hosts change', { timeout: 120_000 }, () => {
  it('shows an ejection by outlier detection, and its end', async () => {
    await using first = await HealthPeer.start('grpc-go');
    await using second = await HealthPeer.start('grpc-go');
    const port = await freePort();
    const cluster = http2Cluster('shop', [first.address, second.address], {
      outlier_detection: {
        consecutive_5xx: 2,
        interval: '0.2s',
        base_ejection_time: '1s',
        max_ejection_percent: 100,
        enforcing_consecutive_5xx: 100,
      },
    });
    await using envoy = await EnvoyProcess.start({
      static_resources: { listeners: [httpListener(port, [prefixRoute('/', 'shop')])], clusters: [cluster] },
    });
    await using test = await startBridge(envoy, { clusters: ['shop'] });
    await untilOrders(test, '200 healthy healthy');
    using client = new HealthClient(`127.0.0.1:${port}`);
    const call = async (): Promise<string> => client.check('', 2_000).catch((error: unknown) => String(error));
    const callUntil = (wanted: string): Promise<string> =>
      eventually(
        wanted,
        async () => {
          await call();
          return shownOrders(test);
        },
        (seen) => seen === wanted,
        { deadlineMs: 20_000 },
      );
    await second.set({ behaviour: { kind: 'error', code: 14 } });
    await callUntil('200 ejected/failed_outlier_check healthy');
    await first.set({ behaviour: { kind: 'error', code: 14 } });
    await callUntil('503 ejected/failed_outlier_check ejected/failed_outlier_check');
    for (const peer of [first, second]) {
      await peer.set({ behaviour: { kind: 'answer' } });
    }
    await untilOrders(test, '200 healthy healthy', 30_000);
    assert.equal(await call(), 'SERVING');
  });

  it('shows what EDS says of each, and hosts that come and go', async () => {
    await using folder = await WorkFolder.create();
    const eds = new ResourceFile(folder, 'eds.json');
    const [a, b, c] = HOSTS;
    const assign = (...endpoints: Parameters<typeof assignment>[1]): Promise<void> =>
      eds.replace([typed('endpoint.v3.ClusterLoadAssignment', assignment('shop', endpoints))]);
    await assign({ address: a }, { address: b });
    const cluster = http2Cluster('shop', [], { type: 'EDS', eds_cluster_config: { eds_config: eds.source } });
    await using envoy = await EnvoyProcess.start({ static_resources: { clusters: [cluster] } });
    await using test = await startBridge(envoy, { clusters: ['shop'] }, { healthyWhen: 'all' });
    await untilOrders(test, '200 healthy healthy');
    await assign({ address: a }, { address: b, health: 'DRAINING' });
    // One that leaves does not count among `all`.
    await untilOrders(test, '200 draining/eds_status_draining healthy');
    await assign({ address: a, health: 'DEGRADED' }, { address: b, health: 'UNHEALTHY' });
    await untilOrders(test, '503 degraded/degraded_eds_health unhealthy/failed_eds_health');
    await assign({ address: a, health: 'DEGRADED' });
    await untilOrders(test, '200 degraded/degraded_eds_health');
    assert.equal((await test.get('/healthz')).headers.get('x-health-status'), 'degraded');
    await assign({ address: c, health: 'HEALTHY' }, { address: b, health: 'TIMEOUT' });
    await untilOrders(test, '503 healthy unhealthy/failed_eds_health');
    await assign();
    await untilOrders(test, '503');
    assert.match((await test.get('/healthz?verbose')).body, /failed: no endpoints/);
    await assign({ address: c });
    await untilOrders(test, '200 healthy');
  });

  it('follows clusters that are added, replaced and removed while Envoy runs', async () => {
    await using folder = await WorkFolder.create();
    const cds = new ResourceFile(folder, 'cds.json');
    const [a, b, c] = HOSTS;
    const show = (...clusters: readonly EnvoyPart[]): Promise<void> =>
      cds.replace(clusters.map((cluster) => typed('cluster.v3.Cluster', cluster)));
    await show(http2Cluster('shop', [a]));
    await using envoy = await EnvoyProcess.start({
      static_resources: { clusters: [http2Cluster('fixed', [c])] },
      dynamic_resources: { cds_config: cds.source },
    });
    await using named = await startBridge(envoy, { clusters: ['shop'] });
    await using every = await startBridge(envoy, { clusters: 'all' });
    await using added = await startBridge(envoy, { clusters: 'dynamic' });
    await untilOrders(named, '200 healthy');
    await untilOrders(every, '200 healthy healthy');
    await untilOrders(added, '200 healthy');
    await show(http2Cluster('shop', [a, b]), http2Cluster('stock', [b]));
    await untilOrders(named, '200 healthy healthy');
    await untilOrders(every, '200 healthy healthy healthy');
    await untilOrders(added, '200 healthy healthy');
    await show(http2Cluster('stock', [b]));
    // A cluster that is gone may be one that is warming anew: its hosts stay, and fail by the threshold.
    await untilOrders(named, '503 unhealthy unhealthy');
    assert.match((await named.get('/healthz?verbose')).body, /Envoy lists no cluster shop/);
    await untilOrders(every, '200 healthy healthy');
    await untilOrders(added, '200 healthy');
    await show();
    await untilOrders(added, '503');
    await untilOrders(every, '200 healthy');
    await show(http2Cluster('shop', [a]));
    await untilOrders(named, '200 healthy');
  });

  it('is not moved by listeners that drain, which says nothing of hosts, and is by maintenance', async () => {
    const port = await freePort();
    await using envoy = await EnvoyProcess.start({
      static_resources: {
        listeners: [httpListener(port, [prefixRoute('/', 'shop')])],
        clusters: [http2Cluster('shop', [HOSTS[0]])],
      },
    });
    await using test = await startBridge(envoy, { clusters: ['shop'] });
    await using lenient = await startBridge(envoy, { clusters: ['shop'], requireLive: false });
    await untilOrders(test, '200 healthy');
    await envoy.post('/drain_listeners?graceful&skip_exit');
    const polls = (): number => test.lines.filter(({ msg }) => msg === 'health check').length;
    const seen = polls();
    await eventually('three more polls', polls, (now) => now >= seen + 3);
    assert.equal(await shownOrders(test), '200 healthy');
    await envoy.post('/healthcheck/fail');
    await untilOrders(test, '503 unhealthy');
    await untilOrders(lenient, '200 healthy');
    await eventually(
      'the state is shown all the same',
      () => lenient.get('/healthz?verbose'),
      ({ body }) => body.includes('ok (its Envoy is DRAINING)'),
    );
    await envoy.post('/healthcheck/ok');
    await untilOrders(test, '200 healthy');
  });
});
