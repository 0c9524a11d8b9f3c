import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CheckTime } from '../../../src/health/check-time.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function start(): { clock: FakeClock; time: CheckTime; done: string[] } {
  const clock = new FakeClock();
  return { clock, time: new CheckTime(clock, 100), done: [] };
}

describe('CheckTime', () => {
  it('is over after its length, once, and does the last thing it was told to', async () => {
    const { clock, time, done } = start();
    time.whenOver(() => done.push('first'));
    time.whenOver(() => done.push('second'));
    await clock.advance(99);
    assert.deepEqual([time.isOver, time.leftMs, done], [false, 1, []]);
    await clock.advance(1);
    time.end();
    await clock.advance(1_000);
    assert.deepEqual([time.isOver, time.leftMs, done, clock.pendingTimers], [true, 0, ['second'], 0]);
  });

  it('does at once what it is told to when it is over already', () => {
    const { time, done } = start();
    time.end();
    time.whenOver(() => done.push('late'));
    assert.deepEqual(done, ['late']);
  });

  it('does nothing once stopped, and leaves no timer', async () => {
    const { clock, time, done } = start();
    time.whenOver(() => done.push('never'));
    time.stop();
    assert.equal(clock.pendingTimers, 0);
    time.end();
    await clock.advance(1_000);
    assert.deepEqual(done, []);
  });
});
