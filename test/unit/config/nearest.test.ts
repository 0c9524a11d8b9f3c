import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findNearest } from '../../../src/config/nearest.ts';

const KEYS = ['interval', 'intervalJitter', 'timeout', 'port', 'name', 'healthCheck', 'tls'];

describe('findNearest', () => {
  for (const [typed, meant] of [
    ['intervall', 'interval'],
    ['intreval', 'interval'],
    ['Timeout', 'timeout'],
    ['time_out', 'timeout'],
    ['health-check', 'healthCheck'],
    ['HEALTH_CHECK', 'healthCheck'],
    ['nam', 'name'],
    ['tsl', null],
    ['path', null],
    ['weight', null],
    ['', null],
    ['x'.repeat(10_000), null],
  ] as const) {
    it(`takes ${typed.slice(0, 20)} for ${meant ?? 'nothing'}`, () => {
      assert.equal(findNearest(typed, KEYS), meant);
    });
  }

  it('prefers the closest', () => {
    assert.equal(findNearest('clusters', ['cluster', 'clusters1', 'clustersx12']), 'cluster');
    assert.equal(findNearest('checkinterval', ['check-timeout', 'check-interval']), 'check-interval');
  });

  it('knows nothing among nothing', () => {
    assert.equal(findNearest('name', []), null);
  });
});
