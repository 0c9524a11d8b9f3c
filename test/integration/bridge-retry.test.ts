import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { EchoClient, runCalls } from '../support/echo-client.ts';
import { METRICS, untilMetric } from '../support/metrics-page.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { portOf } from '../support/rest-bridge.ts';
import { type RawConfig, TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';

const HELLO = Buffer.from('hello');
const RETRY = { retryOn: ['unavailable'], maxAttempts: 3, backoff: { base: '1ms' } };

function repeating(backends: readonly EchoBackend[], retry: RawConfig, more: RawConfig = {}): RawConfig {
  const { connectionPool = {}, ...rest } = more;
  const discovery = { type: 'static', endpoints: backends.map(({ endpoint }) => endpoint.key) };
  const clusters = [{ name: 'echo', discovery, healthCheck: { type: 'none' }, connectionPool }];
  return { clusters, routes: [{ name: 'echo', match: { prefix: '/test.Echo/' }, cluster: 'echo', retry }], ...METRICS, ...rest };
}

async function start(config: RawConfig): Promise<TestBridge> {
  const bridge = await TestBridge.start(config);
  await bridge.untilHealthy(true);
  return bridge;
}

describe('a route to grpc-js servers that repeats calls', () => {
  it('hides an endpoint that fails from 100 clients, none of whose calls runs twice at the one that works', async () => {
    await using bad = await EchoBackend.start();
    await using good = await EchoBackend.start();
    bad.failure = status.UNAVAILABLE;
    await using bridge = await start(repeating([bad, good], { ...RETRY, budget: { percent: 100, min: 100 } }));
    using client = new EchoClient(portOf(bridge));
    await runCalls(100, 10, async (index) => {
      assert.equal((await client.unary(HELLO, { call: String(index) })).code, status.OK);
    });
    assert.equal(good.executed.length, 100);
    assert.equal(new Set(good.executed).size, 100);
    assert.equal(new Set(bad.executed).size, bad.executed.length, 'the other one is preferred');
    await untilMetric(bridge, `retries_total{cluster="echo"} ${bad.executed.length}`);
  });

  it('counts and flags calls that had all their attempts, and those beyond maxRetries', async () => {
    await using backend = await EchoBackend.start();
    backend.failure = status.UNAVAILABLE;
    await using files = await writeTestFiles({ log: '' });
    const accessLog = { file: files.path('log'), format: '%RESPONSE_FLAGS%' };
    await using bridge = await start(repeating([backend], RETRY, { accessLog }));
    using client = new EchoClient(portOf(bridge));
    assert.equal((await client.unary(HELLO)).code, status.UNAVAILABLE);
    assert.equal(backend.executed.length, 3);
    assert.deepEqual(backend.metadata.get('grpc-previous-rpc-attempts'), ['2']);
    await untilMetric(bridge, 'retries_refused_total{cluster="echo",reason="limit"} 1');
    await bridge.reload(repeating([backend], RETRY, { accessLog, connectionPool: { maxRetries: 0 } }));
    assert.equal((await client.unary(HELLO)).code, status.UNAVAILABLE);
    assert.equal(backend.executed.length, 4, 'the new limit holds');
    await untilMetric(bridge, 'retries_refused_total{cluster="echo",reason="overflow"} 1');
    const { body } = await bridge.get('/clusters', { listener: 'admin' });
    assert.ok(body.includes('echo::default_priority::max_retries::0\n'), body);
    assert.equal(backend.accepted, 1, 'on the connection that was there');
    await bridge.bridge.close();
    assert.equal(await readFile(files.path('log'), 'utf8'), 'URX\nUO\n');
  });

  it('takes another policy by a reload, and none without', async () => {
    await using backend = await EchoBackend.start();
    backend.failure = status.INTERNAL;
    await using bridge = await start(repeating([backend], {}));
    using client = new EchoClient(portOf(bridge));
    assert.equal((await client.unary(HELLO)).code, status.INTERNAL);
    assert.equal(backend.executed.length, 1);
    await bridge.reload(repeating([backend], { ...RETRY, retryOn: ['internal'], maxAttempts: 2 }));
    assert.equal((await client.unary(HELLO)).code, status.INTERNAL);
    assert.equal(backend.executed.length, 3);
  });
});
