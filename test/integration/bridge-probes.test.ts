import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { EchoClient } from '../support/echo-client.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { portOf } from '../support/rest-bridge.ts';
import { quickCluster, TestBridge } from '../support/test-bridge.ts';

const LIMIT_MS = 50;
const PROBES = 200;

describe('probes while every backend hangs', () => {
  it(`are answered from memory, within ${LIMIT_MS} ms`, async () => {
    await using backend = await GrpcBackend.start();
    backend.check = { kind: 'hang' };
    backend.watch = { kind: 'hang' };
    await using bridge = await TestBridge.start({
      clusters: [
        quickCluster('a', [backend.key], { timeout: '30s' }),
        quickCluster('b', [backend.key], { timeout: '30s', mode: 'check' }),
      ],
    });
    // The first one opens the connection.
    await bridge.get('/healthz');
    const took: number[] = [];
    for (let count = 0; count < 100; count += 1) {
      const started = performance.now();
      const answer = await bridge.get(count % 2 === 0 ? '/healthz' : '/healthz?verbose');
      took.push(performance.now() - started);
      assert.equal(answer.status, 503);
    }
    took.sort((left, right) => left - right);
    // A probe that waited for a check would take the rest of 30 s; single ones may meet a machine that is busy elsewhere.
    assert.ok((took[50] ?? Number.POSITIVE_INFINITY) < LIMIT_MS, `half of them took ${took[50]} ms or more`);
    assert.ok((took[99] ?? Number.POSITIVE_INFINITY) < 2_000, `the slowest took ${took[99]} ms`);
  });

  it(`cause no check, ${PROBES} at once`, async () => {
    await using backend = await GrpcBackend.start();
    await using bridge = await TestBridge.start({
      clusters: [quickCluster('a', [backend.key], { interval: '1h', mode: 'check' })],
    });
    await bridge.untilHealthy(true);
    const before = [backend.checks, backend.watches, backend.connections];
    const codes = await Promise.all(Array.from({ length: PROBES }, async () => (await bridge.get('/healthz?verbose')).status));
    assert.deepEqual(new Set(codes), new Set([200]));
    assert.deepEqual([backend.checks, backend.watches, backend.connections], before);
  });
});

describe('draining', () => {
  it('fails /readyz and the aggregate, answers on for the delay, and then is gone', async () => {
    await using backend = await GrpcBackend.start();
    await using bridge = await TestBridge.start({
      clusters: [quickCluster('a', [backend.key])],
      drain: { delay: '300ms', timeout: '2s' },
    });
    await bridge.untilHealthy(true);
    const started = performance.now();
    const drained = bridge.bridge.drain('SIGTERM');
    const ready = await bridge.get('/readyz');
    const whole = await bridge.get('/');
    assert.deepEqual([ready.status, whole.status, whole.headers.get('x-health-status')], [503, 503, 'draining']);
    assert.deepEqual([(await bridge.get('/livez')).status, (await bridge.get('/startupz')).status], [200, 200]);
    assert.match((await bridge.get('/metrics', { listener: 'admin' })).body, /grpc_health_bridge_draining 1/);
    await drained;
    assert.ok(performance.now() - started >= 299);
    await assert.rejects(bridge.get('/livez'));
    assert.deepEqual(
      bridge.lines.flatMap((line) => (String(line['msg']).startsWith('drain') ? [line['msg']] : [])),
      ['draining', 'drained'],
    );
  });

  it('lets calls go on until its time is over, and then ends them with 14', async () => {
    await using backend = await EchoBackend.start();
    await using bridge = await TestBridge.start({
      clusters: [{ ...quickCluster('a', [backend.endpoint.key]), healthCheck: { type: 'none' } }],
      routes: [{ name: 'a', match: { prefix: '/test.Echo/' }, cluster: 'a' }],
      drain: { delay: '50ms', timeout: '300ms' },
    });
    using client = new EchoClient(portOf(bridge));
    await client.unary(Buffer.alloc(1));
    const call = client.unary(Buffer.alloc(1), { method: 'hang' });
    while (backend.executed.length < 2) {
      await setImmediate();
    }
    const started = performance.now();
    const drained = bridge.bridge.drain('SIGTERM');
    const { code, details } = await call;
    assert.ok(performance.now() - started >= 349);
    assert.deepEqual([code, details], [status.UNAVAILABLE, 'the proxy is shutting down']);
    await drained;
  });

  it('is cut short by close', async () => {
    await using backend = await GrpcBackend.start();
    await using bridge = await TestBridge.start({
      clusters: [quickCluster('a', [backend.key])],
      drain: { delay: '1h', timeout: '1h' },
    });
    const drained = bridge.bridge.drain('SIGTERM');
    await bridge.bridge.close();
    await drained;
    assert.equal(
      bridge.lines.some(({ msg }) => msg === 'drained'),
      false,
    );
  });

  it('does not wait for backends that are silent', async () => {
    await using backend = await GrpcBackend.start();
    backend.check = { kind: 'hang' };
    backend.watch = { kind: 'hang' };
    await using bridge = await TestBridge.start({
      clusters: [quickCluster('a', [backend.key], { timeout: '1m' })],
      drain: { delay: '0s', timeout: '1h' },
    });
    await bridge.bridge.drain('SIGTERM');
  });
});
