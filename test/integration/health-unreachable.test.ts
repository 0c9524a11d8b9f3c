import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HealthClusterOptions } from '../../src/health/options.ts';
import { CheckerBench, localEndpoint } from '../support/health/checker-bench.ts';
import { DeafPort } from '../support/health/deaf-port.ts';
import { grpcCluster, TIMING } from '../support/health/options.ts';

const CLUSTERS: readonly (readonly [name: string, cluster: HealthClusterOptions])[] = [
  ['mode check', grpcCluster({ mode: 'check' }, { connectTimeoutMs: 80 })],
  ['mode watch', grpcCluster({ mode: 'watch' }, { connectTimeoutMs: 80 })],
  ['mode auto', grpcCluster({ mode: 'auto' }, { connectTimeoutMs: 80 })],
  ['a timeout shorter than connectTimeout', grpcCluster({ timeoutMs: 80 })],
  ['type tcp', { ...grpcCluster({}, { connectTimeoutMs: 80 }), healthCheck: { ...TIMING, type: 'tcp', port: null } }],
];

describe('health checks of a machine that drops every packet', () => {
  for (const [name, cluster] of CLUSTERS) {
    it(`end with their time, and their attempt to connect with them: ${name}`, async () => {
      await using deaf = await DeafPort.start();
      const before = connecting();
      await using bench = new CheckerBench(localEndpoint(deaf.port), cluster);
      for (let round = 0; round < 2; round += 1) {
        assert.deepEqual(await bench.check(), { word: 'connect_failed', reason: 'no connection within 80 ms', reached: 'none' });
      }
      await bench.checker.close();
      // The system closes a socket a few turns of the event loop later; an attempt left alone would go on for minutes.
      for (const started = performance.now(); connecting() > before; ) {
        assert.ok(performance.now() - started < 2_000, `${connecting() - before} attempts go on`);
        await new Promise(setImmediate);
      }
    });
  }
});

function connecting(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPConnectWrap' || name === 'TCPSocketWrap').length;
}
