import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { DemoClient } from '../support/demo-client.ts';
import { EchoClient } from '../support/echo-client.ts';
import { METRICS, metricLines, untilMetric } from '../support/metrics-page.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { ask, restCluster } from '../support/rest-bridge.ts';
import { quickCluster, type RawConfig, TestBridge } from '../support/test-bridge.ts';

const ONCE = 'route="echo",cluster="router",grpc_service="test.Echo",grpc_method="Once"';
const HANG = 'route="echo",cluster="router",grpc_service="test.Echo",grpc_method="Hang"';
const OTHER = 'route="echo",cluster="router",grpc_service="other",grpc_method="other"';

function echoConfig(backend: EchoBackend, changes: RawConfig = {}): RawConfig {
  return {
    clusters: [quickCluster('router', [backend.endpoint.key], { type: 'tcp', healthyThreshold: 1 })],
    routes: [{ name: 'echo', cluster: 'router' }],
    ...changes,
  };
}

function startEcho(backend: EchoBackend, changes: RawConfig = {}): Promise<TestBridge> {
  return startMetered(echoConfig(backend, changes));
}

async function startMetered(config: RawConfig): Promise<TestBridge> {
  const bridge = await TestBridge.start({ ...METRICS, ...config });
  await bridge.untilHealthy(true);
  return bridge;
}

const portOf = (bridge: TestBridge): number => Number(new URL(bridge.url()).port);

describe('the metrics of a whole bridge', () => {
  it('count the calls of grpc-js by method and code, and connections to endpoints', async () => {
    await using backend = await EchoBackend.start();
    await using bridge = await startEcho(backend);
    using client = new EchoClient(portOf(bridge));
    using other = new DemoClient(`127.0.0.1:${portOf(bridge)}`, 'plain');
    await client.unary(Buffer.from('a'));
    await client.unary(Buffer.from('b'));
    const stream = client.duplex();
    stream.write(Buffer.from('c'));
    await once(stream, 'data');
    await untilMetric(bridge, 'upstream_requests_active{cluster="router"} 1');
    stream.cancel();
    await once(stream, 'error');
    await assert.rejects(other.call('/test.Echo/Missing'), { code: 12 });
    await assert.rejects(other.call('/unknown'), { code: 12 });
    await untilMetric(bridge, `calls_handled_total{${OTHER},grpc_code="UNIMPLEMENTED"} 2`);
    const lines = await metricLines(bridge);
    for (const line of [
      `calls_started_total{${ONCE}} 2`,
      `calls_handled_total{${ONCE},grpc_code="OK"} 2`,
      `call_duration_seconds_count{${ONCE}} 2`,
      // A scrape had seen the stream before its method was known to exist.
      `calls_handled_total{${OTHER},grpc_code="CANCELLED"} 1`,
      `calls_started_total{${OTHER}} 3`,
      'upstream_connections{cluster="router"} 1',
      'upstream_connections_opened_total{cluster="router"} 1',
      'upstream_requests_active{cluster="router"} 0',
      'retries_total{cluster="router"} 0',
      'local_replies_total{reason="no_route"} 0',
      'config_reload_success 1',
      'access_log_dropped_total 0',
    ]) {
      assert.ok(lines.includes(line), `${line}\n${lines.join('\n')}`);
    }
  });

  it('count what is answered here, by reason, and connections that end', async () => {
    await using backend = await EchoBackend.start();
    await using bridge = await startEcho(backend, {
      routes: [{ name: 'echo', match: { prefix: '/test.Echo/' }, cluster: 'router' }],
    });
    using client = new EchoClient(portOf(bridge));
    using other = new DemoClient(`127.0.0.1:${portOf(bridge)}`, 'plain');
    await assert.rejects(other.call('/elsewhere.Service/Method'), { code: 12 });
    await client.unary(Buffer.from('a'));
    const hanging = client.unary(Buffer.from('b'), { method: 'hang' });
    await untilMetric(bridge, 'upstream_requests_active{cluster="router"} 1');
    backend.cut();
    assert.equal((await hanging).code, status.UNAVAILABLE);
    await untilMetric(bridge, 'local_replies_total{reason="connection_lost"} 1');
    await untilMetric(bridge, 'upstream_connections_opened_total{cluster="router"} 2');
    const lines = await metricLines(bridge);
    for (const line of [
      'local_replies_total{reason="no_route"} 1',
      `calls_handled_total{${OTHER},grpc_code="UNAVAILABLE"} 1`,
      'upstream_connections{cluster="router"} 1',
    ]) {
      assert.ok(lines.includes(line), `${line}\n${lines.join('\n')}`);
    }
    assert.ok(!lines.some((line) => line.includes(HANG)));
  });

  it('count requests to endpoints of HTTP/1.1', async () => {
    await using endpoint = await Http1Endpoint.serve((request, response) => {
      response.writeHead(request.url === '/missing' ? 404 : 200).end();
    });
    await using bridge = await startMetered({
      clusters: [restCluster('rest', [endpoint])],
      routes: [{ name: 'rest', cluster: 'rest' }],
    });
    await ask('HTTP/1.1', bridge, { path: '/found' });
    await ask('h2c', bridge, { path: '/missing' });
    const labels = 'route="rest",cluster="rest",grpc_service="",grpc_method=""';
    await untilMetric(bridge, `calls_handled_total{${labels},grpc_code="NOT_FOUND"} 1`);
    const lines = await metricLines(bridge);
    assert.ok(lines.includes(`calls_started_total{${labels}} 2`));
    assert.ok(lines.includes(`calls_handled_total{${labels},grpc_code="OK"} 1`));
    assert.ok(lines.includes('upstream_requests_active{cluster="rest"} 0'));
    assert.ok(lines.includes('upstream_connections{cluster="rest"} 1'));
  });
});

