import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { createCheckerFor } from '../../src/health/create-checker.ts';
import { HealthTable } from '../../src/health/health-table.ts';
import { MAX_MESSAGES_BETWEEN_CHECKS } from '../../src/health/watch-call.ts';
import { systemClock } from '../../src/util/clock.ts';
import { CheckerBench, type CheckerEvent } from '../support/health/checker-bench.ts';
import { grpcCluster } from '../support/health/options.ts';
import { RecordingObserver } from '../support/health/recording-observer.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';

const MODES = ['watch', 'auto'] as const;

function streamFailure(reason: string): CheckerEvent {
  return { kind: 'streamFailure', service: '', reason };
}

/** Everything told but messages. */
function rest(told: readonly CheckerEvent[]): readonly CheckerEvent[] {
  return told.filter(({ kind }) => kind !== 'message');
}

for (const mode of MODES) {
  describe(`Watch, mode ${mode}`, () => {
    it('tells every change of its own accord, and Check proves life beside it', async () => {
      await using backend = await GrpcBackend.start();
      await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode }));
      await bench.check();
      await bench.untilTold(1);
      for (const [word, index] of [
        ['NOT_SERVING', 2],
        ['SERVING', 3],
        ['SERVICE_UNKNOWN', 4],
        ['UNKNOWN', 5],
      ] as const) {
        backend.setStatus('', word);
        await bench.untilTold(index);
      }
      assert.deepEqual(bench.words, ['serving', 'not_serving', 'serving', 'service_unknown', 'unknown']);
      const before = backend.checks;
      assert.equal(await bench.word(), 'unknown');
      assert.deepEqual([backend.checks, backend.watches, backend.connections], [before + 1, 1, 1]);
    });

    it('waits for a service that the server does not know yet', async () => {
      await using backend = await GrpcBackend.start();
      await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode, services: ['later'] }));
      assert.equal(await bench.word(), 'service_unknown');
      backend.setStatus('later', 'SERVING');
      await bench.untilTold(2);
      assert.deepEqual(bench.words, ['service_unknown', 'serving']);
    });

    for (const [code, reason] of [
      [status.UNAVAILABLE, 'Watch ended: UNAVAILABLE: bye'],
      [status.CANCELLED, 'Watch ended: CANCELLED: bye'],
    ] as const) {
      it(`counts a stream that ends ${status[code]} as one failure, and opens it again`, async () => {
        await using backend = await GrpcBackend.start();
        await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode, unhealthyIntervalMs: 100 }));
        await bench.check();
        await bench.untilTold(1);
        backend.endWatches(code, 'bye');
        assert.deepEqual(rest(await bench.untilTold(3)), [streamFailure(reason), { kind: 'checkWanted' }]);
        assert.equal(await bench.word(), 'serving');
        await bench.untilTold(4);
        assert.deepEqual([backend.watches, backend.connections], [2, 1]);
      });
    }

    it('brings the next check forward when the connection is lost, which is no failure in itself', async () => {
      await using backend = await GrpcBackend.start();
      await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode, unhealthyIntervalMs: 1 }));
      await bench.check();
      await bench.untilTold(1);
      backend.resetConnections();
      assert.deepEqual(rest(await bench.untilTold(2)), [{ kind: 'checkWanted' }]);
      assert.equal(await bench.word(), 'serving');
      assert.deepEqual([backend.watches, backend.connections], [2, 2]);
    });

    it('counts connections that are lost again and again, and waits longer each time', async () => {
      await using backend = await GrpcBackend.start();
      await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode, unhealthyIntervalMs: 60_000 }));
      const waited: number[] = [];
      for (let round = 1; round <= 3; round += 1) {
        assert.equal(await bench.word(), 'serving');
        await bench.untilTold(round * 3 - 2);
        const lostAt = performance.now();
        backend.resetConnections();
        await bench.untilTold(round * 3);
        waited.push(performance.now() - lostAt);
      }
      assert.deepEqual(rest(bench.told).slice(0, 2), [streamFailure('Watch ended: connection lost'), { kind: 'checkWanted' }]);
      // 75, 150 and 300 ms, and what the machine adds; a timer may be a millisecond early.
      assert.ok(
        waited.every((ms, index) => ms >= 74 * 2 ** index),
        waited.join(),
      );
    });

    it('moves to a new connection when the server goes away in order', async () => {
      await using backend = await GrpcBackend.start();
      await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode, unhealthyIntervalMs: 1 }));
      await bench.check();
      await bench.untilTold(1);
      const left = once(backend.events, 'disconnection');
      backend.drainConnections(60_000);
      assert.deepEqual(rest(await bench.untilTold(2)), [{ kind: 'checkWanted' }]);
      assert.equal(await bench.word(), 'serving');
      await left;
      backend.setStatus('', 'NOT_SERVING');
      await bench.untilTold(4);
      assert.deepEqual(bench.words, ['serving', 'serving', 'not_serving']);
    });

    it('is ended by a server that floods it, as one failure', async () => {
      await using backend = await GrpcBackend.start();
      await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode, unhealthyIntervalMs: 100 }));
      await bench.check();
      await bench.untilTold(1);
      for (let index = 0; index < MAX_MESSAGES_BETWEEN_CHECKS * 2; index += 1) {
        backend.setStatus('', index % 2 === 0 ? 'NOT_SERVING' : 'SERVING');
      }
      await bench.untilTold(MAX_MESSAGES_BETWEEN_CHECKS + 2);
      assert.equal(bench.words.length, MAX_MESSAGES_BETWEEN_CHECKS);
      assert.deepEqual(rest(bench.told), [
        streamFailure(`Watch sent more than ${MAX_MESSAGES_BETWEEN_CHECKS} messages between two checks`),
        { kind: 'checkWanted' },
      ]);
      while (backend.openWatches > 0) {
        await once(backend.events, 'watchEnd');
      }
    });
  });
}

