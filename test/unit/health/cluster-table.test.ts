import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClusterTable } from '../../../src/health/cluster-table.ts';
import type { HealthClusterOptions } from '../../../src/health/options.ts';
import { SERVING } from '../../../src/health/outcome.ts';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { endpointAt } from '../../support/health/monitor-bench.ts';
import { grpcCluster, TIMING } from '../../support/health/options.ts';
import { RecordingObserver } from '../../support/health/recording-observer.ts';
import { CheckerFactory, REFUSED } from '../../support/health/scripted-checker.ts';

class Bench {
  readonly clock = new FakeClock();
  readonly observer = new RecordingObserver();
  readonly factory = new CheckerFactory(this.clock);
  readonly table: ClusterTable;
  changes = 0;

  constructor(cluster: HealthClusterOptions = grpcCluster()) {
    this.table = new ClusterTable(cluster, {
      clock: this.clock,
      random: () => 0,
      observer: this.observer,
      createChecker: this.factory.create,
      hasTraffic: () => true,
      onChange: () => {
        this.changes += 1;
      },
    });
  }

  find(...endpoints: readonly Endpoint[]): void {
    this.table.updateDiscovery({ kind: 'endpoints', endpoints });
  }

  get states(): string {
    return this.table.health.endpoints.map(({ endpoint, state }) => `${endpoint.key.slice('10.0.0.1:'.length)} ${state}`).join();
  }

  get latches(): readonly boolean[] {
    const { initialized, hadVerdict } = this.table.health;
    return [initialized, hadVerdict];
  }
}

function draining(port: number, reason = 'the pod is terminating'): Endpoint {
  const report = { state: 'draining', flags: ['terminating'], reason, atMs: 1, pollMs: 0, failedPolls: 0, failure: '' } as const;
  return { ...endpointAt(port), reported: report };
}

const [ONE, TWO, THREE] = [endpointAt(1), endpointAt(2), endpointAt(3)] as const;

