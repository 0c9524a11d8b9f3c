import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ForwardBench } from '../support/forward-bench.ts';
import { requestBlock } from '../support/http2/wire.ts';
import { callMany } from '../support/many-calls.ts';
import { CountingPeer } from '../support/peers/counting-peer.ts';

const CALLS = 30_000;
const REQUEST = requestBlock();

describe('30 000 calls of one client connection', () => {
  it('are spread over three endpoints to within 1 % of a third each', async () => {
    await using one = await CountingPeer.start();
    await using two = await CountingPeer.start();
    await using three = await CountingPeer.start();
    await using bench = await ForwardBench.start([one.endpoint, two.endpoint, three.endpoint]);
    await callMany({ port: bench.port, calls: CALLS, atATime: 100, requestOf: () => REQUEST });
    for (const { requests } of [one, two, three]) {
      assert.ok(Math.abs(requests - CALLS / 3) <= CALLS / 300, `${requests} of ${CALLS}`);
    }
    assert.equal(one.requests + two.requests + three.requests, CALLS);
    await bench.untilEnded(CALLS);
    assert.ok(bench.log.ended.every(({ grpcStatus }) => grpcStatus === 0));
  });
});
