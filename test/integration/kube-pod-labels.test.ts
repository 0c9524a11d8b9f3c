import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DiscoveryUpdate } from '../../src/model/discovery-update.ts';
import { withTraits } from '../../src/model/endpoint.ts';
import { EchoClient } from '../support/echo-client.ts';
import { kubeconfig } from '../support/kubeconfig.ts';
import { LabelledService, podSlice } from '../support/labelled-service.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { KubeApi, sliceOf } from '../support/peers/kube-api.ts';
import { portOf } from '../support/rest-bridge.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';
import { plainAccess, WatchedService } from '../support/watched-service.ts';

function target(address: string, targetRef: object): object {
  return { addresses: [address], targetRef };
}

function portOfKey(key: string): number {
  return Number(key.slice(key.lastIndexOf(':') + 1));
}

function podRequests(api: KubeApi): readonly string[] {
  return api.requests.flatMap(({ path, query }) =>
    path.endsWith('/pods') ? [`${path} ${query.has('watch') ? 'watch' : 'list'}`] : [],
  );
}

describe('labels of pods', () => {
  it('come with their endpoints, or later, and change with them', async () => {
    await using api = await KubeApi.start();
    api.putPod('app-a', { version: 'v1' });
    api.put('app-1', podSlice({ '10.0.0.1': 'app-a', '10.0.0.2': 'app-b' }));
    await using service = new LabelledService(api);
    await service.until({ version: 'v1' }, null);
    api.putPod('app-b', { version: 'v2' });
    await service.until({ version: 'v1' }, { version: 'v2' });
    api.putPod('app-a', { version: 'v3', tier: 'web' });
    await service.until({ version: 'v3', tier: 'web' }, { version: 'v2' });
    api.remove('app-b', 'pods');
    await service.until({ version: 'v3', tier: 'web' }, null);
    assert.deepEqual([...new Set(podRequests(api))], ['/api/v1/namespaces/shop/pods list', '/api/v1/namespaces/shop/pods watch']);
    // Pods are asked for by their metadata alone, slices as a whole.
    assert.deepEqual([...new Set(api.requests.map(({ accept }) => accept))].toSorted(), [
      'application/json',
      'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json',
      'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json',
    ]);
    assert.ok(
      service.service.said.every((each) => each === '10.0.0.1 10.0.0.2'),
      service.service.said.join(' | '),
    );
  });

  it('go before those of the source', async () => {
    await using api = await KubeApi.start();
    api.putPod('app-a', { version: 'v1' });
    api.put('app-1', podSlice({ '10.0.0.1': 'app-a' }));
    const told: DiscoveryUpdate[] = [];
    await using service = new WatchedService(() => Promise.resolve({ kind: 'access', access: plainAccess(api.url) }), {
      podLabels: true,
      onUpdate: (update) => told.push(update),
    });
    await service.until(() => told.at(-1)?.endpoints?.[0]?.labels !== undefined);
    const [endpoint] = told.at(-1)?.endpoints ?? [];
    assert.ok(endpoint !== undefined);
    assert.deepEqual(withTraits(endpoint, { labels: { version: 'v0', zone: 'a' } }).labels, { version: 'v1', zone: 'a' });
  });

  it('are none for what is no pod, or one of another namespace', async () => {
    await using api = await KubeApi.start();
    ['a', 'b', 'c'].forEach((name) => api.putPod(name, { name }));
    const endpoints = [
      target('10.0.0.1', { kind: 'Node', name: 'a' }),
      target('10.0.0.2', { kind: 'Pod', name: 'b', namespace: 'other' }),
      target('10.0.0.3', { kind: 'Pod', name: 'c', namespace: 'shop' }),
    ];
    api.put('app-1', { ...sliceOf([]), endpoints });
    await using service = new LabelledService(api);
    await service.until(null, null, { name: 'c' });
  });

  it('tell nothing where a pod changes in other ways', async () => {
    await using api = await KubeApi.start();
    api.putPod('app-a', { version: 'v1' });
    api.put('app-1', podSlice({ '10.0.0.1': 'app-a' }));
    await using service = new LabelledService(api);
    await service.until({ version: 'v1' });
    await service.service.until(() => api.watchesOf('pods') === 1 && api.watches === 1);
    const said = service.service.said.length;
    for (let round = 0; round < 5; round += 1) {
      api.putPod('app-a', { version: 'v1' });
    }
    api.putPod('app-a', { version: 'v2' });
    await service.until({ version: 'v2' });
    assert.ok(service.service.said.length <= said + 2, String(service.service.said.length - said));
  });

  it('are not asked for unless they are wanted', async () => {
    await using api = await KubeApi.start();
    api.putPod('app-a', { version: 'v1' });
    api.put('app-1', podSlice({ '10.0.0.1': 'app-a' }));
    const told: DiscoveryUpdate[] = [];
    await using service = new WatchedService(() => Promise.resolve({ kind: 'access', access: plainAccess(api.url) }), {
      onUpdate: (update) => told.push(update),
    });
    await service.until(() => api.watches === 1);
    api.bookmark();
    await service.until('10.0.0.1');
    assert.deepEqual(podRequests(api), []);
    assert.equal(told.at(-1)?.endpoints?.[0]?.labels, undefined);
  });

  it('move calls of a subset as they change, without a connection anew', async () => {
    await using api = await KubeApi.start();
    await using one = await EchoBackend.start();
    await using other = await EchoBackend.start();
    api.putPod('one', { version: 'v1' });
    api.putPod('other', { version: 'v2' });
    api.put('app-1', podSlice({ '127.0.0.1': 'one' }, portOfKey(one.endpoint.key)));
    api.put('app-2', podSlice({ '127.0.0.1': 'other' }, portOfKey(other.endpoint.key)));
    await using files = await writeTestFiles({ config: kubeconfig(api.url) });
    process.env['KUBECONFIG'] = files.path('config');
    try {
      const discovery = { type: 'kubernetes', service: 'app', port: 'grpc', podLabels: true, labels: { version: 'v0' } };
      const subsets = { keys: ['version'], fallback: 'none' };
      await using bridge = await TestBridge.start({
        clusters: [{ name: 'echo', discovery, healthCheck: { type: 'none' }, subsets }],
        routes: [{ name: 'echo', clusters: [{ name: 'echo', subset: { version: 'v1' } }] }],
      });
      await bridge.untilHealthy(true);
      using client = new EchoClient(portOf(bridge));
      const untilCalled = async (backend: EchoBackend): Promise<void> => {
        const [calls, deadline] = [backend.executed.length, AbortSignal.timeout(5_000)];
        while (backend.executed.length === calls) {
          deadline.throwIfAborted();
          await client.unary(Buffer.from('x'));
        }
      };
      await untilCalled(one);
      api.putPod('other', { version: 'v1' });
      await untilCalled(other);
      const accepted = [one.accepted, other.accepted];
      api.putPod('one', { version: 'v2' });
      await untilCalled(other);
      api.putPod('other', {});
      api.putPod('one', { version: 'v1' });
      await untilCalled(one);
      assert.deepEqual([one.accepted, other.accepted], accepted);
    } finally {
      delete process.env['KUBECONFIG'];
    }
  });
});