describe('ClusterTable', () => {
  it('checks what discovery finds, in the order of keys, each address once', async () => {
    const bench = new Bench();
    bench.find(THREE, ONE, TWO, ONE);
    assert.equal(bench.states, '1 pending,2 pending,3 pending');
    await bench.clock.advance(20);
    assert.equal(bench.states, '1 healthy,2 healthy,3 healthy');
    await bench.table.close();
    assert.equal(bench.clock.pendingTimers, 0);
  });

  it('keeps health and checks of survivors, ends those of the removed, and starts the new', async () => {
    const bench = new Bench();
    bench.factory.script = ({ key }) => ({ outcome: key === ONE.key ? REFUSED : SERVING, afterMs: 0 });
    bench.find(ONE, TWO);
    await bench.clock.advance(10);
    const [one, two] = [bench.factory.of(ONE.key), bench.factory.of(TWO.key)];
    bench.find(THREE, endpointAt(2, 'app.test'));
    assert.equal(bench.states, '2 healthy,3 pending');
    assert.deepEqual(bench.observer.removed, [ONE.key]);
    assert.deepEqual([one.closed, two.closed, bench.factory.of(TWO.key) === two], [true, false, true]);
    assert.equal(bench.table.health.endpoints[0]?.endpoint.hostname, 'app.test');
    await bench.clock.advance(10_000);
    assert.deepEqual([one.starts.length, two.starts.length], [1, 3]);
    // Back again: a new endpoint, whose first result counts at once.
    bench.find(ONE, TWO, THREE);
    assert.equal(bench.states, '1 pending,2 healthy,3 healthy');
    await bench.table.close();
  });

  it('spreads the first checks of many endpoints, over no more than the interval', async () => {
    for (const [count, windowMs] of [
      [10, 50],
      [5_000, 5_000],
    ] as const) {
      const bench = new Bench();
      bench.find(...Array.from({ length: count }, (_, index) => endpointAt(index + 1)));
      await bench.clock.advance(windowMs);
      const starts = [...bench.factory.checkers.values()].map(({ starts: [first] }) => first ?? Number.NaN);
      assert.equal(new Set(starts.map((at) => Math.floor((at / windowMs) * 10))).size, 10);
      assert.ok(starts.every((at) => at < windowMs));
      await bench.table.close();
    }
  });

  it('checks an endpoint by its other address from when that is known, without a word before there is a result', async () => {
    const bench = new Bench();
    bench.find(ONE, TWO);
    await bench.clock.advance(10);
    const [checker, other] = [bench.factory.checkers.get(ONE.key), bench.factory.checkers.get(TWO.key)];
    const changes = bench.observer.changes.length;
    const either = { ...ONE, address: { kind: 'tcp', host: '10.0.0.1', port: 1, otherHost: 'fd00::1' } } as const;
    for (const again of [either, structuredClone(either)]) {
      bench.find(again, TWO);
      assert.equal(bench.states, '1 healthy,2 healthy');
      assert.equal(bench.factory.checkers.get(ONE.key)?.endpoint, either, 'once');
    }
    assert.equal(checker?.closed, true);
    assert.equal(bench.factory.checkers.get(TWO.key), other);
    bench.factory.script = () => ({ outcome: REFUSED, afterMs: 0 });
    bench.find({ ...either, address: { ...either.address, otherHost: 'fd00::2' } }, TWO);
    assert.equal(bench.states, '1 healthy,2 healthy');
    assert.equal(bench.observer.changes.length, changes);
    await bench.clock.advance(10);
    assert.equal(bench.states, '1 unhealthy,2 healthy');
    await bench.table.close();
  });

  it('lets endpoints without checks be healthy at once', async () => {
    const bench = new Bench({ ...grpcCluster(), healthCheck: { ...TIMING, type: 'none' } });
    bench.find(ONE, TWO, THREE);
    await bench.clock.advance(0);
    assert.equal(bench.states, '1 healthy,2 healthy,3 healthy');
    assert.deepEqual(bench.table.health.services, []);
    await bench.table.close();
  });

  it('is initialized by the first result, an empty answer or a failed discovery, and stays so', async () => {
    const byResult = new Bench();
    byResult.find(ONE, TWO);
    assert.deepEqual(byResult.latches, [false, false]);
    await byResult.clock.advance(0);
    assert.deepEqual(byResult.latches, [true, false]);
    await byResult.table.close();

    const byEmptiness = new Bench();
    byEmptiness.find();
    assert.deepEqual(byEmptiness.latches, [true, false]);
    byEmptiness.find(ONE);
    assert.deepEqual(byEmptiness.latches, [true, false]);
    await byEmptiness.table.close();

    const byFailure = new Bench();
    byFailure.table.updateDiscovery({ kind: 'failed', reason: 'SERVFAIL' });
    assert.deepEqual(byFailure.latches, [true, false]);
    await byFailure.table.close();
  });

  it('has had a verdict once every endpoint known has a result, and keeps it when new ones come', async () => {
    const bench = new Bench();
    bench.find(ONE, TWO);
    await bench.clock.advance(10);
    assert.deepEqual(bench.latches, [true, true]);
    bench.find(ONE, TWO, THREE);
    assert.deepEqual([bench.states, ...bench.latches], ['1 healthy,2 healthy,3 pending', true, true]);
    await bench.table.close();
  });

  it('has had no verdict from an empty answer alone', () => {
    const bench = new Bench();
    bench.find();
    assert.deepEqual([bench.table.health.hadVerdict, bench.table.health.endpoints], [false, []]);
  });

  it('keeps the endpoints found last when discovery fails, and says why', async () => {
    const bench = new Bench();
    assert.deepEqual(bench.table.health.discovery, { state: 'pending', reason: '', lastSuccessMs: null });
    bench.find(ONE);
    await bench.clock.advance(1_000);
    bench.table.updateDiscovery({ kind: 'failed', reason: 'SERVFAIL' });
    assert.equal(bench.states, '1 healthy');
    assert.deepEqual(bench.table.health.discovery, { state: 'failed', reason: 'SERVFAIL', lastSuccessMs: 1_700_000_000_000 });
    bench.find(ONE);
    assert.deepEqual(bench.table.health.discovery, { state: 'ok', reason: '', lastSuccessMs: 1_700_000_001_000 });
    assert.deepEqual(
      bench.observer.discoveries.map(({ kind }) => kind),
      ['endpoints', 'failed', 'endpoints'],
    );
    await bench.table.close();
  });

  it('ends the checks of an endpoint that is leaving, and counts it as draining until it is gone', async () => {
    const bench = new Bench();
    bench.find(ONE, TWO);
    await bench.clock.advance(10);
    const [one] = [bench.factory.of(ONE.key)];
    bench.find(draining(1), TWO);
    assert.equal(bench.states, '1 draining,2 healthy');
    assert.equal(one.closed, true);
    const shown = bench.table.health.endpoints[0];
    assert.deepEqual(
      [shown?.reason, shown?.flags, bench.table.health.hadVerdict],
      ['the pod is terminating', ['terminating'], true],
    );
    await bench.clock.advance(1_000_000);
    bench.table.expire(bench.clock.now());
    assert.equal(bench.states.split(',')[0], '1 draining');
    bench.find(draining(1, 'and no longer serves'), TWO);
    assert.equal(bench.table.health.endpoints[0]?.reason, 'and no longer serves');
    assert.deepEqual(
      bench.observer.changes
        .filter(({ to }) => to === 'draining')
        .map(({ endpoint, from, to, reason }) => [endpoint, from, to, reason]),
      [[ONE.key, 'healthy', 'draining', 'the pod is terminating']],
    );
    bench.find(TWO);
    assert.equal(bench.states.startsWith('2 '), true);
    await bench.table.close();
    assert.equal(bench.clock.pendingTimers, 0);
  });

  it('checks an endpoint anew that does not leave after all, and waits for none that does', async () => {
    const bench = new Bench();
    bench.find(draining(1), TWO);
    await bench.clock.advance(10);
    assert.deepEqual([bench.states, ...bench.latches], ['1 draining,2 healthy', true, true]);
    bench.find(ONE, TWO);
    assert.equal(bench.states, '1 pending,2 healthy');
    await bench.clock.advance(10);
    assert.equal(bench.states, '1 healthy,2 healthy');
    await bench.table.close();
  });

  it('knows when the first result will be stale, and keeps its object until something changes', async () => {
    const bench = new Bench(grpcCluster({}, { staleAfterMs: 7_000 }));
    assert.equal(bench.table.staleAt, Number.POSITIVE_INFINITY);
    bench.find(ONE, TWO);
    await bench.clock.advance(10);
    assert.equal(bench.table.staleAt, 7_000);
    const { health } = bench.table;
    bench.table.expire(6_999);
    assert.equal(bench.table.health, health);
    bench.table.expire(7_000);
    assert.equal(bench.states, '1 stale,2 healthy');
    await bench.table.close();
  });

  it('believes that there are no endpoints until discovery has failed for as long as a result holds', async () => {
    const bench = new Bench(grpcCluster({}, { staleAfterMs: 10_000 }));
    const fail = (): void => bench.table.updateDiscovery({ kind: 'failed', reason: 'SERVFAIL' });
    bench.find();
    await bench.clock.advance(60_000);
    assert.equal(bench.table.staleAt, Number.POSITIVE_INFINITY, 'no news are no failure');
    fail();
    await bench.clock.advance(4_000);
    fail();
    assert.equal(bench.table.staleAt, 70_000);
    bench.table.expire(69_999);
    assert.equal(bench.table.health.discovery.expired, undefined);
    bench.table.expire(70_000);
    assert.deepEqual([bench.table.health.discovery.expired, bench.table.staleAt], [true, Number.POSITIVE_INFINITY]);
    await bench.clock.advance(6_000);
    fail();
    assert.equal(bench.table.health.discovery.expired, true);
    bench.find();
    assert.equal(bench.table.health.discovery.expired, undefined);
    fail();
    assert.equal(bench.table.staleAt, 80_000, 'the time begins anew');
    await bench.table.close();
  });
});
