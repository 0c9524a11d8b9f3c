import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { EnvoyAdmin } from '../support/peers/envoy-admin.ts';
import { type ListedHost, renderListing } from '../support/peers/envoy-listing.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { TestBridge } from '../support/test-bridge.ts';

const PROTO = fileURLToPath(new URL('../../protos/health.proto', import.meta.url));
/** Not checked by the bridge: each backend has a word of its own for it, by which a caller tells where it came. */
const WHO = 'who';
const DEADLINE_MS = 10_000;
const WORDS = ['SERVING', 'NOT_SERVING', 'UNKNOWN'] as const;

class Caller implements Disposable {
  readonly #client: Client;

  constructor(test: TestBridge) {
    this.#client = new Client(new URL(test.url()).host, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  }

  /** Which backends answer so many calls, sorted. */
  async reached(calls: number): Promise<readonly string[]> {
    const seen = new Set<string>();
    for (let call = 0; call < calls; call += 1) {
      seen.add(await this.#who());
    }
    return [...seen].toSorted();
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #who(): Promise<string> {
    const service = loadSync(PROTO, { enums: String, defaults: true })['grpc.health.v1.Health'];
    assert.ok(service !== undefined && typeof service['format'] !== 'string');
    const check = service['Check'];
    assert.ok(check !== undefined && 'path' in check);
    return new Promise((resolve) => {
      const { path, requestSerialize, responseDeserialize } = check;
      const options = { deadline: Date.now() + 3_000 };
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { service: WHO },
        options,
        (...[error, answer]: [ServiceError | null, object?]) => {
          resolve(error === null && answer !== undefined && 'status' in answer ? String(answer.status) : `failed ${error?.code}`);
        },
      );
    });
  }
}

function startBackends(): Promise<readonly GrpcBackend[]> {
  return Promise.all(
    WORDS.map((word) => GrpcBackend.start({ services: { orders: 'SERVING', [WHO]: word }, allowLeftovers: true })),
  );
}

function show(admin: EnvoyAdmin, ...hosts: readonly ListedHost[]): void {
  admin.show(renderListing([{ name: 'shop', hosts }]));
}

function startBridge(admin: EnvoyAdmin): Promise<TestBridge> {
  return TestBridge.start({
    clusters: [
      {
        name: 'orders',
        discovery: { type: 'envoy', admin: admin.url, clusters: ['shop'], pollInterval: '100ms', jitter: '0s', timeout: '500ms' },
        healthCheck: { type: 'grpc', services: ['orders'], interval: '100ms', intervalJitter: '0s', healthyThreshold: 1 },
      },
    ],
    routes: [{ name: 'all', match: { prefix: '/grpc.health.v1.Health/' }, cluster: 'orders' }],
  });
}

async function untilText(test: TestBridge, status: number, pattern: RegExp): Promise<void> {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  for (;;) {
    const answer = await test.get('/healthz?verbose');
    if (answer.status === status && pattern.test(answer.body)) {
      return;
    }
    assert.ok(!deadline.aborted, `not ${status} with ${pattern}: ${answer.status} ${answer.body}`);
    await setImmediate();
  }
}

describe('endpoints that an Envoy lists, checked and called by the bridge', { timeout: 30_000 }, () => {
  it('are judged by its own checks, leave and come as Envoy says, and stay while Envoy is away', async () => {
    const backends = await startBackends();
    const [first = '', second = '', third = ''] = backends.map(({ key }) => key);
    await using admin = await EnvoyAdmin.start();
    // What Envoy's checks have found is not what these find.
    show(admin, { address: first }, { address: second, flags: ['failed_active_hc'] });
    await using test = await startBridge(admin);
    using caller = new Caller(test);
    await untilText(test, 200, /^\[\+\]orders ok\n/);
    assert.deepEqual(await caller.reached(8), ['NOT_SERVING', 'SERVING']);

    backends[0]?.setStatus('orders', 'NOT_SERVING');
    await untilText(test, 200, /1 of 2 healthy/);
    assert.deepEqual(await caller.reached(8), ['NOT_SERVING']);

    show(admin, { address: first }, { address: second }, { address: third, priority: 1, weight: 3 });
    await untilText(test, 200, /2 of 3 healthy[^]*ok \(priority 1, weight 3\)/);
    assert.deepEqual(await caller.reached(8), ['NOT_SERVING', 'UNKNOWN']);

    admin.clusters = (_, response) => response.writeHead(500).end();
    await untilText(test, 200, /discovery failed: Envoy at/);
    backends[0]?.setStatus('orders', 'SERVING');
    await untilText(test, 200, /3 of 3 healthy; discovery failed/);
    assert.deepEqual(await caller.reached(12), [...WORDS].toSorted());

    show(admin, { address: third });
    await untilText(test, 200, /^\[\+\]orders ok\n/);
    assert.deepEqual(await caller.reached(8), ['UNKNOWN']);
    await Promise.all(backends.map((backend) => backend[Symbol.asyncDispose]()));
  });

  it('that are draining by EDS get no more calls and leave the counting, whatever their checks say', async () => {
    const backends = await startBackends();
    const [first = '', second = ''] = backends.map(({ key }) => key);
    await using admin = await EnvoyAdmin.start();
    show(admin, { address: first }, { address: second });
    await using test = await startBridge(admin);
    using caller = new Caller(test);
    await untilText(test, 200, /^\[\+\]orders ok\n/);
    show(admin, { address: first, flags: ['eds_status_draining'] }, { address: second });
    await untilText(test, 200, /1 of 1 healthy, 1 draining/);
    assert.deepEqual(await caller.reached(8), ['NOT_SERVING']);
    show(admin, { address: first }, { address: second });
    await untilText(test, 200, /^\[\+\]orders ok\n/);
    assert.deepEqual(await caller.reached(8), ['NOT_SERVING', 'SERVING']);
    await Promise.all(backends.map((backend) => backend[Symbol.asyncDispose]()));
  });
});
