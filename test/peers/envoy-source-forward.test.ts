import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BridgeProcess } from './support/bridge.ts';
import { assignment, EnvoyProcess, http2Cluster, ResourceFile, typed } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { RouterClient } from './support/router-client.ts';
import { SERVICE, SystemS2 } from './support/system-s2.ts';
import { WorkFolder } from './support/work-folder.ts';

/** Which backends got calls, each about its share. */
function sharers(calls: readonly number[]): readonly number[] {
  const indexes = calls.flatMap((count, index) => (count === 0 ? [] : [index]));
  const share = calls.reduce((sum, count) => sum + count, 0) / indexes.length;
  assert.ok(
    indexes.every((index) => (calls[index] ?? 0) >= 0.7 * share),
    calls.join(' '),
  );
  return indexes;
}

describe('a bridge that finds its endpoints by an Envoy, and checks and calls them itself', { timeout: 120_000 }, () => {
  it('spreads calls over what its own checks pass, follows EDS, and goes on without the Envoy', async (t) => {
    await using folder = await WorkFolder.create();
    await using system = await SystemS2.start(folder);
    const [first = '', second = '', third = ''] = system.addresses;
    const eds = new ResourceFile(folder, 'eds.json');
    const assign = (...endpoints: Parameters<typeof assignment>[1]): Promise<void> =>
      eds.replace([typed('endpoint.v3.ClusterLoadAssignment', assignment('shop', endpoints))]);
    await assign({ address: first }, { address: second });
    // This Envoy checks nothing: to it, every host is healthy.
    const cluster = http2Cluster('shop', [], { type: 'EDS', eds_cluster_config: { eds_config: eds.source } });
    await using envoy = await EnvoyProcess.start({ static_resources: { clusters: [cluster] } });
    const [port = 0, admin = 0] = await freePorts(2);
    const discovery = { type: 'envoy', admin: envoy.adminUrl, clusters: ['shop'], pollInterval: '100ms', jitter: '0s' };
    const healthCheck = { type: 'grpc', services: [SERVICE], interval: '200ms', intervalJitter: '0s', unhealthyThreshold: 1 };
    await using bridge = await BridgeProcess.start(
      {
        listeners: [{ name: 'public', address: `127.0.0.1:${port}`, tls: { selfSigned: true } }],
        admin: { address: `127.0.0.1:${admin}` },
        clusters: [{ name: 'router', discovery, healthCheck }],
        routes: [{ name: 'router', match: { prefix: '/router.Router/' }, cluster: 'router' }],
      },
      { url: `http://127.0.0.1:${admin}` },
    );
    using client = new RouterClient(port);
    const measure = async (name: string, text: RegExp): Promise<readonly number[]> => {
      await bridge.untilText('/healthz', 200, text, 15_000);
      const phase = await system.measure(name, `https://127.0.0.1:${port}/`, client);
      assert.deepEqual([phase.health, phase.codes], ['200 ok', '30 OK'], name);
      return sharers(phase.calls);
    };
    assert.deepEqual(await measure('two listed', /^\[\+\]router ok\n/), [0, 1]);
    await system.say(0, 'NOT_SERVING');
    assert.deepEqual(await measure('one fails a check that Envoy does not make', /1 of 2 healthy/), [1]);
    await system.say(0, 'SERVING');
    await assign({ address: first }, { address: second }, { address: third });
    assert.deepEqual(await measure('three listed', /^\[\+\]router ok\n.*\n.*\n.*127/), [0, 1, 2]);
    await assign({ address: first }, { address: second, health: 'DRAINING' }, { address: third });
    assert.deepEqual(await measure('one drains', /2 of 2 healthy, 1 draining/), [0, 2]);
    await envoy.kill();
    assert.deepEqual(await measure('Envoy is gone', /discovery failed: Envoy at .*connection refused/), [0, 2]);
    await system.say(0, 'NOT_SERVING');
    await system.say(2, 'NOT_SERVING');
    await bridge.untilStatus('/healthz', 503);
    await system.say(2, 'SERVING');
    assert.deepEqual(await measure('one is back, Envoy is not', /1 of 2 healthy/), [2]);
    for (const line of system.table) {
      t.diagnostic(line);
    }
    bridge.child.assertRunning();
  });
});
