import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OutlierOptions } from '../../../src/outlier/options.ts';
import { Field } from './support/field.ts';

const RATE = { consecutive5xx: 0, successRate: { stdevFactor: 1.9, minHosts: 5, requestVolume: 100 } };
const PERCENTAGE = { consecutive5xx: 0, failurePercentage: { threshold: 85, minHosts: 5, requestVolume: 50 } };

/** Sweeps are 10 s apart; the calls before one are judged by it. */
const INTERVAL_MS = 10_000;

describe('success rates', () => {
  it('eject an endpoint that is far below the others, with the sweep', async () => {
    const field = new Field(RATE, 5);
    for (const key of ['b', 'c', 'd', 'e']) {
      field.calls(key, 100, 0);
    }
    field.calls('a', 100, 50);
    await field.pass(INTERVAL_MS - 1);
    assert.deepEqual(field.out, []);
    await field.pass(1);
    assert.deepEqual([field.out, field.detector.ejections.get('a')?.words], [['a'], 'success rate 50%, below 52%']);
    const { successRateAverage, successRateThreshold } = field.detector;
    assert.deepEqual([successRateAverage, successRateThreshold], [90, 52]);
    assert.deepEqual(
      field.keys.map((key) => field.detector.successRateOf(key)),
      [50, 100, 100, 100, 100],
    );
    field.close();
  });

  it('are not judged at the threshold, only below it', async () => {
    const field = new Field({ consecutive5xx: 0, successRate: { stdevFactor: 2, minHosts: 5, requestVolume: 100 } }, 5);
    for (const key of ['b', 'c', 'd', 'e']) {
      field.calls(key, 100, 0);
    }
    field.calls('a', 100, 50);
    await field.pass(INTERVAL_MS);
    assert.deepEqual([field.out, field.detector.successRateThreshold], [[], 50]);
    field.close();
  });

  it('are of the last interval alone', async () => {
    const field = new Field(RATE, 5);
    for (const key of field.keys) {
      field.calls(key, 100, 0);
    }
    await field.pass(INTERVAL_MS);
    assert.equal(field.detector.successRateAverage, 100);
    await field.pass(INTERVAL_MS);
    assert.deepEqual([field.detector.successRateAverage, field.detector.successRateOf('a')], [-1, -1]);
    field.close();
  });

  it('need enough endpoints with enough calls', async () => {
    const field = new Field(RATE, 5);
    field.calls('a', 99, 99);
    for (const key of ['b', 'c', 'd', 'e']) {
      field.calls(key, 100, 0);
    }
    await field.pass(INTERVAL_MS);
    assert.deepEqual([field.out, field.detector.successRateAverage], [[], -1]);
    assert.deepEqual([field.detector.successRateOf('a'), field.detector.successRateOf('b')], [-1, 100]);
    const few = new Field(RATE, 4);
    for (const key of few.keys) {
      few.calls(key, 100, key === 'a' ? 100 : 0);
    }
    await few.pass(INTERVAL_MS);
    assert.deepEqual([few.out, few.detector.successRateOf('a')], [[], -1]);
    field.close();
    few.close();
  });

  it('leave out endpoints that are ejected already', async () => {
    const field = new Field({ ...RATE, consecutive5xx: 5, maxEjectionPercent: 100 }, 6);
    for (const key of field.keys) {
      field.calls(key, 100, key === 'b' ? 20 : 0);
    }
    field.report('a', 503, 5);
    await field.pass(INTERVAL_MS);
    // Without a: 80, 100, 100, 100, 100 have a mean of 96, a deviation of 8 and a threshold of 80.8.
    assert.deepEqual([field.out, field.detector.successRateAverage], [['a', 'b'], 96]);
    field.close();
  });

  it('eject no more than may be', async () => {
    const field = new Field({ ...RATE, successRate: { stdevFactor: 0.1, minHosts: 5, requestVolume: 100 } }, 10);
    for (const key of field.keys) {
      field.calls(key, 100, key < 'd' ? 100 : 0);
    }
    await field.pass(INTERVAL_MS);
    assert.deepEqual(field.out, ['a']);
    field.close();
  });
});

