import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../src/http2/index.ts';
import { ForwardBench } from '../support/forward-bench.ts';
import { END_STREAM, open, peerThat, sections, unary, untilEnd } from '../support/forward-client.ts';
import { data, goaway, headers, requestBlock, rstStream, windowUpdate } from '../support/http2/wire.ts';
import { FRAME, RawH2Peer, type RawH2Session } from '../support/peers/raw-h2-peer.ts';
import { FrameType } from '../support/raw-client.ts';

function refuse(session: RawH2Session, streamId: number): void {
  session.send(rstStream(streamId, ErrorCode.REFUSED_STREAM));
}

describe('a stream that was not processed', () => {
  it('goes once to another endpoint, with all that came of the request', async () => {
    await using refusing = await peerThat(refuse);
    await using good = await peerThat(() => undefined);
    await using bench = await ForwardBench.start([refusing.endpoint, good.endpoint]);
    using client = await open(bench);
    for (const streamId of [1, 3]) {
      client.write(Buffer.concat([headers(streamId, requestBlock([['x-call', String(streamId)]])), data(streamId, 'one')]));
    }
    const session = await good.session();
    await session.frame(FRAME.HEADERS, 2);
    client.write(Buffer.concat([data(1, 'two', END_STREAM), data(3, 'two', END_STREAM)]));
    await bench.upstream.until(
      () => session.ofType(FRAME.DATA).filter(({ flags }) => flags === END_STREAM).length === 2,
      'both ends',
    );
    for (const { streamId } of session.ofType(FRAME.HEADERS)) {
      const content = session.ofType(FRAME.DATA).filter((one) => one.streamId === streamId);
      assert.equal(Buffer.concat(content.map(({ payload }) => payload)).toString(), 'onetwo');
      session.answer(streamId);
    }
    assert.deepEqual([await untilEnd(client, 1), await untilEnd(client, 3)], [['HEADERS END'], ['HEADERS END']]);
    assert.equal(refusing.requests, 1);
    assert.equal(bench.log.retries, 1);
    assert.deepEqual((await bench.untilEnded(2)).requestOctets, 6);
  });

  it('does not come back to the endpoint that refused it, although that is the next in turn', async () => {
    const held: (readonly [session: RawH2Session, streamId: number])[] = [];
    const hold = (session: RawH2Session, streamId: number): void => void held.push([session, streamId]);
    await using one = await peerThat(hold);
    await using two = await peerThat(hold);
    await using bench = await ForwardBench.start([one.endpoint, two.endpoint]);
    using client = await open(bench);
    client.write(Buffer.concat([unary(1), unary(3)]));
    await bench.upstream.until(() => held.length === 2, 'both hold a call');
    const [first] = held.splice(0, 1);
    assert.ok(first !== undefined);
    refuse(...first);
    await bench.upstream.until(() => held.length === 2, 'tried again');
    assert.ok(
      held.every(([session]) => session !== first[0]),
      'at the other one',
    );
    for (const [session, streamId] of held) {
      session.answer(streamId);
    }
    await Promise.all([untilEnd(client, 1), untilEnd(client, 3)]);
  });

  it('is answered 14 when it is refused again', async () => {
    await using one = await peerThat(refuse);
    await using two = await peerThat(refuse);
    await using three = await peerThat(refuse);
    await using bench = await ForwardBench.start([one.endpoint, two.endpoint, three.endpoint]);
    using client = await open(bench);
    client.write(unary());
    assert.deepEqual(await untilEnd(client), ['HEADERS END']);
    assert.match(sections(client)[0] ?? '', /^:status: 200\n[^]*grpc-status: 14\n[^]*x-health-bridge-error: refused$/);
    assert.equal(one.requests + two.requests + three.requests, 2);
    assert.deepEqual(bench.log.localReplies, ['refused']);
  });

  it('is answered as refused, not as without endpoints, when there is no other to go to', async () => {
    await using peer = await peerThat(() => undefined);
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    client.write(unary());
    const session = await peer.session();
    const { streamId } = await session.frame(FRAME.HEADERS);
    bench.upstream.health([[peer.endpoint, 'unhealthy']]);
    refuse(session, streamId);
    await untilEnd(client);
    assert.match(sections(client)[0] ?? '', /grpc-status: 14\n[^]*x-health-bridge-error: refused$/);
    assert.deepEqual(bench.log.localReplies, ['refused']);
    assert.equal(peer.requests, 1);
  });

  it('is not sent again when its request was too long to keep', async () => {
    let octets = 0;
    await using peer = await RawH2Peer.start({
      onConnection: (session) => {
        session.events.on('frame', ({ type, streamId, payload }) => {
          if (type === FRAME.DATA) {
            octets += payload.length;
            session.send(
              octets > 70_000 ? rstStream(streamId, ErrorCode.REFUSED_STREAM) : windowUpdate(streamId, payload.length),
            );
          }
        });
      },
      onRequest: (session) => session.send(windowUpdate(0, 1_000_000)),
    });
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    client.write(headers(1, requestBlock()));
    for (let part = 0; part < 4; part++) {
      client.write(data(1, Buffer.alloc(16_000, part)));
    }
    await client.until(() => client.frames().some(({ type, streamId }) => type === FrameType.WINDOW_UPDATE && streamId === 1));
    client.write(data(1, Buffer.alloc(16_000, 4)));
    assert.equal((await untilEnd(client))[0], 'HEADERS END');
    assert.match(sections(client)[0] ?? '', /grpc-status: 14/);
    assert.equal(peer.requests, 1);
    await bench.untilQuiet();
  });

  it('is known by GOAWAY too: what is above its last stream goes elsewhere, what is below goes on', async () => {
    await using leaving = await peerThat((session, streamId, count) => {
      if (count === 2) {
        session.send(goaway(1, ErrorCode.NO_ERROR, 'bye'));
        assert.equal(streamId, 3);
      }
    });
    await using bench = await ForwardBench.start([leaving.endpoint]);
    await using other = await peerThat((session, streamId) => session.answer(streamId));
    using client = await open(bench);
    client.write(unary(1));
    const session = await leaving.session();
    await session.frame(FRAME.HEADERS);
    client.write(unary(3));
    await session.frame(FRAME.HEADERS, 2);
    bench.upstream.use(leaving.endpoint, other.endpoint);
    assert.deepEqual(await untilEnd(client, 3), ['HEADERS END']);
    session.answer(1);
    assert.deepEqual(await untilEnd(client, 1), ['HEADERS END']);
    assert.equal(bench.log.retries, 1);
  });
});
