import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { describe, it } from 'node:test';
import { ForwardBench } from '../support/forward-bench.ts';
import { GRPC_HEADERS, open, peerThat, sections, story, unary, untilEnd } from '../support/forward-client.ts';
import { data, headers } from '../support/http2/wire.ts';
import { FRAME } from '../support/peers/raw-h2-peer.ts';
import { FrameFlag, FrameType, frame, type RawClient } from '../support/raw-client.ts';

async function acknowledge(client: RawClient): Promise<void> {
  const { payload } = await client.untilFrame(FrameType.PING);
  client.write(frame(FrameType.PING, FrameFlag.ACK, 0, payload));
}

const goaways = (client: RawClient): number[] =>
  client.frames().flatMap(({ type, payload }) => (type === FrameType.GOAWAY ? [payload.readUInt32BE(0)] : []));

describe('a listener that drains', () => {
  it('lets relayed calls finish, takes those that raced the notice, and ends the connection', async () => {
    await using peer = await peerThat(() => undefined);
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    client.write(unary(1));
    const session = await peer.session();
    await session.frame(FRAME.HEADERS, 1);
    bench.listener.startDrain();
    await client.untilFrame(FrameType.GOAWAY);
    // Sent before the notice was read.
    client.write(unary(3));
    await session.frame(FRAME.HEADERS, 2);
    await acknowledge(client);
    await client.until(() => goaways(client).length === 2);
    assert.deepEqual(goaways(client), [0x7fff_ffff, 3]);
    const idle = bench.listener.untilIdle(new AbortController().signal);
    session.answer(1);
    session.answer(3);
    await Promise.all([untilEnd(client, 1), untilEnd(client, 3)]);
    await idle;
    await client.untilOver();
    assert.deepEqual(bench.log.localReplies, []);
  });

  it('serves a new connection, and tells it to leave with its first request', async () => {
    await using peer = await peerThat((session, streamId) => session.answer(streamId));
    await using bench = await ForwardBench.start([peer.endpoint]);
    bench.listener.startDrain();
    const client = connect(`http://127.0.0.1:${bench.port}`);
    const goaway = once(client, 'goaway');
    const stream = client.request({ ':path': '/pkg.A/One', ':method': 'POST' });
    const [response] = await once(stream.resume(), 'response');
    assert.equal(response[':status'], 200);
    await goaway;
    await once(client, 'close');
  });

  it('tells a connection that has not asked anything to leave with its first request, not before', async () => {
    await using peer = await peerThat((session, streamId) => session.answer(streamId));
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    await client.untilFrame(FrameType.SETTINGS);
    bench.listener.startDrain();
    client.write(frame(FrameType.PING, 0, 0, Buffer.alloc(8)));
    await client.untilFrame(FrameType.PING);
    assert.deepEqual(goaways(client), []);
    client.write(unary(1));
    await untilEnd(client, 1);
    assert.deepEqual(goaways(client), [0x7fff_ffff]);
  });

  it('ends what is left with 14 when its time is over, and cancels it at the endpoint', async () => {
    await using peer = await peerThat((session, streamId, count) => {
      if (count === 2) {
        session.send(headers(streamId, GRPC_HEADERS), data(streamId, 'part'));
      }
    });
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    client.write(unary(1));
    const session = await peer.session();
    await session.frame(FRAME.HEADERS);
    client.write(unary(3));
    await client.until(() => story(client, 3).length === 2);
    const time = new AbortController();
    const closed = bench.listener.close(time.signal);
    await client.untilFrame(FrameType.GOAWAY);
    time.abort();
    await closed;
    await client.untilOver();
    assert.deepEqual(story(client, 1), ['HEADERS END']);
    assert.deepEqual(story(client, 3), ['HEADERS', 'DATA 4', 'HEADERS END']);
    for (const section of sections(client).filter((text) => text.includes('grpc-status'))) {
      assert.match(section, /grpc-status: 14\n[^]*x-health-bridge-error: draining$/);
    }
    assert.deepEqual(bench.log.localReplies, ['draining', 'draining']);
    await session.frame(FRAME.RST_STREAM, 2);
  });

  it('does not cut calls by the grace that is for old connections', async () => {
    await using peer = await peerThat(() => undefined);
    await using bench = await ForwardBench.start([peer.endpoint], { listener: { http2: { maxConnectionAgeGraceMs: 1000 } } });
    using client = await open(bench);
    client.write(unary(1));
    const session = await peer.session();
    await session.frame(FRAME.HEADERS);
    bench.listener.startDrain();
    await acknowledge(client);
    await client.until(() => goaways(client).length === 2);
    await bench.upstream.shift(20_000);
    assert.equal(client.ended, false);
    session.answer(1);
    await untilEnd(client, 1);
    await client.untilOver();
  });
});

describe('a connection that is old', () => {
  it('is told to leave, and cut when its grace is over', async () => {
    await using peer = await peerThat(() => undefined);
    await using bench = await ForwardBench.start([peer.endpoint], {
      listener: { http2: { maxConnectionAgeMs: 10_000, maxConnectionAgeGraceMs: 2000 } },
    });
    using client = await open(bench);
    client.write(unary(1));
    const session = await peer.session();
    await session.frame(FRAME.HEADERS);
    await bench.upstream.shift(9000);
    assert.deepEqual(goaways(client), []);
    await bench.upstream.shift(1500);
    const { payload } = await client.untilFrame(FrameType.GOAWAY);
    assert.equal(payload.toString('latin1', 8), 'max_age');
    await acknowledge(client);
    await client.until(() => goaways(client).length === 2);
    await bench.upstream.shift(2500);
    await client.untilOver();
    await session.frame(FRAME.RST_STREAM);
    assert.equal((await bench.untilEnded()).isCancelled, true);
  });
});
