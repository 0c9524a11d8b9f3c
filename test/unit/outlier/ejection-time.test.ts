import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EjectionTime } from '../../../src/outlier/ejection-time.ts';

const OPTIONS = { baseEjectionTimeMs: 30_000, maxEjectionTimeMs: 100_000 };

describe('the time of an ejection', () => {
  it('grows with each, up to the maximum', () => {
    const time = new EjectionTime(OPTIONS);
    const lengths = Array.from({ length: 6 }, () => {
      time.eject(0);
      return time.lengthMs;
    });
    assert.deepEqual(lengths, [30_000, 60_000, 90_000, 100_000, 100_000, 100_000]);
  });

  it('is over at its end, and not before', () => {
    const time = new EjectionTime(OPTIONS);
    time.eject(5_000);
    assert.deepEqual([time.isOver(34_999), time.isOver(35_000)], [false, true]);
  });

  it('shrinks with each interval that the endpoint has spent in service since its return', () => {
    const time = new EjectionTime(OPTIONS);
    time.eject(0);
    time.eject(0);
    time.decay(1_000_000, 10_000);
    assert.equal(time.lengthMs, 60_000, 'it has never returned');
    time.return(60_000);
    time.decay(69_999, 10_000);
    assert.equal(time.lengthMs, 60_000);
    time.decay(70_000, 10_000);
    assert.equal(time.lengthMs, 30_000);
    time.decay(80_000, 10_000);
    time.decay(90_000, 10_000);
    assert.equal(time.lengthMs, 0);
    time.eject(90_000);
    assert.equal(time.lengthMs, 30_000);
  });

  it('does not remember more ejections than the maximum takes, so that the way back is bounded', () => {
    const time = new EjectionTime(OPTIONS);
    for (let count = 0; count < 100; count++) {
      time.eject(0);
    }
    time.return(0);
    // 30, 60, 90 and 120 s are below the maximum and one base more; the fifth is the last that counts.
    for (let sweep = 1; sweep <= 4; sweep++) {
      time.decay(sweep * 10_000, 10_000);
    }
    assert.equal(time.lengthMs, 30_000);
  });
});
