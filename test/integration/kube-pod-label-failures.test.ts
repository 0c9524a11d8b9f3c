import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_PODS } from '../../src/discovery/kubernetes/pod.ts';
import type { DiscoveryUpdate } from '../../src/model/discovery-update.ts';
import { LabelledService, podSlice } from '../support/labelled-service.ts';
import { KubeApi } from '../support/peers/kube-api.ts';
import { plainAccess, WatchedService } from '../support/watched-service.ts';

const isRefused = (last: string): boolean => last.includes('may not list and watch endpointslices (403)');

describe('labels of pods, where something is refused', () => {
  it('name the permission that is missing; endpoints come and go all the same', async () => {
    await using api = await KubeApi.start();
    api.forbidden = 'pods';
    api.put('app-1', podSlice({ '10.0.0.1': 'app-a' }));
    await using service = new LabelledService(api);
    const reason =
      'failed: Service shop/app: labels of pods: the service account may not list and watch pods (403): pods is forbidden';
    await service.service.until((last) => last === reason && JSON.stringify(service.labels) === '[null]');
    api.put('app-1', podSlice({ '10.0.0.1': 'app-a', '10.0.0.2': 'app-b' }));
    await service.service.until((last) => last === reason && JSON.stringify(service.labels) === '[null,null]');
    api.forbidden = null;
    api.putPod('app-a', { version: 'v1' });
    await service.until({ version: 'v1' }, null);
    await service.service.until('10.0.0.1 10.0.0.2');
  });

  it('stay as they were while pods cannot be watched', async () => {
    await using api = await KubeApi.start();
    api.putPod('app-a', { version: 'v1' });
    api.put('app-1', podSlice({ '10.0.0.1': 'app-a' }));
    await using service = new LabelledService(api);
    await service.until({ version: 'v1' });
    await service.service.until(() => api.watchesOf('pods') === 1);
    api.forbidden = 'pods';
    api.endWatches('ended');
    await service.service.until((last) => last.includes('may not list and watch pods (403)'));
    await service.until({ version: 'v1' });
  });

  it('change while slices cannot be watched, and endpoints do not', async () => {
    await using api = await KubeApi.start();
    api.putPod('app-a', { version: 'v1' });
    api.put('app-1', podSlice({ '10.0.0.1': 'app-a' }));
    await using service = new LabelledService(api);
    await service.until({ version: 'v1' });
    await service.service.until(() => api.watchesOf('pods') === 1 && api.watches === 1);
    api.forbidden = 'endpointslices';
    api.endWatches('ended');
    await service.service.until(isRefused);
    api.put('app-1', podSlice({ '10.0.0.1': 'app-a', '10.0.0.2': 'app-b' }));
    api.putPod('app-a', { version: 'v2' });
    await service.until({ version: 'v2' });
    assert.ok(isRefused(service.service.last), service.service.last);
    api.forbidden = null;
    await service.service.until('10.0.0.1 10.0.0.2');
  });

  it('tell of no endpoints before slices are known', async () => {
    await using api = await KubeApi.start();
    api.forbidden = 'endpointslices';
    api.putPod('app-a', { version: 'v1' });
    const told: DiscoveryUpdate[] = [];
    await using service = new WatchedService(() => Promise.resolve({ kind: 'access', access: plainAccess(api.url) }), {
      podLabels: true,
      onUpdate: (update) => told.push(update),
    });
    await service.until(() => api.watchesOf('pods') === 1 && told.length > 0);
    api.putPod('app-a', { version: 'v2' });
    const said = told.length;
    await service.until(() => told.length > said);
    assert.ok(told.every(({ kind, endpoints }) => kind === 'failed' && endpoints === undefined));
  });

  it(`are refused above ${MAX_PODS} pods, and at most 64 of a pod`, async () => {
    await using api = await KubeApi.start();
    api.put('app-1', podSlice({ '10.0.0.1': 'pod-0' }));
    const many = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`label-${index}`, 'x']));
    api.putPod('pod-0', { ...many, 'label-0': 'x'.repeat(1000), 'label-1': 7 });
    for (let index = 1; index < MAX_PODS; index += 1) {
      api.putPod(`pod-${index}`, {});
    }
    await using service = new LabelledService(api);
    await service.until(
      Object.fromEntries(
        Object.entries(many)
          .slice(2, 66)
          .map(([name]) => [name, 'x']),
      ),
    );
    await service.service.until(() => api.watchesOf('pods') === 1);
    api.putPod('one-more', {});
    await service.service.until(`failed: Service shop/app: labels of pods: more than ${MAX_PODS} pods`);
    api.remove('one-more', 'pods');
    await service.service.until('10.0.0.1');
  });
});
