import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluateOnce } from '../../src/bridge/evaluation.ts';
import { loadMonitorOptions } from '../../src/bridge/monitor-options.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import type { ReadAccess } from '../../src/discovery/kubernetes/access.ts';
import { RESYNC_MS } from '../../src/discovery/kubernetes/reflector.ts';
import { systemClock } from '../../src/util/clock.ts';
import { kubeconfig } from '../support/kubeconfig.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { KubeApi, sliceOf } from '../support/peers/kube-api.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';
import { plainAccess, WatchedService } from '../support/watched-service.ts';

function access(api: KubeApi, token: () => string = () => 'one'): ReadAccess {
  return () => Promise.resolve({ kind: 'access', access: plainAccess(api.url, token()) });
}

function lists(api: KubeApi): number {
  return api.requests.filter(({ query }) => !query.has('watch')).length;
}

function watchRequests(api: KubeApi): readonly string[] {
  return api.requests.flatMap(({ query }) => (query.get('watch') === '1' ? [query.get('resourceVersion') ?? ''] : []));
}

describe('kubernetes discovery', () => {
  it('lists and follows the slices of one Service in its own namespace', async () => {
    await using api = await KubeApi.start();
    api.put('app-1', sliceOf(['10.0.0.1']));
    await using service = new WatchedService(access(api));
    await service.until('10.0.0.1');
    api.put('app-2', sliceOf(['10.0.0.2']));
    await service.until('10.0.0.1 10.0.0.2');
    api.put('app-1', sliceOf(['10.0.0.1', '10.0.0.3']));
    await service.until('10.0.0.1 10.0.0.3 10.0.0.2');
    api.remove('app-1');
    await service.until('10.0.0.2');
    api.put('app-2', sliceOf([]));
    await service.until('');
    assert.equal(api.requests[0]?.path, '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices');
    assert.equal(api.requests[0]?.query.get('labelSelector'), 'kubernetes.io/service-name=app');
  });

  it('takes a list of several pages as one', async () => {
    await using api = await KubeApi.start();
    api.pageSize = 1;
    ['10.0.0.1', '10.0.0.2', '10.0.0.3'].forEach((address) => api.put(`app-${address}`, sliceOf([address])));
    await using service = new WatchedService(access(api));
    await service.until('10.0.0.1 10.0.0.2 10.0.0.3');
    assert.ok(service.said.every((each) => each === service.last));
  });

  for (const goneAs of ['status', 'event'] as const) {
    it(`lists again after 410 as ${goneAs}, and keeps its endpoints meanwhile`, async () => {
      await using api = await KubeApi.start();
      api.goneAs = goneAs;
      api.put('app-1', sliceOf(['10.0.0.1']));
      await using service = new WatchedService(access(api));
      await service.until(() => api.watches === 1);
      api.put('app-2', sliceOf(['10.0.0.2']));
      api.forget();
      api.endWatches('cut');
      await service.until('10.0.0.1 10.0.0.2');
      await service.until(() => lists(api) >= 2);
      assert.ok(!service.said.some((each) => each === '' || each.startsWith('failed')), service.said.join(' | '));
    });
  }

  for (const how of ['ended', 'cut'] as const) {
    it(`goes on where a watch was ${how}, without losing what came between`, async () => {
      await using api = await KubeApi.start();
      api.put('app-1', sliceOf(['10.0.0.1']));
      await using service = new WatchedService(access(api));
      await service.until(() => api.watches === 1);
      api.bookmark();
      api.endWatches(how);
      api.put('app-2', sliceOf(['10.0.0.2']));
      await service.until('10.0.0.1 10.0.0.2');
      assert.equal(lists(api), 1);
    });
  }

  it('goes on from a bookmark', async () => {
    await using api = await KubeApi.start();
    await using service = new WatchedService(access(api));
    await service.until(() => api.watches === 1);
    const said = service.said.length;
    api.write('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"777"}}}\n');
    await service.until(() => service.said.length > said);
    api.endWatches('cut');
    await service.until(() => watchRequests(api).length >= 2);
    assert.equal(watchRequests(api)[1], '777');
  });

  it('reads events that come octet by octet', async () => {
    await using api = await KubeApi.start();
    await using service = new WatchedService(access(api));
    await service.until(() => api.watches === 1);
    const object = { ...sliceOf(['10.0.0.9']), metadata: { name: 'slow', resourceVersion: '500' } };
    for (const letter of `${JSON.stringify({ type: 'ADDED', object })}\n`) {
      api.write(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await service.until('10.0.0.9');
  });

  it('says what is not allowed, and uses a new token as soon as there is one', async () => {
    await using api = await KubeApi.start();
    api.tokens = new Set(['two']);
    api.put('app-1', sliceOf(['10.0.0.1']));
    let token = 'one';
    await using service = new WatchedService(access(api, () => token));
    await service.until('failed: Service shop/app: the API server does not accept the token or certificate (401)');
    token = 'two';
    await service.until('10.0.0.1');
  });

  it('names the permission that is missing', async () => {
    await using api = await KubeApi.start();
    api.allowed = false;
    await using service = new WatchedService(access(api));
    await service.until((last) => last.includes('may not list and watch endpointslices (403): endpointslices.discovery'));
  });

  it('keeps the last endpoints while the API server is away, and says so', async () => {
    const api = await KubeApi.start();
    api.put('app-1', sliceOf(['10.0.0.1']));
    await using service = new WatchedService(access(api));
    await service.until(() => api.watches === 1);
    await api[Symbol.asyncDispose]();
    await service.until((last) => last.startsWith('failed: Service shop/app: the API server cannot be reached'));
    assert.ok(!service.said.includes(''));
  });

  it('lists again after an event that is none, or too large', async () => {
    await using api = await KubeApi.start();
    api.put('app-1', sliceOf(['10.0.0.1']));
    await using service = new WatchedService(access(api));
    await service.until(() => api.watches === 1);
    api.write('nonsense\n');
    await service.until(() => lists(api) >= 2 && api.watches === 1);
    api.write('x'.repeat(4_200_000));
    await service.until((last) => last === 'failed: Service shop/app: an event has more than 4194304 octets');
    await service.until('10.0.0.1');
  });

  it('lets drain what terminates, until it is gone', async () => {
    await using api = await KubeApi.start();
    const going = { ready: false, serving: true, terminating: true };
    api.put('app-1', sliceOf(['10.0.0.1']));
    api.put('app-2', sliceOf(['10.0.0.2']));
    await using service = new WatchedService(access(api));
    await service.until('10.0.0.1 10.0.0.2');
    api.put('app-1', sliceOf(['10.0.0.1'], going));
    await service.until('10.0.0.2 (10.0.0.1)');
    // The last ones go on serving, as there is nobody else.
    api.put('app-2', sliceOf(['10.0.0.2'], going));
    await service.until('10.0.0.1 10.0.0.2');
    api.remove('app-1');
    api.put('app-2', sliceOf(['10.0.0.2'], { ...going, serving: false }));
    await service.until('(10.0.0.2)');
    api.remove('app-2');
    await service.until('');
  });

  it('lists again and again where watches break as soon as they begin', async () => {
    await using api = await KubeApi.start();
    api.breaksWatches = true;
    await using service = new WatchedService(access(api));
    await service.until(() => watchRequests(api).length >= 2);
    api.put('app-1', sliceOf(['10.0.0.1']));
    await service.until('10.0.0.1');
    assert.ok(!service.said.some((each) => each.startsWith('failed')), service.said.join(' | '));
  });

  it('lists everything anew after a quarter of an hour', async () => {
    await using api = await KubeApi.start();
    let laterMs = 0;
    await using service = new WatchedService(access(api), {
      clock: { ...systemClock, now: () => systemClock.now() + laterMs },
    });
    await service.until(() => api.watches === 1);
    api.bookmark();
    laterMs = RESYNC_MS - 1_000;
    api.endWatches('ended');
    await service.until(() => api.watches === 1);
    assert.equal(lists(api), 1);
    laterMs = RESYNC_MS;
    api.endWatches('ended');
    await service.until(() => lists(api) === 2);
  });

  it('makes a cluster of the bridge, by the credentials of a kubeconfig', async () => {
    await using api = await KubeApi.start();
    await using backend = await GrpcBackend.start({ services: { '': 'SERVING' } });
    const port = Number(backend.key.slice(backend.key.lastIndexOf(':') + 1));
    api.tokens = new Set(['secret']);
    api.put('app-1', sliceOf(['127.0.0.1'], { ready: true }, port));
    await using files = await writeTestFiles({ config: kubeconfig(api.url) });
    process.env['KUBECONFIG'] = files.path('config');
    try {
      await using bridge = await TestBridge.start({
        clusters: [
          { name: 'app', discovery: { type: 'kubernetes', service: 'app', port: 'grpc' }, healthCheck: { interval: '100ms' } },
        ],
      });
      await bridge.untilHealthy(true);
      const first = { addresses: ['127.0.0.1'], conditions: { ready: true }, zone: 'zone-a' };
      const second = { addresses: ['127.0.0.2'], conditions: { ready: true }, zone: 'zone-b' };
      api.put('app-1', { ...sliceOf([], {}, port), endpoints: [first, second] });
      await bridge.untilLogged('endpoints changed', ({ endpoints }) => endpoints === 2);
      const terminating = { ...second, conditions: { ready: false, serving: true, terminating: true } };
      api.put('app-1', { ...sliceOf([], {}, port), endpoints: [first, terminating] });
      await bridge.untilLogged('endpoint state changed', ({ toState }) => toState === 'draining');
      const { body } = await bridge.get('/healthz?verbose');
      assert.match(body, /^\[\+\]app ok: 1 of 1 healthy, 1 draining$/m);
      assert.match(body, /draining since \S+ \(zone-b\): the pod is terminating$/m);
      assert.ok(body.includes(`[+]${backend.key} ok (zone-a)\n`), body);
      api.put('app-1', sliceOf(['127.0.0.1'], { ready: false }, port));
      await bridge.untilHealthy(false);
    } finally {
      delete process.env['KUBECONFIG'];
    }
  });

  it('is judged at once by a single look, which does not wait for what drains', { timeout: 10_000 }, async () => {
    await using api = await KubeApi.start();
    await using backend = await GrpcBackend.start({ services: { '': 'SERVING' } });
    const port = Number(backend.key.slice(backend.key.lastIndexOf(':') + 1));
    const gone = { addresses: ['127.0.0.2'], conditions: { ready: false, serving: true, terminating: true } };
    api.put('app-1', { ...sliceOf([], {}, port), endpoints: [{ addresses: ['127.0.0.1'] }, gone] });
    await using files = await writeTestFiles({ config: kubeconfig(api.url) });
    process.env['KUBECONFIG'] = files.path('config');
    try {
      const discovery = { type: 'kubernetes', service: 'app', port: 'grpc' };
      const clusters = [{ name: 'app', discovery, healthyWhen: 'all' }];
      const options = await loadMonitorOptions(resolveConfig({ listeners: [{ address: '127.0.0.1:0' }], clusters }));
      const { verdict, reached } = await evaluateOnce(options, { clock: systemClock, random: () => 0, userAgent: 'test' });
      assert.deepEqual([reached, verdict.clusters.get('app')?.summary], ['answered', '1 of 1 healthy, 1 draining']);
    } finally {
      delete process.env['KUBECONFIG'];
    }
  });
});
