import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { EchoClient } from '../support/echo-client.ts';
import { METRICS, metricLines, untilMetric } from '../support/metrics-page.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { type RawConfig, TestBridge } from '../support/test-bridge.ts';

const DETECTION: RawConfig = { consecutive5xx: 3, interval: '100ms', baseEjectionTime: '1h', maxEjectionTime: '1h' };

function withEjections(backends: readonly EchoBackend[], detection: RawConfig = {}, cluster: RawConfig = {}): RawConfig {
  return {
    clusters: [
      {
        name: 'main',
        discovery: { type: 'static', endpoints: backends.map(({ endpoint }) => endpoint.key) },
        healthCheck: { type: 'none' },
        outlierDetection: { ...DETECTION, ...detection },
        ...cluster,
      },
    ],
    routes: [{ name: 'all', match: { prefix: '/' }, cluster: 'main' }],
    health: { paths: ['/healthz'], details: 'full' },
    ...METRICS,
  };
}

/** Calls until an endpoint is ejected. */
async function callUntilEjected(bridge: TestBridge): Promise<void> {
  using client = clientOf(bridge);
  for (let call = 0; call < 50 && !bridge.lines.some(({ msg }) => msg === 'endpoint ejected'); call++) {
    await client.unary(Buffer.from('hi'));
  }
  await bridge.untilLogged('endpoint ejected');
}

function clientOf(bridge: TestBridge): EchoClient {
  return new EchoClient(Number(new URL(bridge.url('plain')).port));
}

describe('a bridge whose endpoint is ejected', () => {
  it('shows it everywhere, and is as healthy as the checks say', async () => {
    await using good = await EchoBackend.start();
    await using bad = await EchoBackend.start();
    bad.failure = status.UNAVAILABLE;
    await using bridge = await TestBridge.start(withEjections([good, bad], {}, { healthyWhen: 'all' }));
    await bridge.untilHealthy(true);
    const { key } = bad.endpoint;
    assert.ok((await metricLines(bridge)).includes('ejections_total{cluster="main",reason="consecutive_5xx"} 0'));
    await callUntilEjected(bridge);
    await untilMetric(bridge, 'endpoints{cluster="main",state="ejected"} 1');
    const lines = await metricLines(bridge);
    for (const line of [
      'ejections_total{cluster="main",reason="consecutive_5xx"} 1',
      'ejections_total{cluster="main",reason="success_rate"} 0',
      'state_changes_total{cluster="main",to="ejected"} 1',
      `endpoint_up{cluster="main",endpoint="${key}"} 0`,
      'cluster_healthy{cluster="main"} 1',
    ]) {
      assert.ok(lines.includes(line), `${line} in\n${lines.join('\n')}`);
    }
    const verbose = await bridge.get('/healthz?verbose');
    assert.equal(verbose.status, 200);
    assert.match(verbose.body, new RegExp(`\\[\\+\\]${key} ejected since \\S+: 3 consecutive 5xx, out until \\S+Z`));
    const text = await bridge.get('/clusters', { listener: 'admin' });
    assert.match(text.body, new RegExp(`main::${key}::health_flags::/failed_outlier_check\n`));
    assert.match(text.body, new RegExp(`main::${good.endpoint.key}::health_flags::healthy\n`));
    assert.match(text.body, /main::outlier::success_rate_average::-1\nmain::outlier::success_rate_ejection_threshold::-1\n/);
    const snapshot = await bridge.get('/status.json', { listener: 'admin' });
    assert.match(snapshot.body, /"to":"ejected","reason":"3 consecutive 5xx"/);
    const line = bridge.lines.find(({ msg }) => msg === 'endpoint ejected');
    assert.deepEqual(
      [line?.['cluster'], line?.['endpoint'], line?.['kind'], line?.['reason'], line?.['forMs']],
      ['main', key, 'consecutive_5xx', '3 consecutive 5xx', 3_600_000],
    );
  });

  it('is unhealthy where that is asked for', async () => {
    await using bad = await EchoBackend.start();
    bad.failure = status.INTERNAL;
    await using bridge = await TestBridge.start(
      withEjections([bad], { countInHealth: true, baseEjectionTime: '200ms', maxEjectionTime: '200ms' }),
    );
    await bridge.untilHealthy(true);
    await callUntilEjected(bridge);
    await bridge.untilHealthy(false);
    bad.failure = null;
    const returned = await bridge.untilLogged('ejected endpoint returned');
    assert.deepEqual([returned['endpoint'], returned['cause']], [bad.endpoint.key, 'time']);
    await bridge.untilLogged(
      'health answer changed',
      ({ healthy, time }) => healthy === true && String(time) >= String(returned['time']),
    );
    using client = clientOf(bridge);
    assert.equal((await client.unary(Buffer.from('hi'))).code, status.OK);
  });

  it('lets it return when a check passes', async () => {
    await using bad = await EchoBackend.start();
    bad.failure = status.UNAVAILABLE;
    const healthCheck = { type: 'tcp', interval: '100ms', intervalJitter: '0s' };
    await using bridge = await TestBridge.start(withEjections([bad], {}, { healthCheck }));
    await bridge.untilHealthy(true);
    await callUntilEjected(bridge);
    const returned = await bridge.untilLogged('ejected endpoint returned');
    assert.equal(returned['cause'], 'check');
    await untilMetric(bridge, 'endpoints{cluster="main",state="ejected"} 0');
  });

  it('keeps that over a reload that leaves the cluster as it is, and obeys one that turns detection off', async () => {
    await using good = await EchoBackend.start();
    await using bad = await EchoBackend.start();
    bad.failure = status.UNAVAILABLE;
    const config = withEjections([good, bad]);
    await using bridge = await TestBridge.start(config);
    await bridge.untilHealthy(true);
    await callUntilEjected(bridge);
    const before = bad.executed.length;
    await bridge.reload({ ...config, drain: { delay: '1s' } });
    using client = clientOf(bridge);
    for (let call = 0; call < 4; call++) {
      assert.equal((await client.unary(Buffer.from('hi'))).code, status.OK);
    }
    assert.equal(bad.executed.length, before);
    await untilMetric(bridge, 'endpoints{cluster="main",state="ejected"} 1');
    await bridge.reload({
      ...config,
      clusters: [
        {
          name: 'main',
          discovery: { type: 'static', endpoints: [good.endpoint.key, bad.endpoint.key] },
          healthCheck: { type: 'none' },
        },
      ],
    });
    await untilMetric(bridge, 'endpoints{cluster="main",state="ejected"} 0');
    for (let call = 0; call < 50 && bad.executed.length === before; call++) {
      await client.unary(Buffer.from('hi'));
    }
    assert.ok(bad.executed.length > before);
    assert.ok(!(await metricLines(bridge)).some((line) => line.startsWith('ejections_total')));
  });
});
