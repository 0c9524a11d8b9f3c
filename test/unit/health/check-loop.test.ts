import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CheckLoop, type CheckLoopOptions, type Pause, START_GRID_MS } from '../../../src/health/check-loop.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const OPTIONS: CheckLoopOptions = {
  intervalMs: 1_000,
  intervalJitterMs: 0,
  noTrafficIntervalMs: 9_000,
  unhealthyIntervalMs: 300,
};

/** A loop whose checks take `tookMs` and are followed by `pause`, and when they were started. */
function start(
  options: Partial<CheckLoopOptions> = {},
  random = 0,
): {
  clock: FakeClock;
  loop: CheckLoop;
  starts: number[];
  ended: Promise<void>;
  behave: { pause: Pause; tookMs: number };
} {
  const clock = new FakeClock();
  const starts: number[] = [];
  const behave: { pause: Pause; tookMs: number } = { pause: 'interval', tookMs: 0 };
  const check = async (): Promise<Pause> => {
    starts.push(clock.now());
    await clock.sleep(behave.tookMs, new AbortController().signal);
    return behave.pause;
  };
  const loop = new CheckLoop(check, { ...OPTIONS, ...options }, { clock, random: () => random });
  return { clock, loop, starts, behave, ended: loop.run(50) };
}

describe('CheckLoop', () => {
  it('waits for the first check, then from the end of one check to the start of the next', async () => {
    const { clock, starts, behave } = start();
    behave.tookMs = 200;
    await clock.advance(49);
    assert.deepEqual(starts, []);
    await clock.advance(2_500);
    assert.deepEqual(starts, [50, 1_250, 2_450]);
  });

  for (const [pause, lengthMs] of [
    ['interval', 1_000],
    ['noTraffic', 9_000],
    ['unhealthy', 300],
  ] as const) {
    it(`pauses ${lengthMs} ms when told ${pause}, with the jitter on top`, async () => {
      const { clock, starts, behave } = start({ intervalJitterMs: 100 }, 0.5);
      behave.pause = pause;
      await clock.advance(50 + lengthMs + 49);
      assert.deepEqual(starts, [50]);
      await clock.advance(1);
      assert.deepEqual(starts, [50, 50 + lengthMs + 50]);
    });
  }

  it('cuts the jitter so that checks begin on a grid, and never cuts what was asked for', async () => {
    const random = seededRandom(3);
    const clock = new FakeClock();
    const starts: number[] = [];
    const ends: number[] = [];
    const check = async (): Promise<Pause> => {
      starts.push(clock.now());
      await clock.sleep(random() * 30, new AbortController().signal);
      ends.push(clock.now());
      return 'interval';
    };
    const loop = new CheckLoop(check, { intervalMs: 1_000, intervalJitterMs: 200, unhealthyIntervalMs: 1 }, { clock, random });
    void loop.run(7);
    await clock.advance(100_000);
    loop.close();
    const pauses = starts.slice(1).map((at, index) => at - (ends[index] ?? Number.NaN));
    assert.ok(
      pauses.every((ms) => ms > 999.999 && ms < 1_200),
      pauses.join(),
    );
    const onGrid = starts.filter((at) => Math.abs(at / START_GRID_MS - Math.round(at / START_GRID_MS)) < 1e-6).length;
    // What is left over: jitter so short that the next line of the grid is behind the interval.
    assert.ok(onGrid > starts.length * 0.7 && onGrid < starts.length, `${onGrid} of ${starts.length}`);
  });

  it('takes the interval where no other is given for times without traffic', async () => {
    const clock = new FakeClock();
    const starts: number[] = [];
    const check = (): Promise<Pause> => {
      starts.push(clock.now());
      return Promise.resolve('noTraffic');
    };
    const loop = new CheckLoop(
      check,
      { intervalMs: 1_000, intervalJitterMs: 0, unhealthyIntervalMs: 1 },
      { clock, random: () => 0 },
    );
    void loop.run(0);
    await clock.advance(1_000);
    assert.deepEqual(starts, [0, 1_000]);
    loop.close();
  });

  it('never has two checks in flight, however long one takes', async () => {
    const { clock, starts, behave, loop } = start();
    behave.tookMs = 60_000;
    await clock.advance(55_000);
    loop.checkNow();
    loop.checkNow();
    await clock.advance(5_049);
    assert.deepEqual(starts, [50]);
    await clock.advance(1);
    // Wanted during the check: one more, without a pause.
    assert.deepEqual(starts, [50, 60_050]);
    await clock.advance(60_000);
    assert.deepEqual(starts, [50, 60_050]);
  });

  it('ends a pause at once when a check is wanted, the first one too', async () => {
    const { clock, starts, loop } = start();
    loop.checkNow();
    await clock.advance(0);
    assert.deepEqual(starts, [0]);
    await clock.advance(400);
    loop.checkNow();
    await clock.advance(0);
    assert.deepEqual(starts, [0, 400]);
    await clock.advance(999);
    assert.deepEqual(starts, [0, 400]);
    await clock.advance(1);
    assert.deepEqual(starts, [0, 400, 1_400]);
  });

  for (const atMs of [0, 20, 50, 700]) {
    it(`stops when closed at ${atMs} ms, and leaves no timer`, async () => {
      const { clock, loop, starts, ended } = start();
      await clock.advance(atMs);
      const before = starts.length;
      loop.close();
      await ended;
      assert.equal(clock.pendingTimers, 0);
      loop.checkNow();
      await clock.advance(10_000);
      assert.equal(starts.length, before);
    });
  }

  it('ends after the check that runs when closed during it', async () => {
    const { clock, loop, starts, behave, ended } = start();
    behave.tookMs = 500;
    await clock.advance(100);
    loop.close();
    await clock.advance(1_000);
    await ended;
    assert.deepEqual(starts, [50]);
    assert.equal(clock.pendingTimers, 0);
  });
});
