import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, it } from 'node:test';
import type { ApiAccess } from '../../src/discovery/kubernetes/access.ts';
import { COALESCE_MS, KubernetesDiscovery } from '../../src/discovery/kubernetes/kubernetes.ts';
import { systemClock } from '../../src/util/clock.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { KubeApi, sliceOf } from '../support/peers/kube-api.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';

const DEADLINE_MS = 5_000;

/** A source that watches the Service `app` of a stand-in, with everything it said. */
class WatchedService implements AsyncDisposable {
  readonly said: string[] = [];
  token = 'one';
  readonly #controller = new AbortController();
  readonly #events = new EventEmitter<{ update: [] }>();
  readonly #done: Promise<void>;

  constructor(api: KubeApi) {
    const source = new KubernetesDiscovery(
      { service: 'app', namespace: null, port: 'grpc', family: 'auto' },
      {
        clock: systemClock,
        random: () => 0,
        readAccess: () => Promise.resolve({ kind: 'access', access: this.#access(api.url) }),
      },
    );
    this.#done = source.watch((update) => {
      this.said.push(update.kind === 'failed' ? `failed: ${update.reason}` : hosts(update.endpoints));
      this.#events.emit('update');
    }, this.#controller.signal);
  }

  get last(): string {
    return this.said.at(-1) ?? '';
  }

  async until(wanted: string | ((last: string) => boolean)): Promise<void> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    while (this.said.length === 0 || !(typeof wanted === 'string' ? this.last === wanted : wanted(this.last))) {
      await once(this.#events, 'update', { signal }).catch(() => assert.fail(`said ${this.said.join(' | ')}`));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.#done;
  }

  #access(server: string): ApiAccess {
    const none = { ca: null, cert: null, key: null, serverName: null, insecureSkipVerify: false };
    return { ...none, server, namespace: 'shop', token: this.token };
  }
}

function hosts(endpoints: readonly { readonly key: string }[]): string {
  return endpoints.map(({ key }) => key.replace(/:50051$/, '')).join(' ');
}

function watchRequests(api: KubeApi): readonly string[] {
  return api.requests.flatMap(({ query }) => (query.get('watch') === '1' ? [query.get('resourceVersion') ?? ''] : []));
}

describe('kubernetes discovery', () => {
  it('lists and follows the slices of one Service in its own namespace', async () => {
    await using api = await KubeApi.start();
    api.put('app-1', sliceOf(['10.0.0.1']));
    await using service = new WatchedService(api);
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
    await using service = new WatchedService(api);
    await service.until('10.0.0.1 10.0.0.2 10.0.0.3');
    assert.ok(service.said.every((each) => each === service.last));
  });

  for (const goneAs of ['status', 'event'] as const) {
    it(`lists again after 410 as ${goneAs}, and keeps its endpoints meanwhile`, async () => {
      await using api = await KubeApi.start();
      api.goneAs = goneAs;
      api.put('app-1', sliceOf(['10.0.0.1']));
      await using service = new WatchedService(api);
      await service.until(() => api.watches === 1);
      api.put('app-2', sliceOf(['10.0.0.2']));
      api.forget();
      api.endWatches('cut');
      await service.until('10.0.0.1 10.0.0.2');
      await service.until(() => api.requests.filter(({ query }) => !query.has('watch')).length >= 2);
      assert.ok(!service.said.some((each) => each === '' || each.startsWith('failed')), service.said.join(' | '));
    });
  }

  for (const how of ['ended', 'cut'] as const) {
    it(`goes on where a watch was ${how}, without losing what came between`, async () => {
      await using api = await KubeApi.start();
      api.put('app-1', sliceOf(['10.0.0.1']));
      await using service = new WatchedService(api);
      await service.until(() => api.watches === 1);
      api.bookmark();
      api.endWatches(how);
      api.put('app-2', sliceOf(['10.0.0.2']));
      await service.until('10.0.0.1 10.0.0.2');
      assert.equal(api.requests.filter(({ query }) => !query.has('watch')).length, 1);
    });
  }

  it('goes on from a bookmark', async () => {
    await using api = await KubeApi.start();
    await using service = new WatchedService(api);
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
    await using service = new WatchedService(api);
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
    await using service = new WatchedService(api);
    await service.until('failed: Service shop/app: the API server does not accept the token or certificate (401)');
    service.token = 'two';
    await service.until('10.0.0.1');
  });

  it('names the permission that is missing', async () => {
    await using api = await KubeApi.start();
    api.allowed = false;
    await using service = new WatchedService(api);
    await service.until((last) => last.includes('may not list and watch endpointslices (403): endpointslices.discovery'));
  });

  it('keeps the last endpoints while the API server is away, and says so', async () => {
    const api = await KubeApi.start();
    api.put('app-1', sliceOf(['10.0.0.1']));
    await using service = new WatchedService(api);
    await service.until(() => api.watches === 1);
    await api[Symbol.asyncDispose]();
    await service.until((last) => last.startsWith('failed: Service shop/app: the API server cannot be reached'));
    assert.ok(!service.said.includes(''));
  });

  it('lists again after an event that is none, or too large', async () => {
    await using api = await KubeApi.start();
    api.put('app-1', sliceOf(['10.0.0.1']));
    await using service = new WatchedService(api);
    await service.until(() => api.watches === 1);
    api.write('nonsense\n');
    await service.until(() => api.requests.filter(({ query }) => !query.has('watch')).length >= 2 && api.watches === 1);
    api.write('x'.repeat(4_200_000));
    await service.until((last) => last === 'failed: Service shop/app: an event has more than 4194304 octets');
    await service.until('10.0.0.1');
  });

  it('loses no update of 1,000 endpoints in 10 slices that change 50 times a second, and tells of a few at a time', async () => {
    await using api = await KubeApi.start();
    const put = (slice: number, round: number): void => {
      const addresses = Array.from({ length: 100 }, (_, index) => `10.${round}.${slice}.${index}`);
      api.put(`app-${slice}`, sliceOf(addresses));
    };
    for (let slice = 0; slice < 10; slice += 1) {
      put(slice, 0);
    }
    await using service = new WatchedService(api);
    await service.until(() => api.watches === 1);
    const before = service.said.length;
    const startedAt = performance.now();
    for (let change = 0; change < 50; change += 1) {
      put(change % 10, 1 + Math.floor(change / 10));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const wanted = Array.from({ length: 1_000 }, (_, index) => `10.5.${Math.floor(index / 100)}.${index % 100}`).join(' ');
    await service.until(wanted);
    assert.ok(
      service.said.length - before <= (performance.now() - startedAt) / COALESCE_MS + 2,
      `told ${service.said.length - before} times`,
    );
  });

  it('makes a cluster of the bridge, by the credentials of a kubeconfig', async () => {
    await using api = await KubeApi.start();
    await using backend = await GrpcBackend.start({ services: { '': 'SERVING' } });
    const port = Number(backend.key.slice(backend.key.lastIndexOf(':') + 1));
    api.tokens = new Set(['secret']);
    api.put('app-1', sliceOf(['127.0.0.1'], { ready: true }, port));
    const config = [
      'current-context: c',
      `clusters: [{name: k, cluster: {server: "${api.url}"}}]`,
      'users: [{name: u, user: {token: secret}}]',
      'contexts: [{name: c, context: {cluster: k, user: u, namespace: shop}}]',
    ].join('\n');
    await using files = await writeTestFiles({ config });
    process.env['KUBECONFIG'] = files.path('config');
    try {
      await using bridge = await TestBridge.start({
        clusters: [
          { name: 'app', discovery: { type: 'kubernetes', service: 'app', port: 'grpc' }, healthCheck: { interval: '100ms' } },
        ],
      });
      await bridge.untilHealthy(true);
      api.put('app-1', sliceOf(['127.0.0.1'], { ready: false }, port));
      await bridge.untilHealthy(false);
    } finally {
      delete process.env['KUBECONFIG'];
    }
  });
});
