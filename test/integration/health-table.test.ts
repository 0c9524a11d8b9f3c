import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCheckerFor } from '../../src/health/create-checker.ts';
import { HealthTable } from '../../src/health/health-table.ts';
import type { GrpcHealthCheckOptions, HealthClusterOptions } from '../../src/health/options.ts';
import type { Endpoint } from '../../src/model/endpoint.ts';
import type { EndpointHealth, HealthView } from '../../src/model/health-view.ts';
import { systemClock } from '../../src/util/clock.ts';
import { localEndpoint } from '../support/health/checker-bench.ts';
import { grpcCluster } from '../support/health/options.ts';
import { RawServer } from '../support/health/raw-server.ts';
import { RecordingObserver } from '../support/health/recording-observer.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';

/** A table on real sockets and real time; disposing it closes it. */
class Bench implements AsyncDisposable {
  readonly observer = new RecordingObserver();
  readonly table: HealthTable;
  #notify: (view: HealthView) => void = () => undefined;

  constructor(cluster: HealthClusterOptions, endpoints: readonly Endpoint[]) {
    this.table = new HealthTable([cluster], {
      clock: systemClock,
      random: Math.random,
      observer: this.observer,
      createChecker: createCheckerFor({ clock: systemClock, random: Math.random, userAgent: 'bridge-test/1' }),
      onView: (view) => this.#notify(view),
    });
    this.table.start();
    this.table.updateDiscovery(cluster.name, { kind: 'endpoints', endpoints });
  }

  get endpoints(): readonly EndpointHealth[] {
    return this.table.view.clusters.get('app')?.endpoints ?? [];
  }

  /** Resolves with how long it took until every endpoint has that state. */
  async until(state: EndpointHealth['state']): Promise<number> {
    const startedAt = performance.now();
    while (this.endpoints.length === 0 || this.endpoints.some((endpoint) => endpoint.state !== state)) {
      await new Promise((resolve) => {
        this.#notify = resolve;
      });
    }
    return performance.now() - startedAt;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.table.close();
  }
}

const FAST: Partial<GrpcHealthCheckOptions> = {
  intervalMs: 100,
  unhealthyIntervalMs: 100,
  intervalJitterMs: 20,
  timeoutMs: 100,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
};
/** interval + jitter + timeout + (2 − 1) × (unhealthyInterval + jitter + timeout), which is the same both ways here. */
const BOUND_MS = 2 * (100 + 20 + 100);
/** What a machine that does other things too may add. */
const SLACK_MS = 150;

describe('the health table on real sockets', () => {
  for (const mode of ['check', 'watch', 'auto'] as const) {
    it(`sees a backend fall silent and return within the bounds, mode ${mode}`, async () => {
      await using backend = await GrpcBackend.start();
      await using bench = new Bench(grpcCluster({ ...FAST, mode }), [backend.endpoint]);
      await bench.until('healthy');
      backend.check = { kind: 'hang' };
      backend.watch = { kind: 'hang' };
      const silentMs = await bench.until('unhealthy');
      assert.ok(silentMs < BOUND_MS + SLACK_MS, `seen silent after ${silentMs} ms`);
      // On a busy machine the last failure may be that of a new connection.
      assert.match(
        bench.endpoints[0]?.reason ?? '',
        /^(deadline exceeded: connected, but no answer|connected, but no HTTP\/2 SETTINGS) within 100 ms$/,
      );
      backend.check = { kind: 'answer' };
      backend.watch = { kind: 'answer' };
      const returnedMs = await bench.until('healthy');
      assert.ok(returnedMs < BOUND_MS + SLACK_MS, `seen back after ${returnedMs} ms`);
      assert.equal(backend.maxChecksInFlight, 1);
    });

    it(`sees a backend die and return, mode ${mode}`, async () => {
      await using backend = await GrpcBackend.start();
      await using bench = new Bench(grpcCluster({ ...FAST, mode }), [backend.endpoint]);
      await bench.until('healthy');
      await backend.die();
      const deadMs = await bench.until('unhealthy');
      assert.ok(deadMs < BOUND_MS + SLACK_MS, `seen dead after ${deadMs} ms`);
      assert.equal(bench.endpoints[0]?.reason, 'connection refused');
      await backend.revive();
      const returnedMs = await bench.until('healthy');
      assert.ok(returnedMs < BOUND_MS + SLACK_MS, `seen back after ${returnedMs} ms`);
    });
  }

  it('is not held up by fifty backends that hang: the one that answers is seen as fast as ever', async () => {
    await using stack = new AsyncDisposableStack();
    const hanging: Endpoint[] = [];
    for (let index = 0; index < 50; index += 1) {
      hanging.push(localEndpoint(stack.use(await RawServer.start(() => undefined)).port));
    }
    const backend = stack.use(await GrpcBackend.start());
    const cluster = grpcCluster({ ...FAST, mode: 'auto', timeoutMs: 60_000 }, { connectTimeoutMs: 60_000 });
    const bench = stack.use(new Bench(cluster, [...hanging, backend.endpoint]));
    const state = (): string | undefined => bench.endpoints.find(({ endpoint }) => endpoint.key === backend.key)?.state;
    for (const [word, wanted] of [
      ['SERVING', 'healthy'],
      ['NOT_SERVING', 'unhealthy'],
      ['SERVING', 'healthy'],
    ] as const) {
      backend.setStatus('', word);
      const deadline = performance.now() + 2_000;
      while (state() !== wanted) {
        assert.ok(performance.now() < deadline, `not ${wanted}`);
        await new Promise(setImmediate);
      }
    }
    const closing = performance.now();
    await bench.table.close();
    assert.ok(performance.now() - closing < 1_000);
    assert.ok(bench.observer.checks.every(({ endpoint }) => endpoint === backend.key));
  });

  it('leaves no socket and no timer behind when closed in the middle of everything', async () => {
    await using backend = await GrpcBackend.start();
    await using silent = await RawServer.start(() => undefined);
    const before = timersAndSockets();
    for (const mode of ['check', 'watch', 'auto'] as const) {
      for (const waits of [0, 1, 5]) {
        const bench = new Bench(grpcCluster({ ...FAST, mode }), [backend.endpoint, localEndpoint(silent.port), localEndpoint(1)]);
        for (let turn = 0; turn < waits; turn += 1) {
          await new Promise(setImmediate);
        }
        await bench.table.close();
      }
    }
    while (backend.openConnections > 0 || silent.sockets.size > 0) {
      await new Promise(setImmediate);
    }
    assert.deepEqual(timersAndSockets(), before);
  });
});

function timersAndSockets(): readonly string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(Timeout|TCPSocketWrap|TCPConnectWrap|TLSWrap)$/.test(name));
}
