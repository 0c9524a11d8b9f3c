import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { EchoClient, type EchoEnd, runCalls } from '../support/echo-client.ts';
import { until } from '../support/http1-bench.ts';
import { METRICS, untilMetric } from '../support/metrics-page.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { ask, portOf, restCluster } from '../support/rest-bridge.ts';
import { type RawConfig, TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';

const HELLO = Buffer.from('hello');
const ONE = { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRequestsPerConnection: 1 };

function limited(backends: readonly EchoBackend[], connectionPool: RawConfig, more: RawConfig = {}): RawConfig {
  const discovery = { type: 'static', endpoints: backends.map(({ endpoint }) => endpoint.key) };
  const clusters = [{ name: 'echo', discovery, healthCheck: { type: 'none' }, connectionPool }];
  return { clusters, routes: [{ name: 'echo', match: { prefix: '/test.Echo/' }, cluster: 'echo' }], ...METRICS, ...more };
}

async function start(config: RawConfig): Promise<TestBridge> {
  const bridge = await TestBridge.start(config);
  await bridge.untilHealthy(true);
  return bridge;
}

/** A call that stays until it is ended. */
function holdCall(client: EchoClient): { readonly ended: Promise<EchoEnd>; end(): void } {
  const control = new AbortController();
  return { ended: client.unary(HELLO, { method: 'hang', signal: control.signal }), end: () => control.abort() };
}

function untilExecuted(backend: EchoBackend, count: number): Promise<void> {
  return until(
    () => backend.executed.length === count,
    () => `${backend.executed.length} calls at the endpoint, not ${count}`,
  );
}

function assertOverflow({ code, trailers }: EchoEnd): void {
  assert.equal(code, status.UNAVAILABLE);
  assert.deepEqual(trailers.get('x-health-bridge-error'), ['overflow']);
}

describe('a cluster of grpc-js servers with limits', () => {
  it('opens a connection for each of 20 calls with 1/1/1/1, and loses none', async () => {
    await using backend = await EchoBackend.start();
    await using bridge = await start(limited([backend], ONE));
    using client = new EchoClient(portOf(bridge));
    for (let count = 1; count <= 20; count++) {
      assert.equal((await client.unary(HELLO)).code, status.OK);
      assert.equal(backend.accepted, count);
    }
    await untilMetric(bridge, 'local_replies_total{reason="overflow"} 0');
  });

  it('lets the second call wait and answers the third at once, with header, metric and flag', async () => {
    await using backend = await EchoBackend.start();
    await using files = await writeTestFiles({ log: '' });
    const accessLog = { file: files.path('log'), format: '%RESPONSE_FLAGS% %UPSTREAM_CLUSTER%' };
    await using bridge = await start(limited([backend], ONE, { accessLog }));
    using client = new EchoClient(portOf(bridge));
    const first = holdCall(client);
    await untilExecuted(backend, 1);
    const second = client.unary(HELLO);
    assertOverflow(await Promise.race([second, client.unary(HELLO)]));
    await untilMetric(bridge, 'local_replies_total{reason="overflow"} 1');
    first.end();
    assert.equal((await second).code, status.OK);
    assert.equal(backend.accepted, 2);
    await bridge.bridge.close();
    assert.ok((await readFile(files.path('log'), 'utf8')).includes('UO echo\n'));
  });

  it('loses none of 1 000 calls with ten per connection, over endpoints that leave', async () => {
    await using one = await EchoBackend.start({ delayMs: 1 });
    await using two = await EchoBackend.start({ delayMs: 1 });
    const pool = { maxConnections: 8, maxRequestsPerConnection: 10 };
    await using bridge = await start(limited([one, two], pool));
    using client = new EchoClient(portOf(bridge));
    await runCalls(1000, 50, async (index) => {
      if (index % 250 === 249) {
        (index % 500 === 499 ? one : two).goaway();
      }
      const { code, details } = await client.unary(HELLO, { call: String(index) });
      assert.equal(code, status.OK, details);
    });
    const executed = [...one.executed, ...two.executed];
    assert.deepEqual([executed.length, new Set(executed).size], [1000, 1000]);
    assert.ok(one.accepted + two.accepted >= 100, `${one.accepted} and ${two.accepted} connections`);
  });

  it('takes other limits by a reload, with the connections that are there', async () => {
    await using backend = await EchoBackend.start();
    await using bridge = await start(limited([backend], { maxRequests: 1 }));
    using client = new EchoClient(portOf(bridge));
    const first = holdCall(client);
    await untilExecuted(backend, 1);
    assertOverflow(await client.unary(HELLO));
    await bridge.reload(limited([backend], { maxRequests: 2 }));
    const second = holdCall(client);
    await untilExecuted(backend, 2);
    assertOverflow(await client.unary(HELLO));
    assert.equal(backend.accepted, 1);
    const { body } = await bridge.get('/clusters', { listener: 'admin' });
    assert.ok(body.includes('echo::default_priority::max_requests::2\n'), body);
    await bridge.reload(limited([backend], { maxRequests: 2, maxConnectionAge: '1h' }));
    assert.equal((await client.unary(HELLO)).code, status.OK, 'a new cluster, as connections get their age when they are opened');
    assert.equal(backend.accepted, 2);
    first.end();
    second.end();
    await Promise.all([first.ended, second.ended]);
  });

  it('takes other limits by a reload also before servers of HTTP/1.1', async () => {
    await using endpoint = await Http1Endpoint.serve((_request, response) => response.end());
    const rest = { ...restCluster('rest', [endpoint]), healthCheck: { type: 'none' } };
    const limitedTo = (maxRequestsPerConnection: number, idleTimeout = '1h') => ({
      clusters: [{ ...rest, connectionPool: { maxRequestsPerConnection, idleTimeout } }],
      routes: [{ name: 'rest', cluster: 'rest' }],
      health: { paths: ['/healthz'] },
    });
    await using bridge = await start(limitedTo(0));
    const accepted: number[] = [];
    for (const config of [limitedTo(0), limitedTo(2), limitedTo(2, '2h')]) {
      await bridge.reload(config);
      for (let count = 0; count < 2; count++) {
        await ask('HTTP/1.1', bridge);
        accepted.push(endpoint.accepted);
      }
    }
    // The connection of before has had its number; an idle time belongs to connections, so that another one makes a new cluster.
    assert.deepEqual(accepted, [1, 1, 1, 2, 3, 3]);
  });
});
