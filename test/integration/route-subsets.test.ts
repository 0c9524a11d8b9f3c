import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { describe, it } from 'node:test';
import { Metadata, status } from '@grpc/grpc-js';
import { fitsShares } from '../support/chi-square.ts';
import { EchoClient, runCalls } from '../support/echo-client.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { portOf } from '../support/rest-bridge.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { type RawConfig, TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';

const CALLS = 3_000;
const MESSAGE = Buffer.from('x');

/** Backends of three versions. */
class Versions implements AsyncDisposable {
  readonly backends: readonly EchoBackend[];

  private constructor(backends: readonly EchoBackend[]) {
    this.backends = backends;
  }

  static async start(): Promise<Versions> {
    return new Versions(await Promise.all([1, 2, 3].map(() => EchoBackend.start())));
  }

  /** Calls of each, v1 first. */
  get counts(): readonly number[] {
    return this.backends.map(({ executed }) => executed.length);
  }

  get cluster(): RawConfig {
    const endpoints = this.backends.map(({ endpoint }, index) => ({
      address: endpoint.key,
      labels: { version: `v${index + 1}` },
    }));
    return {
      name: 'echo',
      discovery: { type: 'static', endpoints },
      healthCheck: { type: 'none' },
      subsets: { keys: ['version'] },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.backends.map((backend) => backend[Symbol.asyncDispose]()));
  }
}

function ways(...weights: readonly number[]): readonly RawConfig[] {
  return weights.map((weight, index) => ({ name: 'echo', subset: { version: `v${index + 1}` }, weight }));
}

function routed(cluster: RawConfig, ...clusters: readonly RawConfig[]): RawConfig {
  return { clusters: [cluster], routes: [{ name: 'echo', clusters }] };
}

describe('a route to subsets of a cluster', () => {
  it('divides calls 80/10/10 over the versions', async () => {
    await using versions = await Versions.start();
    await using bridge = await TestBridge.start(routed(versions.cluster, ...ways(80, 10, 10)));
    await bridge.untilHealthy(true);
    using client = new EchoClient(portOf(bridge));
    await runCalls(CALLS, 50, async () => {
      assert.equal((await client.unary(MESSAGE)).code, status.OK);
    });
    assert.ok(fitsShares(versions.counts, [80, 10, 10]), versions.counts.join(' '));
  });

  it('goes by a header where a route before the others asks for one', async () => {
    await using versions = await Versions.start();
    const canary = { name: 'canary', match: { headers: [{ name: 'x-canary', exact: '1' }] }, clusters: ways(0, 1) };
    const stable = { name: 'stable', clusters: ways(1) };
    await using bridge = await TestBridge.start({ clusters: [versions.cluster], routes: [canary, stable] });
    await bridge.untilHealthy(true);
    using client = new EchoClient(portOf(bridge));
    const metadata = new Metadata();
    metadata.set('x-canary', '1');
    for (let count = 0; count < 20; count++) {
      await client.unary(MESSAGE);
      await client.unary(MESSAGE, { metadata });
    }
    assert.deepEqual(versions.counts, [20, 20, 0]);
  });

  it('takes new weights with a reload, which drops no call and opens no connection anew', async () => {
    await using versions = await Versions.start();
    await using bridge = await TestBridge.start(routed(versions.cluster, ...ways(1, 0, 0)));
    await bridge.untilHealthy(true);
    await using load = new SteadyLoad(portOf(bridge));
    await load.untilDone(50);
    assert.deepEqual(versions.counts.slice(1), [0, 0]);
    await bridge.reload(routed(versions.cluster, ...ways(0, 0, 1)));
    const before = versions.counts;
    await load.untilDone(50);
    await load.stop();
    assert.deepEqual(load.failures, []);
    const [v1 = 0, v2, v3 = 0] = versions.counts;
    // Calls that were under way end where they began.
    assert.ok(v1 - (before[0] ?? 0) < 20 && v2 === 0 && v3 > 20, versions.counts.join(' '));
    assert.deepEqual(
      versions.backends.map(({ accepted }) => accepted),
      [1, 1, 1],
    );
  });

  for (const [fallback, expected] of [
    ['none', status.UNAVAILABLE],
    ['any', status.OK],
  ] as const) {
    it(`falls back to ${fallback} while no endpoint has the labels, and goes there as soon as one has`, async () => {
      await using one = await EchoBackend.start();
      await using other = await EchoBackend.start();
      const list = (version: string): string =>
        JSON.stringify([one.endpoint.key, { address: other.endpoint.key, labels: { version } }]);
      await using files = await writeTestFiles({ 'endpoints.yaml': list('v1') });
      const discovery = { type: 'file', path: files.path('endpoints.yaml') };
      const cluster = { name: 'echo', discovery, healthCheck: { type: 'none' }, subsets: { keys: ['version'], fallback } };
      await using bridge = await TestBridge.start(routed(cluster, { name: 'echo', subset: { version: 'v2' } }));
      await bridge.untilHealthy(true);
      using client = new EchoClient(portOf(bridge));
      assert.equal((await client.unary(MESSAGE)).code, expected);
      assert.equal((await bridge.get('/healthz')).status, 200);
      await writeFile(files.path('endpoints.yaml'), list('v2'));
      const deadline = performance.now() + 5_000;
      for (let inRow = 0; inRow < 10; ) {
        const before = other.executed.length;
        await client.unary(MESSAGE);
        inRow = other.executed.length > before ? inRow + 1 : 0;
        assert.ok(performance.now() < deadline, 'calls do not go to the subset');
      }
    });
  }

  it('leads requests of HTTP/1.1 as well', async () => {
    const counts = [0, 0];
    const servers = await Promise.all([0, 1].map((index) => serve(() => (counts[index] = (counts[index] ?? 0) + 1))));
    const endpoints = servers.map((server, index) => ({
      address: `127.0.0.1:${portOfServer(server)}`,
      labels: { version: `v${index + 1}` },
    }));
    const cluster = { name: 'echo', protocol: 'http1', discovery: { type: 'static', endpoints }, subsets: { keys: ['version'] } };
    try {
      await using bridge = await TestBridge.start(routed({ ...cluster, healthCheck: { type: 'none' } }, ...ways(0, 1)));
      await bridge.untilHealthy(true);
      for (let count = 0; count < 10; count++) {
        assert.equal((await bridge.get('/page')).status, 200);
      }
      assert.deepEqual(counts, [0, 10]);
    } finally {
      await Promise.all(servers.map(stop));
    }
  });
});

async function serve(onRequest: () => void): Promise<Server> {
  const server = createServer((_, response) => {
    onRequest();
    response.end('fine');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOfServer(server: Server): number {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
