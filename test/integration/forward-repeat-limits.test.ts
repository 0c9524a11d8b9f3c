import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../src/http2/index.ts';
import { toStatusBits } from '../../src/proxy/retry-policy.ts';
import { END_BOTH, END_STREAM, GRPC_HEADERS, open, peerThat, sections, unary, untilEnd } from '../support/forward-client.ts';
import { data, goaway, headers, requestBlock, rstStream } from '../support/http2/wire.ts';
import { FRAME } from '../support/peers/raw-h2-peer.ts';
import { endWith, failing, repeatBench, UNAVAILABLE } from '../support/repeat-bench.ts';

const DEADLINE_EXCEEDED = 4;

describe('the pause before another attempt', () => {
  const slow = { backoff: { baseMs: 600_000, maxMs: 600_000 } };

  it('is as long as the server asks for', async () => {
    await using peer = await failing(1, UNAVAILABLE, [['grpc-retry-pushback-ms', '40000']]);
    await using forward = await repeatBench([peer], slow);
    using client = await open(forward);
    client.write(unary());
    await forward.upstream.until(() => forward.log.retries === 1, 'planned');
    await forward.upstream.shift(39_000);
    assert.equal(peer.requests, 1);
    await forward.upstream.shift(1100);
    assert.deepEqual(await untilEnd(client), ['HEADERS END']);
    assert.equal(peer.requests, 2);
  });

  for (const value of ['-1', 'soon', '', '1.5', '60001', '99999999999']) {
    it(`has no end with a pushback of "${value}": there is no other attempt`, async () => {
      await using peer = await failing(1, UNAVAILABLE, [['grpc-retry-pushback-ms', value]]);
      await using forward = await repeatBench([peer]);
      using client = await open(forward);
      client.write(unary());
      await untilEnd(client);
      assert.match(sections(client)[0] ?? '', /grpc-status: 14/);
      assert.equal(peer.requests, 1);
    });
  }

  it('is not begun when it would outlast the deadline of the client or of the route', async () => {
    await using peer = await failing(9, UNAVAILABLE);
    await using forward = await repeatBench([peer], slow, 60_000);
    using client = await open(forward);
    client.write(unary());
    await untilEnd(client);
    await using timed = await repeatBench([peer], slow);
    using other = await open(timed);
    other.write(headers(1, requestBlock([['grpc-timeout', '5S']]), END_BOTH));
    await untilEnd(other);
    assert.match(sections(client)[0] ?? '', /grpc-status: 14/);
    assert.match(sections(other)[0] ?? '', /grpc-status: 14/);
    assert.equal(peer.requests, 2);
  });

  it('ends with the client, and with the listener', async () => {
    await using peer = await failing(9, UNAVAILABLE);
    await using forward = await repeatBench([peer], slow);
    using client = await open(forward);
    client.write(Buffer.concat([unary(1), unary(3)]));
    await forward.upstream.until(() => forward.log.retries === 2, 'planned');
    assert.equal(forward.upstream.cluster.retries.active, 2);
    client.write(rstStream(1, ErrorCode.CANCEL));
    await forward.untilEnded();
    assert.equal(forward.upstream.cluster.retries.active, 1);
    const closed = forward.listener.close();
    await untilEnd(client, 3);
    assert.match(sections(client)[0] ?? '', /x-health-bridge-error: draining/);
    await closed;
    assert.equal(forward.upstream.cluster.retries.active, 0);
    assert.equal(peer.requests, 2);
  });

  it('is survived by the call when the connection that it was on is told to go', async () => {
    await using peer = await peerThat((session, streamId, nth) => {
      endWith(session, streamId, nth === 1 ? UNAVAILABLE : 0);
      if (nth === 1) {
        session.send(goaway(1, ErrorCode.NO_ERROR));
      }
    });
    await using forward = await repeatBench([peer]);
    using client = await open(forward);
    client.write(unary());
    assert.deepEqual(await untilEnd(client), ['HEADERS END']);
    assert.match(sections(client)[0] ?? '', /grpc-status: 0/);
  });
});

