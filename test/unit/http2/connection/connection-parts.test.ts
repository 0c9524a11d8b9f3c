import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AbuseLimits } from '../../../../src/http2/connection/abuse-limits.ts';
import { createParts } from '../../../../src/http2/connection/connection-parts.ts';
import { ConnectionContext } from '../../../../src/http2/connection/context.ts';
import { DeferredInput } from '../../../../src/http2/connection/deferred-input.ts';
import { HoldDown } from '../../../../src/http2/connection/hold-down.ts';
import { ReadyRing } from '../../../../src/http2/connection/ready-ring.ts';
import { TokenBucket } from '../../../../src/http2/connection/token-bucket.ts';
import { DEFAULT_CONNECTION_OPTIONS, EDGE_LIMITS, LIMIT_PROFILES, SlabPool } from '../../../../src/http2/index.ts';
import { Stream, type StreamOperations } from '../../../../src/http2/stream/stream.ts';
import { collectGarbage, heapOctets } from '../../../support/collect-garbage.ts';
import { EngineBench } from '../../../support/http2/engine-bench.ts';

const NO_OPERATIONS: StreamOperations = {
  sendInterim: () => {},
  sendHeaders: () => {},
  sendData: () => 0,
  sendEnd: () => {},
  sendTrailers: () => {},
  consume: () => {},
  reset: () => {},
  stopReceiving: () => {},
};

describe('token bucket', () => {
  it('gives its burst, then its rate, and never more than its burst', () => {
    const bucket = new TokenBucket({ burst: 3, perSecond: 2 });
    assert.deepEqual(
      [1, 1, 1, 1].map((tokens) => bucket.take(tokens, 0)),
      [true, true, true, false],
    );
    assert.equal(bucket.take(1, 499), false);
    assert.equal(bucket.take(1, 500), true);
    assert.deepEqual(
      [1, 1, 1, 1].map((tokens) => bucket.take(tokens, 1_000_000)),
      [true, true, true, false],
    );
    assert.equal(bucket.take(4, 2_000_000), false, 'more than it ever holds');
    assert.equal(bucket.take(3, 2_000_000), true);
    bucket.refill();
    assert.equal(bucket.take(3, 2_000_000), true);
  });
});

describe('hold-down', () => {
  it('holds each place for its time', () => {
    const held = new HoldDown(250);
    held.add(0);
    held.add(100);
    assert.equal(held.count(249), 2);
    assert.equal(held.count(250), 1);
    assert.equal(held.count(350), 0);
    const none = new HoldDown(0);
    none.add(0);
    assert.equal(none.count(0), 0);
  });

  it('holds 4 096 places at most, and goes on when some are free', () => {
    const held = new HoldDown(250);
    for (let count = 0; count < 5000; count++) {
      held.add(0);
    }
    assert.equal(held.count(0), 4096);
    held.add(300);
    assert.equal(held.count(300), 1);
  });

  it('counts right over a year without a pause', () => {
    const held = new HoldDown(250);
    for (let now = 0; now < 1_000_000; now += 50) {
      held.add(now);
      assert.equal(held.count(now), Math.min(5, now / 50 + 1));
    }
  });
});

describe('the list of a hold-down', () => {
  it('does not grow over two million holds of which a few last at a time', () => {
    const held = new HoldDown(250);
    collectGarbage();
    const before = heapOctets();
    for (let count = 0; count < 2_000_000; count++) {
      held.add(count * 50);
    }
    collectGarbage();
    assert.ok(heapOctets() - before < 1_048_576);
    assert.equal(held.count(99_999_950), 5);
  });
});

describe('ready ring', () => {
  it('has each stream once, in the order of its turns', () => {
    const ring = new ReadyRing();
    const [first, second] = [new Stream(NO_OPERATIONS), new Stream(NO_OPERATIONS)];
    ring.add(first);
    ring.add(second);
    ring.add(first);
    assert.equal(ring.size, 2);
    assert.equal(ring.shift(), first);
    ring.add(first);
    assert.deepEqual([ring.shift(), ring.shift(), ring.shift()], [second, first, null]);
    assert.equal(ring.size, 0);
  });
});

describe('deferred input', () => {
  it('gives buffers back in their order, those put back first', () => {
    const input = new DeferredInput(false, new AbuseLimits(EDGE_LIMITS, () => {}));
    assert.equal(input.shift(), null);
    input.push(Buffer.from('b'));
    input.unshift(Buffer.from('a'), true);
    assert.deepEqual([input.shift(), input.shift()].map(String), ['a', 'b']);
    input.push(Buffer.from('c'));
    input.clear();
    assert.equal(input.isEmpty, true);
  });
});

describe('identifiers of a client', () => {
  it('H2-1.3-id-exhaustion: end at 2^31-1', () => {
    const options = { ...DEFAULT_CONNECTION_OPTIONS, limits: EDGE_LIMITS, slabs: new SlabPool() };
    const abuse = new AbuseLimits(EDGE_LIMITS, () => {});
    const { streams } = createParts(new ConnectionContext('client', EngineBench.client(), options, abuse), () => {});
    assert.equal(streams.openLocal().id, 1);
    assert.equal(streams.isRetiring, false);
    streams.nextLocalId = 0x6000_0001;
    assert.equal(streams.isRetiring, true);
    streams.nextLocalId = 0x7fff_ffff;
    assert.equal(streams.canOpen, true);
    assert.equal(streams.openLocal().id, 0x7fff_ffff);
    assert.equal(streams.canOpen, false);
    assert.equal(streams.isIdle(0x7fff_ffff), false);
  });
});

describe('limit profiles', () => {
  it('bear more from a load balancer than from anybody', () => {
    assert.equal(LIMIT_PROFILES.edge, EDGE_LIMITS);
    assert.ok(LIMIT_PROFILES.loadBalancer.glitches.burst > EDGE_LIMITS.glitches.burst);
    assert.ok(Object.isFrozen(EDGE_LIMITS));
  });
});
