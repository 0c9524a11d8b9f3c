import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HealthTable } from '../../../src/health/health-table.ts';
import type { HealthClusterOptions } from '../../../src/health/options.ts';
import { SERVING } from '../../../src/health/outcome.ts';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import type { HealthView } from '../../../src/model/health-view.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { endpointAt } from '../../support/health/monitor-bench.ts';
import { grpcCluster } from '../../support/health/options.ts';
import { RecordingObserver } from '../../support/health/recording-observer.ts';
import { CheckerFactory, NOT_SERVING } from '../../support/health/scripted-checker.ts';

class Bench {
  readonly clock = new FakeClock();
  readonly factory = new CheckerFactory(this.clock);
  readonly views: HealthView[] = [];
  readonly asked: string[] = [];
  readonly table: HealthTable;

  constructor(clusters: readonly HealthClusterOptions[] = [grpcCluster()]) {
    this.table = new HealthTable(clusters, {
      clock: this.clock,
      random: () => 0,
      observer: new RecordingObserver(),
      createChecker: () => this.factory.create,
      hasTraffic: (cluster) => {
        this.asked.push(cluster);
        return true;
      },
      onView: (view) => this.views.push(view),
    });
  }

  find(cluster: string, ...endpoints: readonly Endpoint[]): void {
    this.table.updateDiscovery(cluster, { kind: 'endpoints', endpoints });
  }
}

function stateOf(view: HealthView | undefined, cluster = 'app'): readonly string[] {
  return (view?.clusters.get(cluster)?.endpoints ?? []).map(({ state }) => state);
}

const MANY = Array.from({ length: 20 }, (_, index) => endpointAt(index + 1));

