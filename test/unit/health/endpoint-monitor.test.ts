import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SERVING } from '../../../src/health/outcome.ts';
import { endpointAt, MonitorBench } from '../../support/health/monitor-bench.ts';
import { grpcCluster, TIMING } from '../../support/health/options.ts';
import { NOT_SERVING, REFUSED, TIMEOUT } from '../../support/health/scripted-checker.ts';

const WALL_START = 1_700_000_000_000;

describe('EndpointMonitor', () => {
  it('is pending until the first result, which counts at once', async () => {
    const { clock, monitor, checker, observer } = new MonitorBench();
    checker.script = () => ({ outcome: SERVING, afterMs: 40 });
    monitor.start(10);
    assert.deepEqual([monitor.health.state, monitor.health.lastResultMs, monitor.hasResult], ['pending', null, false]);
    await clock.advance(50);
    const { state, reason, sinceMs, lastResultMs, checkMs } = monitor.health;
    assert.deepEqual(
      { state, reason, sinceMs, lastResultMs, checkMs },
      { state: 'healthy', reason: '', sinceMs: WALL_START + 50, lastResultMs: WALL_START + 50, checkMs: 40 },
    );
    assert.deepEqual(observer.checks, [{ endpoint: '10.0.0.1:50051', outcome: 'serving', durationMs: 40 }]);
    assert.deepEqual(observer.changes, [
      { cluster: 'app', endpoint: '10.0.0.1:50051', from: 'pending', to: 'healthy', reason: '' },
    ]);
    await monitor.close();
  });

  it('tells of each check that passes while it is healthy, not of one on its way back, nor where nothing is checked', async () => {
    const { clock, monitor, checker, observer } = new MonitorBench({ cluster: grpcCluster({ healthyThreshold: 2 }) });
    const seen: number[] = [];
    monitor.start(0);
    for (const outcome of [SERVING, SERVING, NOT_SERVING, SERVING, SERVING]) {
      checker.script = () => ({ outcome, afterMs: 0 });
      await clock.advance(seen.length === 0 ? 0 : TIMING.intervalMs);
      seen.push(observer.passed.length);
    }
    assert.deepEqual(seen, [1, 2, 2, 2, 3]);
    await monitor.close();
    const cluster = grpcCluster();
    const unchecked = new MonitorBench({ cluster: { ...cluster, healthCheck: { ...cluster.healthCheck, type: 'none' } } });
    unchecked.checker.script = () => ({ outcome: SERVING, afterMs: 0 });
    unchecked.monitor.start(0);
    await unchecked.clock.advance(0);
    assert.deepEqual([unchecked.state, unchecked.observer.passed], ['healthy', []]);
    await unchecked.monitor.close();
  });

  it('is as good as its worst service, and says which that is', async () => {
    const { clock, monitor, checker } = new MonitorBench({ cluster: grpcCluster({ services: ['', 'route.Router'] }) });
    checker.script = () => ({
      outcome: new Map([
        ['', SERVING],
        ['route.Router', NOT_SERVING],
      ]),
      afterMs: 0,
    });
    monitor.start(0);
    await clock.advance(0);
    const { state, reason, services } = monitor.health;
    assert.deepEqual([state, reason], ['unhealthy', 'route.Router: NOT_SERVING']);
    assert.deepEqual(
      [...services].map(([name, service]) => [name, service.state, service.reason]),
      [
        ['', 'healthy', ''],
        ['route.Router', 'unhealthy', 'NOT_SERVING'],
      ],
    );
    checker.script = () => ({
      outcome: new Map([
        ['', NOT_SERVING],
        ['route.Router', SERVING],
      ]),
      afterMs: 0,
    });
    await clock.advance(10_000);
    assert.equal(monitor.health.reason, 'whole server: NOT_SERVING');
    await monitor.close();
  });

  it('takes Watch messages at once, both ways, past every threshold', async () => {
    const cluster = grpcCluster({ healthyThreshold: 9, unhealthyThreshold: 9 });
    const { clock, monitor, checker } = new MonitorBench({ cluster });
    monitor.start(60_000);
    const seen: string[] = [];
    for (const outcome of [SERVING, NOT_SERVING, SERVING, NOT_SERVING]) {
      checker.events.onMessage('', outcome);
      seen.push(monitor.health.state);
    }
    assert.deepEqual(seen, ['healthy', 'unhealthy', 'healthy', 'unhealthy']);
    checker.events.onMessage('never.Asked', SERVING);
    assert.equal(monitor.health.state, 'unhealthy');
    await monitor.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it('counts a broken stream as one failure towards the threshold', async () => {
    const { clock, monitor, checker } = new MonitorBench({ cluster: grpcCluster({ unhealthyThreshold: 3 }) });
    monitor.start(0);
    await clock.advance(0);
    checker.events.onStreamFailure('', 'Watch ended: OK');
    checker.events.onStreamFailure('', 'Watch ended: OK');
    assert.equal(monitor.health.state, 'healthy');
    checker.script = () => ({ outcome: REFUSED, afterMs: 0 });
    await clock.advance(5_000);
    assert.deepEqual([monitor.health.state, monitor.health.reason], ['unhealthy', 'connection refused']);
    await monitor.close();
  });

  it('lets a Watch message overtake the answer of a Check that was under way, but not its failure', async () => {
    const cluster = grpcCluster({ healthyThreshold: 1, unhealthyThreshold: 1 });
    const { clock, monitor, checker } = new MonitorBench({ cluster });
    checker.script = () => ({ outcome: SERVING, afterMs: 100 });
    monitor.start(0);
    await clock.advance(50);
    checker.events.onMessage('', NOT_SERVING);
    await clock.advance(50);
    assert.equal(monitor.health.state, 'unhealthy');
    checker.events.onMessage('', SERVING);
    checker.script = () => ({ outcome: TIMEOUT, afterMs: 100 });
    await clock.advance(5_050);
    checker.events.onMessage('', SERVING);
    await clock.advance(50);
    assert.equal(monitor.health.reason, 'deadline exceeded');
    await monitor.close();
  });

  it('checks at once when the checker wants it', async () => {
    const { clock, monitor, checker } = new MonitorBench();
    monitor.start(0);
    await clock.advance(100);
    checker.events.onCheckWanted();
    await clock.advance(0);
    assert.deepEqual(checker.starts, [0, 100]);
    await monitor.close();
  });

  it('turns stale when no result comes in time, and fresh with the next', async () => {
    const { clock, monitor, checker, observer } = new MonitorBench({ cluster: grpcCluster({}, { staleAfterMs: 6_000 }) });
    monitor.start(0);
    await clock.advance(0);
    assert.equal(monitor.staleAt, 6_000);
    checker.script = () => ({ outcome: SERVING, afterMs: 2_000 });
    await clock.advance(5_999);
    monitor.expire(clock.now());
    assert.equal(monitor.health.state, 'healthy');
    await clock.advance(1);
    monitor.expire(clock.now());
    const { state, reason, services } = monitor.health;
    assert.deepEqual([state, reason, services.get('')?.state], ['stale', 'no result for 6 s', 'stale']);
    assert.equal(monitor.staleAt, Number.POSITIVE_INFINITY);
    await clock.advance(1_000);
    assert.equal(monitor.health.state, 'healthy');
    assert.deepEqual(
      observer.changes.map(({ to }) => to),
      ['healthy', 'stale', 'healthy'],
    );
    await monitor.close();
  });

  it('tells a state from a mere refresh, and keeps its object until there is something to tell', async () => {
    const { clock, monitor, checker, changes } = new MonitorBench();
    monitor.start(0);
    await clock.advance(0);
    const first = monitor.health;
    assert.equal(monitor.health, first);
    await clock.advance(5_000);
    assert.notEqual(monitor.health, first);
    checker.script = () => ({ outcome: REFUSED, afterMs: 0 });
    await clock.advance(10_000);
    assert.deepEqual(changes, ['state', 'refresh', 'refresh', 'state']);
    checker.script = () => ({ outcome: TIMEOUT, afterMs: 0 });
    await clock.advance(5_000);
    // Still unhealthy, for another reason: people are shown that.
    assert.deepEqual([changes.at(-1), monitor.health.reason], ['state', 'deadline exceeded']);
    await monitor.close();
  });

  it('takes the name that discovery gives the same address, and keeps its health', async () => {
    const { clock, monitor, changes } = new MonitorBench();
    monitor.start(0);
    await clock.advance(0);
    monitor.rename(endpointAt(50_051));
    assert.deepEqual(changes, ['state']);
    monitor.rename(endpointAt(50_051, 'app.test'));
    assert.deepEqual(changes, ['state', 'state']);
    assert.deepEqual([monitor.health.endpoint.hostname, monitor.health.state], ['app.test', 'healthy']);
    await monitor.close();
  });

  it('is silent once closed, whatever still comes in', async () => {
    const { clock, monitor, checker, observer, changes } = new MonitorBench();
    checker.script = () => ({ outcome: SERVING, afterMs: 100 });
    monitor.start(0);
    await clock.advance(50);
    await monitor.close();
    await monitor.close();
    checker.events.onMessage('', SERVING);
    checker.events.onStreamFailure('', 'Watch ended: OK');
    checker.events.onCheckWanted();
    await clock.advance(60_000);
    assert.deepEqual([changes, observer.checks, observer.changes, checker.starts], [[], [], [], [0]]);
    assert.equal(clock.pendingTimers, 0);
    assert.ok(checker.closed);
  });

  it('knows one result for the whole endpoint where the check knows no services', async () => {
    const cluster = { ...grpcCluster(), healthCheck: { ...TIMING, type: 'tcp', port: null } as const };
    const { clock, monitor, checker } = new MonitorBench({ cluster });
    checker.script = () => ({ outcome: REFUSED, afterMs: 0 });
    monitor.start(0);
    await clock.advance(0);
    assert.deepEqual([monitor.health.state, monitor.health.reason], ['unhealthy', 'connection refused']);
    await monitor.close();
  });
});
