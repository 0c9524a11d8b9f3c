import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { OutlierDetectionConfig } from '../../../src/config/sections/outlier-detection.ts';
import { type BadCase, DURATION, describeBad, one } from './support/bad-case.ts';
import { type Raw, withCluster } from './support/base-config.ts';

function detectionOf(outlierDetection: Raw): OutlierDetectionConfig | null | undefined {
  return resolveConfig(withCluster({ outlierDetection })).clusters[0]?.outlierDetection;
}

describe('outlierDetection of a cluster', () => {
  it('is off unless given, and has the defaults of Envoy', () => {
    assert.equal(resolveConfig(withCluster({})).clusters[0]?.outlierDetection, null);
    assert.deepEqual(detectionOf({}), {
      consecutive5xx: 5,
      consecutiveGatewayFailure: 0,
      intervalMs: 10_000,
      baseEjectionTimeMs: 30_000,
      maxEjectionTimeMs: 300_000,
      maxEjectionPercent: 10,
      successRate: null,
      failurePercentage: null,
      countInHealth: false,
    });
    const { successRate, failurePercentage } = detectionOf({ successRate: {}, failurePercentage: {} }) ?? {};
    assert.deepEqual(successRate, { stdevFactor: 1.9, minHosts: 5, requestVolume: 100 });
    assert.deepEqual(failurePercentage, { threshold: 85, minHosts: 5, requestVolume: 50 });
  });

  it('has a longest ejection that is no shorter than the first', () => {
    assert.equal(detectionOf({ baseEjectionTime: '10m' })?.maxEjectionTimeMs, 600_000);
    assert.equal(detectionOf({ baseEjectionTime: '1m', maxEjectionTime: '1m' })?.maxEjectionTimeMs, 60_000);
  });

  it('may have one kind alone', () => {
    for (const kind of [{ consecutiveGatewayFailure: 1 }, { successRate: {} }, { failurePercentage: {} }]) {
      assert.equal(detectionOf({ consecutive5xx: 0, ...kind })?.consecutive5xx, 0);
    }
  });
});

const CASES: readonly BadCase[] = [
  one(
    'every kind off',
    withCluster({ outlierDetection: { consecutive5xx: 0 } }),
    'clusters[0].outlierDetection: has every kind of detection off, and so no effect: leave it out',
  ),
  one(
    'a longest ejection that is shorter than the first',
    withCluster({ outlierDetection: { baseEjectionTime: '1m', maxEjectionTime: '59s' } }),
    'clusters[0].outlierDetection.maxEjectionTime: must be 1m or more, as baseEjectionTime is (got "59s")',
  ),
  one(
    'numbers out of range',
    withCluster({ outlierDetection: { maxEjectionPercent: 0, interval: 10, successRate: { stdevFactor: 0 } } }),
    `clusters[0].outlierDetection.interval: ${DURATION} (got 10)`,
    'clusters[0].outlierDetection.maxEjectionPercent: must be a whole number from 1 to 100 (got 0)',
    'clusters[0].outlierDetection.successRate.stdevFactor: must be a number from 0.1 to 100 (got 0)',
  ),
  one(
    'a fraction of a failure',
    withCluster({ outlierDetection: { consecutive5xx: 1.5 } }),
    'clusters[0].outlierDetection.consecutive5xx: must be a whole number from 0 to 1000000 (got 1.5)',
  ),
];

describeBad('outlier detection', CASES);
