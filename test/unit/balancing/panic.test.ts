import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { selectEndpoints } from '../../../src/balancing/panic.ts';
import type { HealthState } from '../../../src/model/health-view.ts';

const of = (...states: readonly HealthState[]) => states.map((state) => ({ state }));
const selected = (states: readonly HealthState[], thresholdPercent: number): string => {
  const { endpoints, isPanic } = selectEndpoints(of(...states), thresholdPercent);
  return `${isPanic ? 'panic' : 'calm'}: ${endpoints.map(({ state }) => state).join(' ')}`.trimEnd();
};

describe('the choice of endpoints by health', () => {
  it('takes the healthy and the degraded', () => {
    const states = ['healthy', 'degraded', 'unhealthy', 'pending', 'stale', 'ejected', 'draining', 'excluded'] as const;
    assert.equal(selected(states, 0), 'calm: healthy degraded');
  });

  it('never panics at 0 %, not even with none left', () => {
    assert.equal(selected(['unhealthy', 'stale'], 0), 'calm:');
    assert.equal(selected([], 100), 'calm:');
  });

  it('panics below the threshold, not at it', () => {
    assert.equal(selected(['healthy', 'unhealthy'], 50), 'calm: healthy');
    assert.equal(selected(['healthy', 'unhealthy', 'unhealthy'], 50), 'panic: healthy unhealthy unhealthy');
    assert.equal(selected(['healthy', 'unhealthy'], 51), 'panic: healthy unhealthy');
    assert.equal(selected(['healthy', 'healthy'], 100), 'calm: healthy healthy');
  });

  it('counts and takes known endpoints alone in panic', () => {
    assert.equal(selected(['healthy', 'pending', 'draining', 'excluded'], 100), 'calm: healthy');
    assert.equal(
      selected(['unhealthy', 'stale', 'ejected', 'pending', 'draining', 'excluded'], 1),
      'panic: unhealthy stale ejected',
    );
    assert.equal(selected(['pending', 'pending'], 100), 'calm:');
  });
});
