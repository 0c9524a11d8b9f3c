import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OwnHealthClient } from '../support/own-health-client.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { quickCluster, TestBridge } from '../support/test-bridge.ts';

const CHECK_PATH = '/grpc.health.v1.Health/Check';
const QUICK = { healthyThreshold: 1 };

describe("the bridge's own grpc.health.v1", () => {
  it('answers for the whole, for clusters, groups and services, and knows no other name', async () => {
    await using good = await GrpcBackend.start({ services: { 'shop.Orders': 'SERVING' } });
    await using bad = await GrpcBackend.start({ services: { '': 'NOT_SERVING' } });
    await using bridge = await TestBridge.start({
      clusters: [quickCluster('orders', [good.key], { services: ['shop.Orders'] }), quickCluster('search', [bad.key])],
      health: { groups: [{ name: 'both', healthyWhen: 'all', clusters: ['orders', 'search'] }] },
    });
    await bridge.untilHealthy(true);
    using client = new OwnHealthClient(bridge.url());
    const names = ['', 'orders', 'search', 'both', 'shop.Orders', 'nobody'];
    assert.deepEqual(await Promise.all(names.map((name) => client.check(name))), [
      'SERVING',
      'SERVING',
      'NOT_SERVING',
      'NOT_SERVING',
      'SERVING',
      '5 unknown service',
    ]);
    assert.deepEqual(await client.list(), {
      '': 'SERVING',
      orders: 'SERVING',
      search: 'NOT_SERVING',
      both: 'NOT_SERVING',
      'shop.Orders': 'SERVING',
    });
    const metrics = (await fetch(`${bridge.url('admin')}/metrics`)).text();
    assert.match(await metrics, /probe_requests_total\{path="\/grpc\.health\.v1\.Health\/Check",code="200"\} 3/);
  });

  it('tells those who watch of every change, on one connection as on many', async () => {
    await using backend = await GrpcBackend.start();
    await using bridge = await TestBridge.start({ clusters: [quickCluster('app', [backend.key], QUICK)] });
    await bridge.untilHealthy(true);
    using shared = new OwnHealthClient(bridge.url());
    const clients = Array.from({ length: 20 }, () => new OwnHealthClient(bridge.url()));
    const watches = [...Array.from({ length: 60 }, () => shared), ...clients].map((client, index) =>
      client.watch(index % 2 === 0 ? '' : 'app'),
    );
    const unknown = shared.watch('nobody');
    await Promise.all(watches.map((watch) => watch.until(1)));
    backend.setStatus('', 'NOT_SERVING');
    await Promise.all(watches.map((watch) => watch.until(2)));
    backend.setStatus('', 'SERVING');
    await Promise.all(watches.map((watch) => watch.until(3)));
    assert.deepEqual(new Set(watches.map(({ said }) => said.join(' '))), new Set(['SERVING NOT_SERVING SERVING']));
    assert.deepEqual(await unknown.until(1), ['SERVICE_UNKNOWN']);
    for (const { call } of [...watches, unknown]) {
      call.cancel();
    }
    for (const client of clients) {
      client[Symbol.dispose]();
    }
  });

  it('ends a Watch at its deadline', async () => {
    await using backend = await GrpcBackend.start();
    await using bridge = await TestBridge.start({ clusters: [quickCluster('app', [backend.key])] });
    await bridge.untilHealthy(true);
    using client = new OwnHealthClient(bridge.url());
    const [first, end = ''] = await client.watch('', 200).until(2);
    assert.equal(first, 'SERVING');
    assert.match(end, /^4 /);
  });

  it('says NOT_SERVING while draining, and ends what watches when connections are to leave', async () => {
    await using backend = await GrpcBackend.start();
    await using bridge = await TestBridge.start({
      clusters: [quickCluster('app', [backend.key])],
      drain: { delay: '200ms', timeout: '20s' },
    });
    await bridge.untilHealthy(true);
    using client = new OwnHealthClient(bridge.url(), { 'grpc.enable_retries': 0 });
    const whole = client.watch('');
    const part = client.watch('app');
    await Promise.all([whole.until(1), part.until(1)]);
    const started = performance.now();
    const drained = bridge.bridge.drain('SIGTERM');
    assert.deepEqual(await whole.until(2), ['SERVING', 'NOT_SERVING']);
    assert.equal(await client.check(''), 'NOT_SERVING');
    assert.equal(await client.check('app'), 'SERVING');
    assert.deepEqual(await whole.until(3), ['SERVING', 'NOT_SERVING', '14 the proxy is shutting down']);
    assert.deepEqual(await part.until(2), ['SERVING', '14 the proxy is shutting down']);
    await drained;
    assert.ok(performance.now() - started < 10_000, 'no Watch holds the drain up');
  });
});

describe('health.grpc', () => {
  const route = { name: 'all', match: { prefix: '/' }, cluster: 'app' };

  for (const [grpc, routed, expected] of [
    ['auto', true, '5 unknown service'],
    ['auto', false, 'SERVING'],
    ['local', true, 'SERVING'],
    ['local', false, 'SERVING'],
    ['forward', true, '5 unknown service'],
    ['forward', false, '12 unknown method'],
  ] as const) {
    it(`${grpc}, ${routed ? 'with' : 'without'} a route there`, async () => {
      // The endpoint does not know the name of its cluster.
      await using backend = await GrpcBackend.start();
      await using bridge = await TestBridge.start({
        listeners: [
          { name: 'plain', address: '127.0.0.1:0', routes: routed ? ['all'] : [] },
          { name: 'mute', address: '127.0.0.1:0', routes: [], health: 'none' },
        ],
        clusters: [quickCluster('app', [backend.key])],
        routes: [route],
        health: { grpc },
      });
      await bridge.untilHealthy(true);
      using client = new OwnHealthClient(bridge.url());
      assert.equal(await client.check('app'), expected);
      using mute = new OwnHealthClient(bridge.url('mute'));
      assert.equal(await mute.check('app'), '12 unknown method', 'health: none');
    });
  }

  it('leaves other requests of its paths to the routes and the health URLs', async () => {
    await using backend = await GrpcBackend.start();
    await using bridge = await TestBridge.start({ clusters: [quickCluster('app', [backend.key])], health: { grpc: 'local' } });
    for (const contentType of ['application/grpc', 'application/json']) {
      const answer = await bridge.get(CHECK_PATH, { method: 'POST', headers: { 'content-type': contentType } });
      assert.equal(answer.status, 404, `HTTP/1.1 with ${contentType}`);
    }
  });
});

describe('health.grpcStatusPath', () => {
  it('fails with 14 while the whole is down, and goes before every route', async () => {
    await using backend = await GrpcBackend.start();
    await using bridge = await TestBridge.start({
      clusters: [quickCluster('app', [backend.key], QUICK)],
      routes: [{ name: 'all', match: { prefix: '/' }, cluster: 'app' }],
      health: { grpcStatusPath: '/health.Probe/Check', grpc: 'forward' },
    });
    await bridge.untilHealthy(true);
    using client = new OwnHealthClient(bridge.url());
    assert.equal(await client.ask('/health.Probe/Check'), 'OK');
    backend.setStatus('', 'NOT_SERVING');
    await bridge.untilHealthy(false);
    assert.equal(await client.ask('/health.Probe/Check'), '14 unavailable');
    assert.match(await client.ask('/health.Probe/Other'), /^1[24] /, 'forwarded');
  });
});