describe('Watch', () => {
  it('is not tried again on a connection on which it ended UNIMPLEMENTED, mode auto', async () => {
    await using backend = await GrpcBackend.start();
    backend.watch = { kind: 'error', code: status.UNIMPLEMENTED };
    await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode: 'auto' }));
    for (let index = 0; index < 3; index += 1) {
      assert.equal(await bench.word(), 'serving');
    }
    assert.deepEqual([backend.watches, backend.checks, bench.told], [1, 3, []]);
    // The server that comes back may be a newer one.
    backend.watch = { kind: 'answer' };
    backend.resetConnections();
    await bench.untilTold(1);
    assert.equal(await bench.word(), 'serving');
    await bench.untilTold(2);
    assert.deepEqual(bench.words, ['serving']);
  });

  it('is tried again at each check after UNIMPLEMENTED where nothing else is an answer, mode watch', async () => {
    await using backend = await GrpcBackend.start();
    backend.watch = { kind: 'error', code: status.UNIMPLEMENTED };
    await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode: 'watch' }));
    assert.deepEqual([await bench.word(), await bench.word()], ['unimplemented', 'unimplemented']);
    backend.watch = { kind: 'answer' };
    assert.deepEqual([await bench.word(), await bench.word()], ['serving', 'serving']);
    assert.deepEqual([backend.watches, backend.checks], [3, 1]);
  });

  it('that cannot be opened is no failure where Check answers, mode auto', async () => {
    await using backend = await GrpcBackend.start();
    backend.watch = { kind: 'error', code: status.PERMISSION_DENIED };
    await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode: 'auto', unhealthyIntervalMs: 100 }));
    assert.equal(await bench.word(), 'serving');
    assert.deepEqual(await bench.untilTold(1), [{ kind: 'checkWanted' }]);
  });

  it('is not opened, mode check', async () => {
    await using backend = await GrpcBackend.start();
    await using bench = new CheckerBench(backend.endpoint, grpcCluster({ mode: 'check' }));
    await bench.check();
    backend.resetConnections();
    await bench.check();
    assert.deepEqual([backend.watches, bench.told], [0, []]);
  });

  it('shows a change in the published view in less than 100 ms', async (t) => {
    await using backend = await GrpcBackend.start();
    const published = { notify: (): void => undefined };
    const table = new HealthTable([grpcCluster({ mode: 'auto', intervalMs: 60_000 })], {
      clock: systemClock,
      random: () => 0,
      observer: new RecordingObserver(),
      createChecker: createCheckerFor({ clock: systemClock, random: () => 0, userAgent: 'bridge-test/1' }),
      onView: () => published.notify(),
    });
    const until = async (state: string): Promise<void> => {
      while (table.view.clusters.get('app')?.endpoints[0]?.state !== state) {
        await new Promise<void>((resolve) => {
          published.notify = resolve;
        });
      }
    };
    table.start();
    table.updateDiscovery('app', { kind: 'endpoints', endpoints: [backend.endpoint] });
    await until('healthy');
    const took: number[] = [];
    for (let change = 0; change < 20; change += 1) {
      const [word, state] = change % 2 === 0 ? (['NOT_SERVING', 'unhealthy'] as const) : (['SERVING', 'healthy'] as const);
      const startedAt = performance.now();
      backend.setStatus('', word);
      await until(state);
      took.push(performance.now() - startedAt);
    }
    await table.close();
    took.sort((left, right) => left - right);
    t.diagnostic(`median ${took[10]?.toFixed(1)} ms, longest ${took.at(-1)?.toFixed(1)} ms`);
    assert.ok((took[10] ?? Number.NaN) < 100);
  });
});
