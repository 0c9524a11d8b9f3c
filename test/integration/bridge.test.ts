import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { quickCluster, TestBridge } from '../support/test-bridge.ts';

const SERVICE = 'route.Router';

describe('a bridge', () => {
  it('answers for its backends, and follows them at once', async () => {
    await using one = await GrpcBackend.start({ services: { '': 'SERVING', [SERVICE]: 'SERVING' } });
    await using two = await GrpcBackend.start({ services: { '': 'SERVING' } });
    await using bridge = await TestBridge.start({
      clusters: [quickCluster('router', [one.key], { services: [SERVICE] }), quickCluster('search', [two.key])],
      health: {
        clusters: ['router', { name: 'search', optional: true }],
        groups: [{ name: 'both', healthyWhen: 'all', clusters: ['router', 'search'] }],
      },
    });
    await bridge.untilLogged('cluster state changed', (line) => line['cluster'] === 'router');
    await bridge.untilLogged('cluster state changed', (line) => line['cluster'] === 'search');
    for (const path of [
      '/',
      '/healthz',
      '/healthz/both',
      `/healthz?service=${SERVICE}`,
      `/healthz/router/${one.key}`,
      '/readyz',
      '/startupz',
    ]) {
      assert.equal((await bridge.get(path)).status, 200, path);
    }
    two.setStatus('', 'NOT_SERVING');
    await bridge.untilLogged('cluster state changed', (line) => line['cluster'] === 'search' && line['healthy'] === false);
    assert.deepEqual([(await bridge.get('/')).status, (await bridge.get('/healthz/both')).status], [200, 503]);
    assert.equal((await bridge.get('/')).headers.get('x-health-status'), 'degraded');
    one.setStatus(SERVICE, 'NOT_SERVING');
    await bridge.untilHealthy(false);
    const verbose = await bridge.get('/healthz?verbose');
    assert.equal(verbose.status, 503);
    assert.match(verbose.body, new RegExp(`\\[-\\]${one.key} unhealthy since [^ ]+: NOT_SERVING`));
    assert.equal((await bridge.get('/readyz')).status, 200);
  });

  it('shows everything on the admin listener, with metrics', async () => {
    await using backend = await GrpcBackend.start();
    await using bridge = await TestBridge.start({
      clusters: [quickCluster('router', [backend.key])],
      health: { details: 'none' },
    });
    await bridge.untilHealthy(true);
    await bridge.get('/healthz');
    assert.match((await bridge.get('/healthz?verbose', { listener: 'admin' })).body, new RegExp(backend.key));
    const metrics = await bridge.get('/metrics', { listener: 'admin' });
    assert.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    for (const line of [
      'cluster_healthy{cluster="router"} 1',
      'endpoints{cluster="router",state="healthy"} 1',
      `endpoint_up{cluster="router",endpoint="${backend.key}"} 1`,
      'checks_total{cluster="router",outcome="serving"}',
      'check_duration_seconds_count{cluster="router"}',
      'state_changes_total{cluster="router",to="healthy"} 1',
      'probe_requests_total{path="/healthz",code="200"} 2',
      'discovery_last_success_timestamp_seconds{cluster="router"} 1',
      'downstream_connections{listener="plain",protocol="http1"} ',
      'downstream_connections{listener="admin",protocol="http1"} ',
      'draining 0',
      'build_info{version="0.0.0-test",node="v',
    ]) {
      assert.ok(metrics.body.includes(`grpc_health_bridge_${line}`), line);
    }
    assert.equal((await bridge.get('/metrics', { listener: 'admin', method: 'POST' })).status, 405);
    assert.equal((await bridge.get('/metrics', { listener: 'admin', method: 'HEAD' })).body, '');
    assert.equal((await bridge.get('/metrics')).status, 404);
  });

  it('answers no health URL on a listener with health: none', async () => {
    await using backend = await GrpcBackend.start();
    await using bridge = await TestBridge.start({
      listeners: [
        { name: 'plain', address: '127.0.0.1:0', health: 'none' },
        { name: 'other', address: '127.0.0.1:0' },
      ],
      clusters: [quickCluster('router', [backend.key])],
    });
    assert.deepEqual(
      [(await bridge.get('/livez')).status, (await bridge.get('/livez', { listener: 'other' })).status],
      [404, 200],
    );
  });

  it('tells everything to whoever may open its socket file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bridge-'));
    try {
      const path = join(folder, 'bridge.sock');
      await using backend = await GrpcBackend.start();
      await using bridge = await TestBridge.start({
        listeners: [{ name: 'file', address: `unix:${path}` }],
        clusters: [quickCluster('router', [backend.key])],
        health: { details: 'none' },
      });
      await bridge.untilHealthy(true);
      const sent = request({ socketPath: path, path: '/healthz?verbose', agent: false }).end();
      const response = Promise.withResolvers<string>();
      sent.once('error', response.reject).once('response', (incoming) => response.resolve(text(incoming)));
      assert.match(await response.promise, new RegExp(backend.key));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('starting', () => {
  it('is over when every required cluster is known', async () => {
    await using backend = await GrpcBackend.start();
    backend.check = { kind: 'hang' };
    backend.watch = { kind: 'hang' };
    await using bridge = await TestBridge.start({
      clusters: [quickCluster('router', [backend.key], { timeout: '300ms', mode: 'check' })],
    });
    assert.deepEqual([(await bridge.get('/readyz')).status, (await bridge.get('/startupz')).status], [503, 503]);
    assert.equal((await bridge.get('/')).headers.get('x-health-status'), 'starting');
    assert.equal((await bridge.get('/livez')).status, 200);
    await bridge.untilLogged('endpoint state changed');
    await bridge.untilLogged('health check');
    while ((await bridge.get('/startupz')).status !== 200) {
      // Each round is a request: the state is published with the next turn of the event loop.
    }
    assert.equal((await bridge.get('/readyz')).status, 200);
    assert.equal((await bridge.get('/')).status, 503);
  });

  it('is over after startupTimeout in any case', async () => {
    await using backend = await GrpcBackend.start();
    backend.check = { kind: 'hang' };
    await using bridge = await TestBridge.start({
      clusters: [quickCluster('router', [backend.key], { timeout: '30s', mode: 'check' })],
      health: { startupTimeout: '150ms' },
    });
    assert.equal((await bridge.get('/readyz')).status, 503);
    while ((await bridge.get('/readyz')).status !== 200) {
      // The check hangs for longer than the test may take: only the limit can end this.
    }
    assert.equal(
      bridge.lines.some(({ msg }) => msg === 'health check'),
      false,
    );
  });

  it('binds nothing twice: one line names listener, address and reason', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const bound = holder.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    const address = `127.0.0.1:${bound.port}`;
    try {
      for (const [taken, name] of [
        [{ listeners: [{ name: 'plain', address }] }, 'plain'],
        [{ admin: { address } }, 'admin'],
      ] as const) {
        await assert.rejects(TestBridge.start({ clusters: [quickCluster('a', ['127.0.0.1:1'])], ...taken }), (error: Error) => {
          assert.equal(Reflect.get(error, 'code'), 'BRIDGE_LISTEN_FAILED');
          assert.match(error.message, new RegExp(`^listener ${name}: [^\n]*${address}[^\n]*in use`));
          return true;
        });
      }
    } finally {
      holder.close();
      await once(holder, 'close');
    }
  });
});