describe('failure percentages', () => {
  it('eject whoever reaches the threshold, whatever the others do', async () => {
    const field = new Field({ ...PERCENTAGE, maxEjectionPercent: 100 }, 5);
    for (const key of field.keys) {
      field.calls(key, 100, key === 'a' ? 84 : 85);
    }
    await field.pass(INTERVAL_MS);
    assert.deepEqual(field.out, ['b', 'c', 'd', 'e']);
    assert.equal(field.detector.ejections.get('b')?.words, '85% of 100 calls failed');
    assert.equal(field.detector.successRateAverage, -1);
    assert.equal(field.detector.successRateOf('a'), 16);
    field.close();
  });

  it('need enough endpoints with enough calls', async () => {
    for (const volume of [49, 50]) {
      const field = new Field(PERCENTAGE, 5);
      for (const key of field.keys) {
        field.calls(key, key === 'e' ? volume : 50, key === 'a' ? 50 : 0);
      }
      await field.pass(INTERVAL_MS);
      assert.deepEqual(field.out, volume === 50 ? ['a'] : []);
      field.close();
    }
  });

  it('with success rates eject an endpoint once in a sweep', async () => {
    const field = new Field({ ...RATE, ...PERCENTAGE, maxEjectionPercent: 100 }, 5);
    for (const key of field.keys) {
      field.calls(key, 100, key === 'a' ? 100 : 0);
    }
    await field.pass(INTERVAL_MS);
    assert.deepEqual(field.changes, ['ejected a success_rate']);
    const { sinceMs = 0, untilMs = 0 } = field.detector.ejections.get('a') ?? {};
    assert.equal(untilMs - sinceMs, 30_000);
    field.close();
  });

  it('do not judge what was counted before the ejection once more', async () => {
    const field = new Field({ ...PERCENTAGE, baseEjectionTimeMs: 10_000 }, 5);
    for (const key of field.keys) {
      field.calls(key, 100, key === 'a' ? 100 : 0);
    }
    await field.pass(INTERVAL_MS);
    await field.pass(INTERVAL_MS);
    assert.deepEqual(field.changes, ['ejected a failure_percentage', 'returned a time']);
    field.close();
  });
});

/** The first of the endpoints fails; what comes of it with so much of an option, and with one more. */
const NUMBERS: readonly (readonly [
  option: string,
  value: number,
  optionsOf: (value: number) => Partial<OutlierOptions>,
  field: { readonly size: number; readonly calls: number; readonly failed: number },
])[] = [
  [
    'successRate.minHosts',
    3,
    (minHosts) => ({ successRate: { stdevFactor: 1, minHosts, requestVolume: 100 } }),
    { size: 3, calls: 100, failed: 100 },
  ],
  [
    'successRate.requestVolume',
    10,
    (requestVolume) => ({ successRate: { stdevFactor: 1.9, minHosts: 5, requestVolume } }),
    { size: 5, calls: 10, failed: 10 },
  ],
  [
    'failurePercentage.threshold',
    50,
    (threshold) => ({ failurePercentage: { threshold, minHosts: 5, requestVolume: 50 } }),
    { size: 5, calls: 100, failed: 50 },
  ],
  [
    'failurePercentage.minHosts',
    3,
    (minHosts) => ({ failurePercentage: { threshold: 85, minHosts, requestVolume: 50 } }),
    { size: 3, calls: 50, failed: 50 },
  ],
  [
    'failurePercentage.requestVolume',
    10,
    (requestVolume) => ({ failurePercentage: { threshold: 85, minHosts: 5, requestVolume } }),
    { size: 5, calls: 10, failed: 10 },
  ],
];

describe('an endpoint is ejected just so', () => {
  for (const [option, value, optionsOf, { size, calls, failed }] of NUMBERS) {
    for (const given of [value, value + 1]) {
      it(`${given === value ? 'with' : 'or not, with'} ${option} ${given}`, async () => {
        const field = new Field({ consecutive5xx: 0, ...optionsOf(given) }, size);
        for (const key of field.keys) {
          field.calls(key, calls, key === 'a' ? failed : 0);
        }
        await field.pass(INTERVAL_MS);
        assert.deepEqual(field.out, given === value ? ['a'] : []);
        field.close();
      });
    }
  }
});
