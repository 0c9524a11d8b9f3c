import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutlierDetector } from '../../../src/outlier/detector.ts';
import { DEFAULTS, Field } from './support/field.ts';

describe('failures in a row', () => {
  it('eject at once, at the count that is configured', () => {
    const field = new Field({}, 2);
    field.report('a', 503, 4);
    assert.deepEqual(field.out, []);
    field.report('a', 500);
    assert.deepEqual(field.out, ['a']);
    assert.deepEqual(field.detector.ejections.get('a'), {
      kind: 'consecutive_5xx',
      words: '5 consecutive 5xx',
      sinceMs: 1_700_000_000_000,
      untilMs: 1_700_000_030_000,
    });
    field.close();
  });

  for (const status of [200, 301, 404, 429, 499, 600, 0]) {
    it(`are ended by ${status}`, () => {
      const field = new Field({}, 2);
      field.report('a', 503, 4);
      field.report('a', status);
      field.report('a', 503, 4);
      assert.deepEqual(field.out, []);
      field.close();
    });
  }

  it('count for gateway failures where they are 502, 503 or 504', () => {
    const field = new Field({ consecutive5xx: 0, consecutiveGatewayFailure: 3 }, 2);
    for (const status of [502, 503, 500, 503, 504]) {
      field.report('a', status);
    }
    assert.deepEqual(field.out, [], 'a 500 ends the row');
    field.report('a', 502);
    assert.deepEqual([field.out, field.detector.ejections.get('a')?.words], [['a'], '3 consecutive gateway failures']);
    field.report('b', 501, 100);
    assert.deepEqual(field.out, ['a'], 'consecutive5xx is off');
    field.close();
  });

  it('of both kinds eject once', () => {
    const field = new Field({ consecutive5xx: 3, consecutiveGatewayFailure: 3 }, 2);
    field.report('a', 503, 3);
    assert.deepEqual(field.changes, ['ejected a consecutive_gateway_failure']);
    field.close();
  });

  it('eject nobody where both are off', () => {
    const field = new Field({ consecutive5xx: 0 }, 2);
    field.report('a', 503, 1_000);
    assert.deepEqual(field.out, []);
    field.close();
  });

  it('begin anew when they were in vain, and when the endpoint returns', async () => {
    const field = new Field({}, 3);
    field.report('a', 503, 5);
    field.report('b', 503, 5);
    assert.deepEqual(field.out, ['a'], 'no more than one of three');
    field.report('a', 503, 4);
    await field.pass(30_000);
    assert.deepEqual(field.out, []);
    field.report('b', 503, 4);
    field.report('a', 503, 4);
    assert.deepEqual(field.out, []);
    field.report('b', 503);
    assert.deepEqual(field.out, ['b']);
    field.close();
  });
});

describe('an ejection', () => {
  it('ends with the first sweep after its time', async () => {
    const field = new Field({}, 2);
    await field.pass(5_000);
    field.report('a', 503, 5);
    await field.pass(34_999);
    assert.deepEqual(field.out, ['a'], 'its time is over at 35 s, and the next sweep at 40 s');
    await field.pass(1);
    assert.deepEqual([field.out, field.changes.at(-1)], [[], 'returned a time']);
    field.close();
  });

  it('is longer each time, and shorter again after sweeps in service', async () => {
    const field = new Field({}, 2);
    const lengthOf = (): number => {
      field.report('a', 503, 5);
      const ejection = field.detector.ejections.get('a');
      return ejection === undefined ? 0 : ejection.untilMs - ejection.sinceMs;
    };
    assert.equal(lengthOf(), 30_000);
    await field.pass(30_000);
    assert.equal(lengthOf(), 60_000);
    await field.pass(60_000);
    assert.equal(lengthOf(), 90_000);
    await field.pass(90_000);
    await field.pass(20_000);
    assert.equal(lengthOf(), 60_000, 'two sweeps an interval or more after the return');
    field.close();
  });

  it('ends before its time when a check passes, and grows no less', () => {
    const field = new Field({}, 2);
    field.report('a', 503, 5);
    field.detector.onCheckPassed('b');
    field.detector.onCheckPassed('a');
    field.detector.onCheckPassed('a');
    assert.deepEqual(field.changes, ['ejected a consecutive_5xx', 'returned a check']);
    field.report('a', 503, 5);
    const { sinceMs = 0, untilMs = 0 } = field.detector.ejections.get('a') ?? {};
    assert.equal(untilMs - sinceMs, 60_000);
    field.close();
  });

  for (const [hosts, percent, most] of [
    [1, 10, 1],
    [9, 10, 1],
    [10, 10, 1],
    [20, 10, 2],
    [29, 10, 2],
    [3, 50, 1],
    [4, 50, 2],
    [3, 67, 2],
    [3, 66, 1],
    [5, 100, 5],
    [200, 1, 2],
    [199, 1, 1],
  ] as const) {
    it(`may be of ${most} of ${hosts} endpoints at ${percent} %`, () => {
      const field = new Field({ maxEjectionPercent: percent }, hosts);
      for (const key of field.keys) {
        field.report(key, 503, 5);
      }
      assert.equal(field.out.length, most);
      field.close();
    });
  }
});

describe('the endpoints that are watched', () => {
  it('keep what is known of them when others come and go', () => {
    const field = new Field({}, 3);
    field.report('a', 503, 5);
    field.report('b', 503, 4);
    field.detector.update(['a', 'b', 'd', 'e']);
    assert.deepEqual(field.out, ['a']);
    field.report('b', 503);
    assert.deepEqual(field.out, ['a'], 'one of four');
    field.detector.update(['b', 'd']);
    assert.deepEqual(
      [field.out, field.changes],
      [[], ['ejected a consecutive_5xx']],
      'nobody is told of an endpoint that is gone',
    );
    field.close();
  });

  it('know nothing of results that come after their end, nor of an earlier life', () => {
    const field = new Field({}, 2);
    const before = field.detector.resultsOf('a');
    field.report('a', 503, 4);
    field.detector.update(['b']);
    assert.equal(field.detector.resultsOf('a'), null);
    field.detector.update(['a', 'b']);
    before?.onResult(503);
    field.report('a', 503);
    assert.deepEqual(field.out, []);
    assert.equal(field.detector.successRateOf('gone'), -1);
    field.close();
  });
});

describe('a detector', () => {
  it('leaves no timer behind', async () => {
    const field = new Field({}, 2);
    await field.pass(25_000);
    field.close();
    field.close();
    assert.equal(field.clock.pendingTimers, 0);
    assert.ok(field.detector instanceof OutlierDetector);
    assert.equal(DEFAULTS.intervalMs, 10_000);
  });
});