describe('HealthTable', () => {
  it('has a view from the first moment, with every cluster in the order of the configuration', async () => {
    const bench = new Bench([grpcCluster({}, { name: 'b' }), grpcCluster({}, { name: 'a' })]);
    assert.deepEqual([...bench.table.view.clusters.keys()], ['b', 'a']);
    await bench.clock.advance(0);
    assert.equal(bench.views.length, 0);
    bench.table.start();
    await bench.clock.advance(0);
    assert.equal(bench.views.length, 1);
    assert.equal(bench.views[0], bench.table.view);
    await bench.table.close();
  });

  it('publishes once per turn of the event loop, however many changes come together', async () => {
    const bench = new Bench();
    bench.table.start();
    bench.find('app', ...MANY);
    await bench.clock.advance(1_000);
    bench.views.length = 0;
    for (const checker of bench.factory.checkers.values()) {
      checker.events.onMessage('', NOT_SERVING);
      checker.events.onMessage('', SERVING);
      checker.events.onMessage('', NOT_SERVING);
    }
    assert.equal(bench.views.length, 0);
    await bench.clock.advance(0);
    assert.equal(bench.views.length, 1);
    assert.deepEqual(stateOf(bench.views[0]), Array(20).fill('unhealthy'));
    await bench.table.close();
  });

  it('never changes a view that it has published', async () => {
    const bench = new Bench();
    bench.table.start();
    bench.find('app', endpointAt(1));
    await bench.clock.advance(0);
    const before = bench.table.view;
    bench.factory.of(endpointAt(1).key).events.onMessage('', NOT_SERVING);
    assert.equal(bench.table.view, before);
    await bench.clock.advance(0);
    assert.notEqual(bench.table.view, before);
    assert.deepEqual([stateOf(before), stateOf(bench.table.view)], [['healthy'], ['unhealthy']]);
    await bench.table.close();
  });

  it('publishes mere refreshes a second later at most, together', async () => {
    const bench = new Bench();
    bench.table.start();
    bench.find('app', ...MANY);
    await bench.clock.advance(4_000);
    bench.views.length = 0;
    // All twenty are checked between 5 000 and 5 100.
    await bench.clock.advance(1_999);
    assert.equal(bench.views.length, 0);
    await bench.clock.advance(1);
    assert.equal(bench.views.length, 1);
    const results = bench.views[0]?.clusters.get('app')?.endpoints.map(({ lastResultMs }) => lastResultMs ?? 0) ?? [];
    assert.deepEqual([Math.min(...results), Math.max(...results)], [1_700_000_005_000, 1_700_000_005_095]);
    await bench.table.close();
  });

  it('turns results stale with one timer, which finds the next by itself', async () => {
    const bench = new Bench([grpcCluster({ intervalMs: 1_000_000 }, { staleAfterMs: 10_000 })]);
    bench.table.start();
    bench.find('app', endpointAt(1), endpointAt(2));
    await bench.clock.advance(5_000);
    bench.factory.of(endpointAt(2).key).events.onMessage('', SERVING);
    await bench.clock.advance(4_999);
    assert.deepEqual(stateOf(bench.table.view), ['healthy', 'healthy']);
    await bench.clock.advance(1);
    assert.deepEqual(stateOf(bench.table.view), ['stale', 'healthy']);
    await bench.clock.advance(4_999);
    assert.deepEqual(stateOf(bench.table.view), ['stale', 'healthy']);
    await bench.clock.advance(2);
    assert.deepEqual(stateOf(bench.table.view), ['stale', 'stale']);
    bench.factory.of(endpointAt(1).key).events.onMessage('', SERVING);
    await bench.clock.advance(9_999);
    assert.deepEqual(stateOf(bench.table.view), ['healthy', 'stale']);
    await bench.clock.advance(1);
    assert.deepEqual(stateOf(bench.table.view), ['stale', 'stale']);
    await bench.table.close();
  });

  it('does not forget a cluster whose results hold shorter than those that came first', async () => {
    const long = { ...grpcCluster({ intervalMs: 1_000_000 }, { staleAfterMs: 900_000 }), name: 'long' };
    const short = grpcCluster({ intervalMs: 1_000_000 }, { staleAfterMs: 10_000 });
    const bench = new Bench([long, short]);
    bench.table.start();
    bench.find('long', endpointAt(1));
    await bench.clock.advance(5_000);
    bench.find('app', endpointAt(2));
    await bench.clock.advance(15_001);
    assert.deepEqual(stateOf(bench.table.view), ['stale']);
    await bench.table.close();
  });

  it('turns an empty cluster back to unknown when discovery has failed for long', async () => {
    const bench = new Bench([grpcCluster({}, { staleAfterMs: 10_000 })]);
    bench.table.start();
    bench.find('app');
    bench.table.updateDiscovery('app', { kind: 'failed', reason: 'SERVFAIL' });
    await bench.clock.advance(9_999);
    assert.equal(bench.table.view.clusters.get('app')?.discovery.expired, undefined);
    await bench.clock.advance(2);
    assert.equal(bench.table.view.clusters.get('app')?.discovery.expired, true);
    await bench.table.close();
    assert.equal(bench.clock.pendingTimers, 0);
  });

  it('asks whether a cluster has traffic by its name, after each check that passed', async () => {
    const bench = new Bench();
    bench.table.start();
    bench.find('app', endpointAt(1));
    await bench.clock.advance(5_000);
    assert.deepEqual(bench.asked, ['app', 'app']);
    await bench.table.close();
  });

  it('publishes no more once closed, and leaves no timer', async () => {
    const bench = new Bench();
    bench.table.start();
    bench.find('app', ...MANY);
    await bench.clock.advance(5_001);
    bench.factory.of(endpointAt(1).key).events.onMessage('', NOT_SERVING);
    bench.views.length = 0;
    await bench.table.close();
    await bench.table.close();
    bench.find('app', endpointAt(99));
    await bench.clock.advance(600_000);
    assert.deepEqual([bench.views, bench.clock.pendingTimers, bench.factory.checkers.has(endpointAt(99).key)], [[], 0, false]);
  });

  it('ignores a cluster that it does not have', async () => {
    const bench = new Bench();
    bench.table.start();
    bench.find('other', endpointAt(1));
    await bench.clock.advance(0);
    assert.deepEqual([...bench.table.view.clusters.keys()], ['app']);
    await bench.table.close();
  });
});
