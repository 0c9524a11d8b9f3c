import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectBackoff } from '../../../src/upstream/connect-backoff.ts';

describe('the pauses after failed attempts', () => {
  it('grow from one second by 1.6 to two minutes', () => {
    const backoff = new ConnectBackoff(() => 0.5);
    const pauses = Array.from({ length: 13 }, () => Math.round(backoff.fail(0)));
    assert.deepEqual(pauses.slice(0, 4), [1000, 1600, 2560, 4096]);
    assert.deepEqual(pauses.slice(-2), [120_000, 120_000]);
    assert.equal(backoff.failures, 13);
  });

  it('are spread by a fifth', () => {
    assert.equal(new ConnectBackoff(() => 0).fail(0), 800);
    assert.ok(Math.abs(new ConnectBackoff(() => 0.999_999).fail(0) - 1200) < 1);
  });

  it('end in time, and with the first success', () => {
    const backoff = new ConnectBackoff(() => 0.5);
    assert.equal(backoff.isOver(0), true);
    backoff.fail(10_000);
    assert.equal(backoff.isOver(10_999), false);
    assert.equal(backoff.isOver(11_000), true);
    assert.equal(backoff.isOverOnDemand(10_099), false);
    assert.equal(backoff.isOverOnDemand(10_100), true);
    backoff.reset();
    assert.equal(backoff.failures, 0);
    assert.equal(backoff.isOver(0), true);
    assert.equal(backoff.fail(0), 1000);
  });

  it('end when the endpoint is to be tried now, and go on growing', () => {
    const backoff = new ConnectBackoff(() => 0.5);
    backoff.fail(10_000);
    backoff.endPause();
    assert.equal(backoff.isOver(10_000), true);
    assert.equal(backoff.failures, 1);
    assert.equal(backoff.fail(10_000), 1600);
    assert.equal(backoff.isOver(10_000), false);
  });
});
