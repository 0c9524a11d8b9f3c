import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HashRing, MAX_RING_POINTS, PointCache } from '../../../src/balancing/hash-ring.ts';

const members = (weights: readonly number[]) => weights.map((weight, index) => ({ key: `10.0.0.${index}:1`, weight }));
const sizeOf = (...weights: readonly number[]): number => new HashRing(members(weights), new PointCache()).size;

describe('a hash ring', () => {
  it('has no points without members', () => {
    const ring = new HashRing([], new PointCache());
    assert.equal(ring.size, 0);
    assert.equal(ring.ownerAt(ring.find(7)), 0);
  });

  it('has as many points as Envoy makes for few endpoints: 1024, or a few more so that the lightest has a whole number', () => {
    assert.equal(sizeOf(1), 1024);
    assert.equal(sizeOf(77), 1024);
    assert.equal(sizeOf(1, 1), 1024);
    assert.equal(sizeOf(1, 1, 1), 1026);
    assert.equal(sizeOf(1, 2), 1026);
    assert.equal(sizeOf(1, 1, 1, 1, 1, 1, 1, 1), 1024);
  });

  it('has 128 points for each of more, however many come and go', () => {
    assert.equal(sizeOf(...Array.from({ length: 9 }, () => 1)), 9 * 128);
    assert.equal(sizeOf(...Array.from({ length: 200 }, () => 5)), 200 * 128);
    assert.equal(sizeOf(1, 1, 1, 2, 5), 10 * 128);
  });

  it('never has more points than the limit and one for each endpoint', () => {
    assert.equal(sizeOf(...Array.from({ length: 1000 }, () => 1)), 65 * 1000);
    assert.equal(sizeOf(1, 1_000_000), MAX_RING_POINTS + 1);
    assert.equal(sizeOf(...Array.from({ length: 300 }, (_, index) => (index === 0 ? 1 : 100_000))), 1 + 299 * 219);
  });

  it('hashes only what is new', () => {
    const points = new PointCache();
    const before = points.of('a', 4);
    points.sweep();
    assert.equal(points.of('a', 4), before);
    const more = points.of('a', 6);
    assert.equal(more.length, 6);
    assert.deepEqual(more.slice(0, 4), before);
    points.sweep();
    points.sweep();
    assert.notEqual(points.of('a', 4), before);
  });
});
