import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { EchoClient } from '../support/echo-client.ts';
import { METRICS, metricLines, untilMetric } from '../support/metrics-page.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { quickCluster, type RawConfig, TestBridge } from '../support/test-bridge.ts';

const RELOADS = 20;

function echoCluster(name: string, backends: readonly EchoBackend[], more: RawConfig = {}): RawConfig {
  const endpoints = backends.map(({ endpoint }) => endpoint.key);
  return { name, discovery: { type: 'static', endpoints }, healthCheck: { type: 'none' }, ...more };
}

function routed(cluster: string, clusters: readonly RawConfig[], more: RawConfig = {}): RawConfig {
  return { clusters, routes: [{ name: 'all', match: { prefix: '/' }, cluster }], health: { paths: ['/healthz'] }, ...more };
}

function portOf(bridge: TestBridge, listener = 'plain'): number {
  return Number(new URL(bridge.url(listener)).port);
}

describe('a reload of the configuration', () => {
  it('loses no call, whatever it swaps, and is refused as a whole when anything is wrong', async () => {
    await using one = await EchoBackend.start();
    await using other = await EchoBackend.start();
    await using bridge = await TestBridge.start(routed('one', [echoCluster('one', [one])]));
    bridge.expectsErrors = true;
    await bridge.untilHealthy(true);
    await using load = new SteadyLoad(portOf(bridge));
    await load.untilDone(20);
    const configs = [
      // Another cluster, another set of endpoints, another protocol setting, and the route alone.
      routed('two', [echoCluster('two', [other])]),
      routed('two', [echoCluster('two', [one, other]), echoCluster('one', [one])]),
      routed('two', [echoCluster('two', [other], { connectTimeout: '2s' }), echoCluster('one', [one])]),
      routed('one', [echoCluster('two', [other], { connectTimeout: '2s' }), echoCluster('one', [one])]),
    ];
    for (let index = 0; index < RELOADS; index++) {
      await bridge.reload(index % 2 === 0 ? (configs[(index / 2) % configs.length] ?? {}) : routed('nowhere', []));
      await load.untilDone(10);
    }
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.ok(one.executed.length > 0 && other.executed.length > 0);
    const refused = bridge.lines.filter(({ msg }) => msg === 'configuration refused, the one before stays in force');
    assert.equal(refused.length, RELOADS / 2);
    assert.deepEqual(refused[0]?.['problems'], [
      'clusters: needs at least 1 (got 0)',
      'routes[0].cluster: is no cluster (got "nowhere")',
    ]);
    assert.equal((await bridge.get('/readyz')).status, 200);
  });

  it('says that all is well again when a refused file is as it was', async () => {
    await using echo = await EchoBackend.start();
    const good = routed('one', [echoCluster('one', [echo])]);
    await using bridge = await TestBridge.start(good);
    bridge.expectsErrors = true;
    for (const next of [good, routed('nowhere', []), good, good]) {
      await bridge.reload(next);
    }
    const again = bridge.lines.filter(({ msg }) => msg === 'configuration read again, nothing changed');
    assert.deepEqual(
      again.map(({ level }) => level).filter((level) => level !== 'debug'),
      ['info'],
    );
  });

  it('says what needs a restart, and leaves that as it was', async () => {
    await using echo = await EchoBackend.start();
    const good = routed('one', [echoCluster('one', [echo])]);
    await using bridge = await TestBridge.start(good);
    const next = routed('one', [echoCluster('one', [echo])], { health: { paths: ['/other'], startupTimeout: '1s' } });
    await bridge.reload({ ...next, metrics: { address: '127.0.0.1:0' }, logging: { level: 'error' } });
    const { level, keys } = await bridge.untilLogged('configuration keys changed that need a restart');
    assert.deepEqual([level, keys], ['warn', ['metrics', 'logging', 'health.startupTimeout']]);
    assert.deepEqual([...bridge.bridge.addresses.keys()], ['plain', 'admin']);
    assert.equal((await bridge.get('/other')).status, 200);
  });

  it('keeps what it does not change: connections, checks and health', async () => {
    await using echo = await EchoBackend.start();
    await using checked = await GrpcBackend.start();
    const still = [echoCluster('still', [echo]), quickCluster('checked', [checked.key], { mode: 'check', interval: '1h' })];
    await using bridge = await TestBridge.start(routed('still', still));
    await bridge.untilHealthy(true);
    await bridge.untilLogged('endpoint state changed', ({ cluster }) => cluster === 'checked');
    using client = new EchoClient(portOf(bridge));
    await client.unary(Buffer.from('hi'));
    for (let count = 1; count <= 3; count++) {
      await bridge.reload(routed('still', [...still, echoCluster(`new-${count}`, [echo])], { drain: { delay: `${count}s` } }));
      await client.unary(Buffer.from('hi'));
      assert.equal((await bridge.get('/healthz/checked')).status, 200);
    }
    const said = bridge.lines.map(({ msg }) => String(msg)).filter((msg) => msg.startsWith('configuration'));
    assert.deepEqual(
      said,
      Array.from({ length: 3 }, () => 'configuration reloaded'),
    );
    assert.equal(echo.accepted, 1);
    assert.deepEqual([checked.checks, checked.connections], [1, 1]);
  });

  it('keeps the state of an endpoint that is checked in another way until the first result, which counts at once', async () => {
    await using backend = await GrpcBackend.start({ services: { '': 'SERVING', sick: 'NOT_SERVING' } });
    const check = (services: readonly string[]) => ({
      clusters: [quickCluster('main', [backend.key], { mode: 'check', interval: '1h', services })],
      health: { paths: ['/healthz'] },
    });
    await using bridge = await TestBridge.start(check(['']));
    await bridge.untilHealthy(true);
    backend.check = { kind: 'delay', delayMs: 300 };
    const asked = once(backend.events, 'check');
    await bridge.reload(check(['sick']));
    await asked;
    assert.equal((await bridge.get('/healthz')).status, 200);
    await bridge.untilHealthy(false);
    assert.equal((await bridge.get('/healthz')).status, 503);
    assert.equal((await bridge.get('/readyz')).status, 200);
  });

  it('takes every series of a cluster away with it', async () => {
    await using echo = await EchoBackend.start();
    await using checked = await GrpcBackend.start();
    const stays = echoCluster('stays', [echo]);
    const goes = { ...stays, name: 'goes' };
    const more = { ...METRICS, health: { paths: ['/healthz'], clusters: ['stays'] } };
    const sick = quickCluster('sick', [checked.key]);
    await using bridge = await TestBridge.start(routed('goes', [stays, goes, sick], more));
    await bridge.untilHealthy(true);
    await bridge.untilLogged('endpoint state changed', ({ cluster }) => cluster === 'sick');
    using client = new EchoClient(portOf(bridge));
    await client.unary(Buffer.from('hi'));
    const label = /cluster="(?:goes|sick)"/;
    await untilMetric(bridge, 'upstream_connections_opened_total{cluster="goes"} 1');
    const before = (await metricLines(bridge)).filter((line) => label.test(line));
    for (const name of ['calls_started_total', 'checks_total', 'check_duration_seconds_sum', 'state_changes_total']) {
      assert.ok(
        before.some((line) => line.startsWith(name)),
        name,
      );
    }
    await bridge.reload(routed('stays', [stays], more));
    await client.unary(Buffer.from('hi'));
    assert.deepEqual(
      (await metricLines(bridge)).filter((line) => label.test(line)),
      [],
    );
  });
});
