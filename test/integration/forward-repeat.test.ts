import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../src/http2/index.ts';
import { toStatusBits } from '../../src/proxy/retry-policy.ts';
import { END_BOTH, END_STREAM, GRPC_HEADERS, open, peerThat, sections, unary, untilEnd } from '../support/forward-client.ts';
import { block, data, headers, requestBlock, responseBlock, rstStream, windowUpdate } from '../support/http2/wire.ts';
import { FRAME, RawH2Peer } from '../support/peers/raw-h2-peer.ts';
import { endWith, failing, repeatBench, requestsOf, UNAVAILABLE } from '../support/repeat-bench.ts';

const UNKNOWN = 2;
const INTERNAL = 13;

describe('a call whose route names a status', () => {
  it('is made again until it ends otherwise, and the client sees the last attempt alone', async () => {
    await using peer = await failing(2, UNAVAILABLE);
    await using forward = await repeatBench([peer]);
    using client = await open(forward);
    client.write(unary());
    assert.deepEqual(await untilEnd(client), ['HEADERS END']);
    assert.match(sections(client)[0] ?? '', /grpc-status: 0/);
    assert.equal(peer.requests, 3);
    const session = await peer.session();
    assert.equal(session.ofType(FRAME.DATA).filter(({ payload }) => payload.toString() === 'hello').length, 3);
    const { retries, retryDenial } = await forward.untilEnded();
    assert.deepEqual([retries, retryDenial], [2, null]);
    assert.equal(forward.upstream.cluster.retries.active, 0);
  });

  it('ends with it after its last attempt, which the log can tell', async () => {
    await using peer = await failing(9, UNAVAILABLE);
    await using forward = await repeatBench([peer], { maxAttempts: 2 });
    using client = await open(forward);
    client.write(unary());
    await untilEnd(client);
    assert.match(sections(client)[0] ?? '', /grpc-status: 14/);
    const { grpcStatus, localReason, retryDenial } = await forward.untilEnded();
    assert.deepEqual([peer.requests, grpcStatus, localReason, retryDenial], [2, UNAVAILABLE, null, 'limit']);
  });

  it('goes to another endpoint than the one that failed, and says how often it was tried and what time is left', async () => {
    await using bad = await failing(9, UNAVAILABLE);
    await using good = await failing(0, UNAVAILABLE);
    await using forward = await repeatBench([bad, good], { maxAttempts: 2 });
    using client = await open(forward);
    const fields: readonly (readonly [string, string])[] = [
      ['grpc-timeout', '30S'],
      ['grpc-previous-rpc-attempts', '2'],
    ];
    for (const streamId of [1, 3]) {
      client.write(headers(streamId, requestBlock(fields), END_BOTH));
      await untilEnd(client, streamId);
    }
    assert.deepEqual([bad.requests, good.requests], [1, 2], 'one of both calls began at the bad one');
    const seen = requestsOf(await good.session()).find((text) => text.includes('grpc-previous-rpc-attempts: 3'));
    const left = Number(/grpc-timeout: (\d+)m/.exec(seen ?? '')?.[1]);
    assert.ok(left > 20_000 && left <= 30_000, seen);
  });

  it('is not made again for another status, nor once the response has begun, nor for a request that is not gRPC', async () => {
    await using peer = await peerThat((session, streamId, nth) => {
      if (nth === 1) {
        endWith(session, streamId, INTERNAL);
      } else {
        const trailers = headers(streamId, block([['grpc-status', '14']]), END_BOTH);
        session.send(
          nth === 2
            ? Buffer.concat([headers(streamId, GRPC_HEADERS), trailers])
            : headers(streamId, responseBlock('200', [['grpc-status', '14']]), END_BOTH),
        );
      }
    });
    await using forward = await repeatBench([peer]);
    using client = await open(forward);
    client.write(unary(1));
    await untilEnd(client, 1);
    client.write(unary(3));
    await untilEnd(client, 3);
    client.write(
      headers(
        5,
        block([
          [':method', 'GET'],
          [':scheme', 'http'],
          [':path', '/'],
          [':authority', 'a'],
        ]),
        END_BOTH,
      ),
    );
    await untilEnd(client, 5);
    assert.deepEqual([peer.requests, forward.log.retries], [3, 0]);
    assert.equal((await forward.untilEnded(3)).retryDenial, null);
  });

  it('is not made again for UNKNOWN while a response has begun that has not told its status yet', async () => {
    await using peer = await peerThat((session, streamId) => {
      const trailers = headers(streamId, block([['grpc-status', '0']]), END_BOTH);
      session.send(Buffer.concat([headers(streamId, GRPC_HEADERS), data(streamId, 'answer'), trailers]));
    });
    await using forward = await repeatBench([peer], { statuses: toStatusBits([UNKNOWN]) });
    using client = await open(forward);
    client.write(unary());
    const seen = await untilEnd(client);
    assert.equal(peer.requests, 1);
    assert.deepEqual(seen, ['HEADERS', 'DATA 6', 'HEADERS END']);
  });

  it('is made again when its connection is lost, or its stream reset with a code that means the status', async () => {
    await using peer = await peerThat((session, streamId, nth) => {
      if (nth === 2) {
        session.socket.resetAndDestroy();
      } else if (nth === 3) {
        session.send(rstStream(streamId, ErrorCode.INTERNAL_ERROR));
      } else {
        session.answer(streamId);
      }
    });
    await using forward = await repeatBench([peer], { statuses: toStatusBits([UNAVAILABLE, INTERNAL]) });
    using client = await open(forward);
    for (const streamId of [1, 3]) {
      client.write(unary(streamId));
      assert.deepEqual(await untilEnd(client, streamId), ['HEADERS END']);
    }
    assert.equal(peer.requests, 4);
  });

  it('is made again after being refused twice, which alone counts as an attempt', async () => {
    await using peer = await peerThat((session, streamId, nth) =>
      nth <= 2
        ? session.send(rstStream(streamId, ErrorCode.REFUSED_STREAM))
        : endWith(session, streamId, nth === 3 ? UNAVAILABLE : 0),
    );
    await using forward = await repeatBench([peer]);
    using client = await open(forward);
    client.write(unary());
    await untilEnd(client);
    assert.match(sections(client)[0] ?? '', /grpc-status: 0/);
    assert.equal(peer.requests, 4);
    assert.equal(
      requestsOf(await peer.session())
        .at(-1)
        ?.includes('grpc-previous-rpc-attempts: 2'),
      true,
    );
  });

  it('keeps what comes of the request between two attempts, and ends the stream that it leaves', async () => {
    await using peer = await peerThat((session, streamId, nth) => {
      if (nth === 1) {
        endWith(session, streamId, UNAVAILABLE);
      }
    });
    await using forward = await repeatBench([peer], { backoff: { baseMs: 60, maxMs: 60 } });
    using client = await open(forward);
    client.write(Buffer.concat([headers(1, requestBlock()), data(1, 'one')]));
    const session = await peer.session();
    const { payload } = await session.frame(FRAME.RST_STREAM);
    assert.equal(payload.readUInt32BE(0), ErrorCode.CANCEL);
    client.write(data(1, 'two', END_STREAM));
    await session.frame(FRAME.HEADERS, 2);
    await forward.upstream.until(() => session.ofType(FRAME.DATA).some(({ flags }) => flags === END_STREAM), 'the end');
    const second = session.ofType(FRAME.DATA).filter(({ streamId }) => streamId === 3);
    assert.equal(Buffer.concat(second.map((one) => one.payload)).toString(), 'onetwo');
    session.answer(3);
    await untilEnd(client);
  });

  it('is not made again when its request was too long to keep', async () => {
    let octets = 0;
    await using peer = await RawH2Peer.start({
      onConnection: (session) => {
        session.events.on('frame', ({ type, streamId, payload }) => {
          octets += type === FRAME.DATA ? payload.length : 0;
          if (octets > 70_000) {
            endWith(session, streamId, UNAVAILABLE);
          } else if (type === FRAME.DATA) {
            session.send(windowUpdate(streamId, payload.length));
          }
        });
      },
      onRequest: (session) => session.send(windowUpdate(0, 1_000_000)),
    });
    await using forward = await repeatBench([peer]);
    using client = await open(forward);
    client.write(headers(1, requestBlock()));
    for (let part = 0; part < 5; part++) {
      client.write(data(1, Buffer.alloc(16_000, part)));
      await forward.upstream.until(() => octets >= (part + 1) * 16_000, `part ${part}`);
    }
    await untilEnd(client);
    assert.match(sections(client)[0] ?? '', /grpc-status: 14/);
    assert.equal(peer.requests, 1);
  });
});
