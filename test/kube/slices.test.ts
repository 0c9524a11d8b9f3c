import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findAccess } from '../../src/discovery/kubernetes/access.ts';
import type { DiscoveryUpdate } from '../../src/model/discovery-update.ts';
import { WatchedService, type WatchedServiceOptions } from '../support/watched-service.ts';
import { ControlPlane } from './support/control-plane.ts';
import type { KubeObject } from './support/kube-admin.ts';
import { endpointSlice, type Pod, podObject } from './support/pods.ts';

/** One of the slices of the Service `many`, with a hundred pods that are others in each round. */
function manySlice(slice: number, round: number): KubeObject {
  const pods = Array.from({ length: 100 }, (_, index) => ({ host: `10.${100 + round}.${slice}.${index + 1}` }));
  return endpointSlice(`many-${slice}`, pods, { service: 'many' });
}

describe('EndpointSlices of a real API server', { timeout: 180_000 }, () => {
  let plane: ControlPlane;
  let kubeconfig = '';
  before(async () => {
    plane = await ControlPlane.start();
    kubeconfig = await plane.writeKubeconfig('watcher.json');
  });
  after(() => plane[Symbol.asyncDispose]());

  function watch(service: string, options: WatchedServiceOptions = {}): WatchedService {
    return new WatchedService(findAccess({ environment: { KUBECONFIG: kubeconfig } }), { ...options, service });
  }

  it('are followed as they come, change, terminate and go', async () => {
    const put = (name: string, pods: readonly Pod[]): Promise<unknown> =>
      plane.admin.apply(endpointSlice(name, pods, { service: 'life' }));
    await using service = watch('life');
    await service.until('');
    await put('life-1', [{ host: '10.1.0.1', phase: 'notReady' }]);
    await put('life-1', [{ host: '10.1.0.1' }]);
    await service.until('10.1.0.1');
    await put('life-2', [{ host: '10.1.0.2', zone: 'a' }, { host: '10.1.0.3' }]);
    await service.until('10.1.0.1 10.1.0.2 10.1.0.3');
    await put('life-1', [{ host: '10.1.0.1', phase: 'terminating' }]);
    await service.until('10.1.0.2 10.1.0.3 (10.1.0.1)');
    await put('life-2', [
      { host: '10.1.0.2', phase: 'terminating' },
      { host: '10.1.0.3', phase: 'terminated' },
    ]);
    // Nobody is ready, so that those that still serve go on.
    await service.until('10.1.0.1 10.1.0.2 (10.1.0.3)');
    await plane.admin.remove('EndpointSlice', 'life-1');
    await service.until('10.1.0.2 (10.1.0.3)');
    await plane.admin.remove('EndpointSlice', 'life-2');
    await service.until('');
    assert.ok(!service.said.some((each) => each.startsWith('failed')), service.said.join(' | '));
  });

  it('have the labels of their pods where they are wanted', async () => {
    await plane.admin.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } });
    await plane.admin.apply(podObject('pod-1', { version: 'v1' }));
    await plane.admin.apply(endpointSlice('pods', [{ host: '10.4.0.1', name: 'pod-1' }], { service: 'pods' }));
    let version: string | undefined;
    const onUpdate = ({ endpoints }: DiscoveryUpdate): void => {
      version = endpoints?.[0]?.labels?.['version'];
    };
    await using service = watch('pods', { podLabels: true, onUpdate });
    await service.until(() => version === 'v1');
    await plane.admin.apply(podObject('pod-1', { version: 'v2' }));
    await service.until(() => version === 'v2');
    assert.ok(
      service.said.every((each) => each === '10.4.0.1'),
      service.said.join(' | '),
    );
  });

  it('of other Services and names do not count', async () => {
    await plane.admin.apply(endpointSlice('mine', [{ host: '10.2.0.1' }], { service: 'mine' }));
    await plane.admin.apply(endpointSlice('mine-too', [{ host: '10.2.0.2' }], { service: 'mine-too' }));
    await using service = watch('mine');
    await service.until('10.2.0.1');
  });

  it('may have another port number each, and two families', async () => {
    const ports = [
      { name: 'grpc', port: 6_000 },
      { name: 'http', port: 80 },
    ];
    await plane.admin.apply(endpointSlice('dual-4', [{ host: '10.3.0.1' }], { service: 'dual' }));
    await plane.admin.apply(endpointSlice('dual-6', [{ host: 'fd00::3:1' }], { service: 'dual', family: 'IPv6', ports }));
    for (const [options, wanted] of [
      [{}, '[fd00::3:1]:6000'],
      [{ family: 'v4' }, '10.3.0.1'],
      [{ family: 'all' }, '[fd00::3:1]:6000 10.3.0.1'],
      [{ port: 'http', family: 'v6' }, '[fd00::3:1]:80'],
      [{ port: 'other' }, 'failed: Service default/dual: no endpoint has a port named other (they have grpc, http)'],
    ] as const) {
      await using service = watch('dual', options);
      await service.until(wanted);
    }
  });

  it('are followed over a restart of the API server', async () => {
    await plane.admin.apply(endpointSlice('again', [{ host: '10.4.0.1' }], { service: 'again' }));
    await using service = watch('again');
    await service.until('10.4.0.1');
    await plane.killApi();
    await service.until((last) => last.startsWith('failed: Service default/again: the API server cannot be reached'));
    await plane.startApi();
    await service.until('10.4.0.1');
    await plane.admin.apply(endpointSlice('again', [{ host: '10.4.0.2' }], { service: 'again' }));
    await service.until('10.4.0.2');
    assert.ok(!service.said.includes(''));
  });

  it('lose no update at 1,000 endpoints that change as fast as the server takes it', async () => {
    const all = Array.from({ length: 10 }, (_, slice) => slice);
    await Promise.all(all.map((slice) => plane.admin.apply(manySlice(slice, 0))));
    await using service = watch('many');
    await service.until((last) => last.split(' ').length === 1_000);
    const startedAt = performance.now();
    for (let round = 1; round <= 10; round += 1) {
      await Promise.all(all.map((slice) => plane.admin.apply(manySlice(slice, round))));
      await sleep(Math.max(0, startedAt + round * 200 - performance.now()));
    }
    const wanted = all.flatMap((slice) => Array.from({ length: 100 }, (_, index) => `10.110.${slice}.${index + 1}`)).toSorted();
    await service.until((last) => last.split(' ').toSorted().join() === wanted.join());
    assert.ok(!service.said.some((each) => each.startsWith('failed')), 'failed on the way');
  });
});
