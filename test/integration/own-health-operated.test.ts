import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { until } from '../support/http1-bench.ts';
import { OwnHealthClient } from '../support/own-health-client.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { quickCluster, TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';

const FORMAT = '%REQ(:PATH)% %PROTOCOL% %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %GRPC_STATUS%';

describe("the bridge's own grpc.health.v1, as it is operated", () => {
  it('says NOT_SERVING for the whole in maintenance, and tells those who watch', async () => {
    await using backend = await GrpcBackend.start();
    await using bridge = await TestBridge.start({
      // No check comes meanwhile that would tell those who watch.
      clusters: [quickCluster('app', [backend.key], { interval: '60s' })],
      health: { grpcStatusPath: '/health.Probe/Check' },
    });
    await bridge.untilHealthy(true);
    using client = new OwnHealthClient(bridge.url());
    const whole = client.watch('');
    await whole.until(1);
    assert.equal((await bridge.get('/healthcheck/fail', { listener: 'admin', method: 'POST' })).status, 200);
    await whole.until(2);
    assert.deepEqual(
      [await client.check(''), await client.check('app'), await client.ask('/health.Probe/Check')],
      ['NOT_SERVING', 'SERVING', '14 unavailable'],
    );
    assert.equal((await bridge.get('/healthcheck/ok', { listener: 'admin', method: 'POST' })).status, 200);
    assert.deepEqual(await whole.until(3), ['SERVING', 'NOT_SERVING', 'SERVING']);
    whole.call.cancel();
  });

  it('says SERVING while draining where the health URLs do', async () => {
    await using backend = await GrpcBackend.start();
    await using bridge = await TestBridge.start({
      clusters: [quickCluster('app', [backend.key])],
      health: { failDuringDrain: false },
      drain: { delay: '20s', timeout: '0s' },
    });
    await bridge.untilHealthy(true);
    using client = new OwnHealthClient(bridge.url());
    await bridge.get('/drain', { listener: 'admin', method: 'POST' });
    assert.deepEqual([await client.check(''), (await bridge.get('/healthz')).status], ['SERVING', 200]);
    await bridge.get('/healthcheck/fail', { listener: 'admin', method: 'POST' });
    assert.deepEqual([await client.check(''), (await bridge.get('/healthz')).status], ['NOT_SERVING', 503]);
  });

  for (const healthChecks of [true, false]) {
    it(`has ${healthChecks ? 'a line' : 'no line'} in the access log for each call with healthChecks: ${healthChecks}`, async () => {
      await using files = await writeTestFiles({});
      await using backend = await GrpcBackend.start();
      const file = files.path('access.log');
      await using bridge = await TestBridge.start({
        accessLog: { format: `${FORMAT}\n`, file, healthChecks },
        clusters: [quickCluster('app', [backend.key])],
      });
      await bridge.untilHealthy(true);
      using client = new OwnHealthClient(bridge.url());
      await client.check('app');
      await client.check('nobody');
      const watch = client.watch('');
      await watch.until(1);
      watch.call.cancel();
      await client.ask('/no.Such/Method');
      const lines = (): readonly string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);
      await until(
        () => lines().length === (healthChecks ? 4 : 1),
        () => lines().join('\n'),
      );
      const check = '/grpc.health.v1.Health/Check HTTP/2 200 -';
      const own = [`${check} 10 7 OK`, `${check} 13 0 NotFound`, '/grpc.health.v1.Health/Watch HTTP/2 200 DR 7 7 Canceled'];
      const other = lines().filter((line) => line.startsWith('/grpc.health'));
      assert.deepEqual(other.toSorted(), healthChecks ? own.toSorted() : []);
    });
  }
});
