import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { EnvoyProcess, grpcCheck, http2Cluster } from './support/envoy.ts';
import { untilOrders } from './support/envoy-view.ts';

/** It holds the separator of the text form. */
const NAME = 'shop::orders/v1';

describe('a bridge over a real Envoy', () => {
  for (const format of ['json', 'text']) {
    it(`follows its view in ${format}: failure, recovery, maintenance, restart`, { timeout: 90_000 }, async () => {
      await using first = await GrpcBackend.start({ allowLeftovers: true });
      await using second = await GrpcBackend.start({ allowLeftovers: true });
      const cluster = http2Cluster(NAME, [first.key, second.key], { health_checks: [grpcCheck('')] });
      await using envoy = await EnvoyProcess.start({ static_resources: { clusters: [cluster] } });
      const discovery = {
        type: 'envoy',
        admin: envoy.adminUrl,
        clusters: [NAME],
        pollInterval: '100ms',
        jitter: '0s',
        format,
      };
      await using test = await TestBridge.start({ clusters: [{ name: 'orders', discovery }] });
      const until = (wanted: string): Promise<void> => untilOrders(test, wanted);
      await until('200 healthy healthy');
      second.setStatus('', 'NOT_SERVING');
      await until('200 healthy unhealthy/failed_active_hc');
      first.setStatus('', 'NOT_SERVING');
      await until('503 unhealthy/failed_active_hc unhealthy/failed_active_hc');
      assert.match((await test.get('/healthz?verbose')).body, /panic: Envoy ignores health within priority 0 of "shop::orders/);
      first.setStatus('', 'SERVING');
      second.setStatus('', 'SERVING');
      await until('200 healthy healthy');
      await envoy.post('/healthcheck/fail');
      await until('503 unhealthy unhealthy');
      assert.match((await test.get('/healthz?verbose')).body, /Envoy is draining \(state DRAINING\)/);
      await envoy.post('/healthcheck/ok');
      await until('200 healthy healthy');
      envoy.child.signal('SIGSTOP');
      await until('503 unhealthy unhealthy');
      assert.match((await test.get('/healthz?verbose')).body, /no whole answer within 1000 ms/);
      envoy.child.signal('SIGCONT');
      await until('200 healthy healthy');
      await envoy.kill();
      await until('503 unhealthy unhealthy');
      await envoy.restart();
      await until('200 healthy healthy');
      envoy.child.assertRunning();
    });
  }
});
