import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BridgeLifecycle } from '../../../src/bridge/lifecycle.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('BridgeLifecycle', () => {
  it('has started when told so, and leaves no timer', () => {
    const clock = new FakeClock();
    const lifecycle = new BridgeLifecycle(clock);
    lifecycle.limitStartup(15_000);
    assert.equal(lifecycle.started, false);
    lifecycle.markStarted();
    assert.deepEqual([lifecycle.started, clock.pendingTimers], [true, 0]);
  });

  it('has started when its time is up', async () => {
    const clock = new FakeClock();
    const lifecycle = new BridgeLifecycle(clock);
    lifecycle.limitStartup(15_000);
    await clock.advance(14_999);
    assert.equal(lifecycle.started, false);
    await clock.advance(1);
    assert.equal(lifecycle.started, true);
  });

  it('drains from the first signal on, started or not', () => {
    const lifecycle = new BridgeLifecycle(new FakeClock());
    assert.equal(lifecycle.draining, false);
    lifecycle.markDraining();
    lifecycle.markDraining();
    assert.deepEqual([lifecycle.draining, lifecycle.started], [true, false]);
  });

  it('leaves no timer when it is closed', () => {
    const clock = new FakeClock();
    const lifecycle = new BridgeLifecycle(clock);
    lifecycle.limitStartup(15_000);
    lifecycle.close();
    lifecycle.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it('is in maintenance until that is taken back', () => {
    const lifecycle = new BridgeLifecycle(new FakeClock());
    assert.equal(lifecycle.maintenance, false);
    assert.deepEqual([lifecycle.setMaintenance(true), lifecycle.setMaintenance(true)], [true, false]);
    assert.deepEqual([lifecycle.maintenance, lifecycle.setMaintenance(false), lifecycle.maintenance], [true, true, false]);
  });

  it('tells every change once, to those that still listen', () => {
    const lifecycle = new BridgeLifecycle(new FakeClock());
    const told: string[] = [];
    const stop = lifecycle.onChange(() => told.push(`${lifecycle.started} ${lifecycle.maintenance} ${lifecycle.draining}`));
    for (const change of [() => lifecycle.markStarted(), () => lifecycle.setMaintenance(true), () => lifecycle.markDraining()]) {
      change();
      change();
    }
    stop();
    lifecycle.setMaintenance(false);
    assert.deepEqual(told, ['true false false', 'true true false', 'true true true']);
  });
});
