import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { HealthCheckTiming } from '../../../src/health/options.ts';
import { SERVING } from '../../../src/health/outcome.ts';
import { MonitorBench } from '../../support/health/monitor-bench.ts';
import { grpcCluster } from '../../support/health/options.ts';
import { type ScriptedCheck, TIMEOUT } from '../../support/health/scripted-checker.ts';
import { seededRandom } from '../../support/seeded-random.ts';

interface Case {
  readonly timing: HealthCheckTiming;
  readonly seed: number;
  readonly traffic: boolean;
  /** When, after the start, the backend falls silent or returns. */
  readonly turnMs: number;
  /** How long a check takes that is answered, as a part of the timeout. */
  readonly slowness: number;
}

const timing: fc.Arbitrary<HealthCheckTiming> = fc.record({
  intervalMs: fc.integer({ min: 100, max: 10_000 }),
  noTrafficIntervalMs: fc.integer({ min: 100, max: 60_000 }),
  unhealthyIntervalMs: fc.integer({ min: 100, max: 10_000 }),
  intervalJitterMs: fc.integer({ min: 0, max: 3_000 }),
  timeoutMs: fc.integer({ min: 10, max: 2_000 }),
  healthyThreshold: fc.integer({ min: 1, max: 5 }),
  unhealthyThreshold: fc.integer({ min: 1, max: 5 }),
});
const cases: fc.Arbitrary<Case> = fc.record({
  timing,
  seed: fc.integer(),
  traffic: fc.boolean(),
  turnMs: fc.integer({ min: 0, max: 60_000 }),
  slowness: fc.double({ min: 0, max: 0.9, noNaN: true }),
});

function bench({ timing, seed, traffic }: Case): MonitorBench {
  return new MonitorBench({ cluster: grpcCluster(timing), random: seededRandom(seed), hasTraffic: () => traffic });
}

/** product documentation: interval + jitter + timeout + (unhealthyThreshold − 1) × (unhealthyInterval + jitter + timeout). */
function silentBoundMs(options: HealthCheckTiming, traffic: boolean): number {
  const again = options.unhealthyIntervalMs + options.intervalJitterMs + options.timeoutMs;
  const first = traffic ? options.intervalMs : (options.noTrafficIntervalMs ?? options.intervalMs);
  return first + options.intervalJitterMs + options.timeoutMs + (options.unhealthyThreshold - 1) * again;
}

/** unhealthyInterval + jitter + timeout + (healthyThreshold − 1) × (interval + jitter + timeout). */
function returningBoundMs(options: HealthCheckTiming): number {
  const again = options.intervalMs + options.intervalJitterMs + options.timeoutMs;
  return options.unhealthyIntervalMs + options.intervalJitterMs + options.timeoutMs + (options.healthyThreshold - 1) * again;
}

const silent = (timeoutMs: number): ScriptedCheck => ({ outcome: TIMEOUT, afterMs: timeoutMs });

describe('the time until a change is seen', () => {
  it('is bounded when a backend falls silent, for any options', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const { clock, monitor, checker } = bench(one);
        const { timeoutMs } = one.timing;
        const silentAt = timeoutMs + one.turnMs;
        const answerMs = Math.floor(timeoutMs * one.slowness);
        // Silent is silent for a check under way as well.
        checker.script = () => (clock.now() + answerMs > silentAt ? silent(timeoutMs) : { outcome: SERVING, afterMs: answerMs });
        monitor.start(0);
        await clock.advance(silentAt);
        assert.equal(monitor.health.state, 'healthy');
        await clock.advance(silentBoundMs(one.timing, one.traffic));
        assert.equal(monitor.health.state, 'unhealthy');
        await monitor.close();
      }),
      { numRuns: 80 },
    );
  });

  it('is bounded when a backend returns, for any options', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const { clock, monitor, checker } = bench(one);
        const { timeoutMs } = one.timing;
        checker.script = () => silent(timeoutMs);
        monitor.start(0);
        await clock.advance(timeoutMs + one.turnMs);
        assert.equal(monitor.health.state, 'unhealthy');
        checker.script = () => ({ outcome: SERVING, afterMs: 0 });
        await clock.advance(returningBoundMs(one.timing));
        assert.equal(monitor.health.state, 'healthy');
        await monitor.close();
      }),
      { numRuns: 80 },
    );
  });

  it('is all of the bound in the worst case: silent just after a check that passed', async () => {
    const options = { intervalMs: 5_000, unhealthyIntervalMs: 2_000, timeoutMs: 1_000, unhealthyThreshold: 3 };
    const { clock, monitor, checker } = new MonitorBench({ cluster: grpcCluster(options) });
    monitor.start(0);
    await clock.advance(0);
    checker.script = () => silent(1_000);
    await clock.advance(5_000 + 1_000 + 2 * 3_000 - 1);
    assert.equal(monitor.health.state, 'healthy');
    await clock.advance(1);
    assert.equal(monitor.health.state, 'unhealthy');
    await monitor.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it('is not made longer by the interval without traffic while an endpoint is on its way back', async () => {
    const options = { intervalMs: 1_000, noTrafficIntervalMs: 60_000, healthyThreshold: 3, unhealthyIntervalMs: 1_000 };
    const { clock, monitor, checker } = new MonitorBench({ cluster: grpcCluster(options), hasTraffic: () => false });
    checker.script = () => silent(1_000);
    monitor.start(0);
    await clock.advance(1_000);
    checker.script = () => ({ outcome: SERVING, afterMs: 0 });
    await clock.advance(3_000);
    assert.equal(monitor.health.state, 'healthy');
    assert.equal(checker.starts.length, 4);
    await clock.advance(59_999);
    assert.equal(checker.starts.length, 4);
    await monitor.close();
  });
});