describe('the time of one attempt', () => {
  const timed = { perTryTimeoutMs: 5000 };

  it('ends it with deadlineExceeded, after which another may come', async () => {
    await using peer = await peerThat((session, streamId, nth) => {
      if (nth > 1) {
        session.answer(streamId);
      }
    });
    await using forward = await repeatBench([peer], { ...timed, statuses: toStatusBits([DEADLINE_EXCEEDED]) });
    using client = await open(forward);
    client.write(unary());
    const session = await peer.session();
    await session.frame(FRAME.HEADERS);
    await forward.upstream.shift(5100);
    assert.deepEqual(await untilEnd(client), ['HEADERS END']);
    assert.equal(peer.requests, 2);
    assert.equal((await session.frame(FRAME.RST_STREAM)).payload.readUInt32BE(0), ErrorCode.CANCEL);
  });

  it('ends the call where that is not named', async () => {
    await using peer = await peerThat(() => undefined);
    await using forward = await repeatBench([peer], timed);
    using client = await open(forward);
    client.write(unary());
    await (await peer.session()).frame(FRAME.HEADERS);
    await forward.upstream.shift(5100);
    await untilEnd(client);
    assert.match(sections(client)[0] ?? '', /grpc-status: 4\n[^]*x-health-bridge-error: try_timeout/);
    assert.equal(peer.requests, 1);
  });

  it('begins with the end of the request, and ends with the begin of the response', async () => {
    await using peer = await peerThat(() => undefined);
    await using forward = await repeatBench([peer], timed);
    using client = await open(forward);
    client.write(headers(1, requestBlock()));
    const session = await peer.session();
    await session.frame(FRAME.HEADERS);
    await forward.upstream.shift(5100);
    client.write(data(1, 'late', END_STREAM));
    await session.frame(FRAME.DATA);
    session.send(headers(1, GRPC_HEADERS));
    await client.until(() => sections(client).length === 1);
    await forward.upstream.shift(5100);
    session.send(data(1, 'x', END_STREAM));
    assert.deepEqual(await untilEnd(client), ['HEADERS', 'DATA 1 END']);
  });
});

describe('calls of a cluster that are repeated at once', () => {
  const slow = { backoff: { baseMs: 600_000, maxMs: 600_000 } };

  it('are no more than maxRetries', async () => {
    await using peer = await failing(99, UNAVAILABLE);
    await using forward = await repeatBench([peer], slow);
    using client = await open(forward);
    client.write(Buffer.concat([1, 3, 5, 7, 9].map((streamId) => unary(streamId))));
    const { retryDenial } = await forward.untilEnded(2);
    assert.deepEqual([forward.log.retries, retryDenial, forward.upstream.cluster.retries.active], [3, 'overflow', 3]);
    assert.deepEqual(forward.log.localReplies, []);
  });

  it('count until an endpoint has begun to answer', async () => {
    await using peer = await peerThat((session, streamId, nth) =>
      nth === 1 ? endWith(session, streamId, UNAVAILABLE) : session.send(headers(streamId, GRPC_HEADERS)),
    );
    await using forward = await repeatBench([peer]);
    using client = await open(forward);
    client.write(unary());
    await client.until(() => sections(client).length === 1);
    assert.deepEqual([forward.log.retries, forward.upstream.cluster.retries.active], [1, 0]);
    (await peer.session()).send(data(3, 'x', END_STREAM));
    await untilEnd(client);
  });

  it('are a share of those under way where the route says so', async () => {
    await using peer = await peerThat((session, streamId, nth) => {
      if (nth > 8) {
        endWith(session, streamId, UNAVAILABLE);
      }
    });
    await using forward = await repeatBench([peer], { ...slow, budget: { percent: 50, min: 1 } });
    using client = await open(forward);
    client.write(Buffer.concat([1, 3, 5, 7, 9, 11, 13, 15].map((streamId) => unary(streamId))));
    await (await peer.session()).frame(FRAME.HEADERS, 8);
    client.write(Buffer.concat(Array.from({ length: 8 }, (_, index) => unary(17 + 2 * index))));
    await forward.untilEnded(1);
    await forward.upstream.until(() => forward.log.ended.length + forward.log.retries === 8, 'all decided');
    assert.ok(forward.log.retries >= 4 && forward.log.retries <= 8, `${forward.log.retries}`);
    assert.ok(forward.log.ended.every(({ retryDenial }) => retryDenial === 'overflow'));
  });
});
