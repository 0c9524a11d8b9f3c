import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeSuccessRates } from '../../../src/outlier/success-rate.ts';

describe('success rates of several endpoints', () => {
  it('have the mean and the threshold that the documentation of Envoy reckons', () => {
    assert.deepEqual(judgeSuccessRates([50, 100, 100, 100, 100], 1.9), { average: 90, threshold: 52 });
  });

  it('make nobody an outlier where all are alike', () => {
    assert.deepEqual(judgeSuccessRates([40, 40, 40], 1.9), { average: 40, threshold: 40 });
  });

  it('may have a threshold that nobody can be below', () => {
    assert.deepEqual(judgeSuccessRates([0, 100], 3), { average: 50, threshold: -100 });
  });
});