describe('the metrics of a bridge whose configuration changes', () => {
  it('go on counting through a reload, and say when one was refused', async () => {
    await using backend = await EchoBackend.start();
    await using bridge = await startEcho(backend);
    bridge.expectsErrors = true;
    using client = new EchoClient(portOf(bridge));
    await client.unary(Buffer.from('a'));
    await bridge.reload({ ...METRICS, ...echoConfig(backend, { routes: [{ name: 'new', cluster: 'router' }] }) });
    await client.unary(Buffer.from('b'));
    await untilMetric(bridge, `calls_handled_total{${ONCE.replace('echo', 'new')},grpc_code="OK"} 1`);
    await bridge.reload({ ...METRICS, ...echoConfig(backend, { clusters: [] }) });
    await untilMetric(bridge, 'config_reload_success 0');
    await bridge.reload({ ...METRICS, ...echoConfig(backend) });
    await untilMetric(bridge, 'config_reload_success 1');
    await client.unary(Buffer.from('c'));
    await untilMetric(bridge, `calls_handled_total{${ONCE},grpc_code="OK"} 2`);
    const lines = await metricLines(bridge);
    assert.ok(lines.includes('upstream_connections_opened_total{cluster="router"} 1'), lines.join('\n'));
  });
});

describe('the metrics listener', () => {
  it('serves /metrics alone, as the admin listener does', async () => {
    await using backend = await EchoBackend.start();
    await using bridge = await startEcho(backend);
    const there = { listener: 'metrics' };
    const page = await bridge.get('/metrics?x', there);
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(page.headers.get('vary'), 'accept');
    assert.match(page.body, /^grpc_health_bridge_downstream_connections\{listener="metrics",protocol="http1"\} 1$/m);
    assert.match((await bridge.get('/metrics', { listener: 'admin' })).body, /^grpc_health_bridge_draining 0$/m);
    for (const [method, path, status] of [
      ['HEAD', '/metrics', 200],
      ['POST', '/metrics', 405],
      ['DELETE', '/metrics', 405],
      ['GET', '/', 404],
      ['GET', '/healthz', 404],
      ['POST', '/drain', 404],
      ['GET', '/metrics/', 404],
      ['GET', '//metrics', 404],
    ] as const) {
      const answer = await bridge.get(path, { ...there, method, ...(method === 'POST' ? { body: '{' } : {}) });
      assert.equal(answer.status, status, `${method} ${path}`);
    }
  });

  it('speaks OpenMetrics to those who ask for it', async () => {
    await using backend = await EchoBackend.start();
    await using bridge = await startEcho(backend);
    const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';
    const page = await bridge.get('/metrics', { listener: 'metrics', headers: { accept } });
    assert.equal(page.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    assert.match(page.body, /^# TYPE grpc_health_bridge_local_replies counter$/m);
    assert.match(page.body, /^grpc_health_bridge_local_replies_total\{reason="no_route"\} 0$/m);
    assert.match(page.body, /\n# EOF\n$/);
  });
});
