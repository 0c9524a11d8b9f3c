import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ForwardBench } from '../support/forward-bench.ts';
import { END_BOTH, GRPC_HEADERS, open, peerThat, story, untilEnd } from '../support/forward-client.ts';
import { block, data, headers, PREFACE, requestBlock, settings, settingsAck, windowUpdate } from '../support/http2/wire.ts';
import { FRAME, RawH2Peer, type RawH2Session } from '../support/peers/raw-h2-peer.ts';
import { FrameType, RawClient } from '../support/raw-client.ts';

const INITIAL_WINDOW_SIZE = 4;
const WINDOW = 65_535;

/** Credit that the session was given on a stream. */
const credit = (session: RawH2Session, streamId: number): number =>
  session
    .ofType(FRAME.WINDOW_UPDATE)
    .reduce((sum, one) => sum + (one.streamId === streamId ? one.payload.readUInt32BE(0) : 0), 0);

const creditOf = (client: RawClient, streamId: number): number =>
  client
    .frames()
    .reduce(
      (sum, one) => sum + (one.type === FrameType.WINDOW_UPDATE && one.streamId === streamId ? one.payload.readUInt32BE(0) : 0),
      0,
    );

const received = (client: RawClient, streamId: number): number =>
  client
    .frames()
    .reduce((sum, one) => sum + (one.type === FrameType.DATA && one.streamId === streamId ? one.payload.length : 0), 0);

/** A whole window of content. */
function fill(streamId: number): Buffer[] {
  return [0, 1, 2, 3].map((part) => data(streamId, Buffer.alloc(part === 3 ? WINDOW - 3 * 16_384 : 16_384, part)));
}

describe('back-pressure', () => {
  it('of a client reaches the endpoint: it gets credit as the client takes content, while other calls go on', async () => {
    await using peer = await peerThat((session, streamId, count) => {
      if (count === 1) {
        session.send(headers(streamId, GRPC_HEADERS), ...fill(streamId));
      } else {
        session.answer(streamId, 'quick');
      }
    });
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await RawClient.tcp(bench.port);
    client.write(Buffer.concat([PREFACE, settings([[INITIAL_WINDOW_SIZE, 1000]]), settingsAck()]));
    client.write(headers(1, requestBlock(), END_BOTH));
    await client.until(() => received(client, 1) === 1000);
    client.write(headers(3, requestBlock(), END_BOTH));
    await untilEnd(client, 3);
    const session = await peer.session();
    assert.equal(credit(session, 1), 0);
    assert.equal(received(client, 1), 1000);
    client.write(windowUpdate(1, 40_000));
    await client.until(() => received(client, 1) === 41_000);
    await bench.upstream.until(() => credit(session, 1) > 30_000, 'credit');
    assert.ok(credit(session, 1) <= 41_000, `${credit(session, 1)} octets`);
    client.write(Buffer.concat([windowUpdate(1, 100_000), windowUpdate(0, 100_000)]));
    await client.until(() => received(client, 1) === WINDOW);
    session.send(headers(1, block([['grpc-status', '0']]), END_BOTH));
    assert.equal((await untilEnd(client, 1)).at(-1), 'HEADERS END');
  });

  it('of an endpoint reaches the client in the same way', async () => {
    await using peer = await RawH2Peer.start({ settings: [[INITIAL_WINDOW_SIZE, 1000]], onRequest: () => undefined });
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    client.write(Buffer.concat([headers(1, requestBlock()), ...fill(1)]));
    const session = await peer.session();
    const taken = (): number => session.ofType(FRAME.DATA).reduce((sum, { payload }) => sum + payload.length, 0);
    await bench.upstream.until(() => taken() === 1000, 'the window is used');
    assert.equal(creditOf(client, 1), 0);
    session.send(windowUpdate(1, 40_000));
    await bench.upstream.until(() => taken() === 41_000, 'the second window');
    await client.until(() => creditOf(client, 1) > 30_000);
    assert.ok(creditOf(client, 1) <= 41_000);
    session.send(windowUpdate(1, 1_000_000), windowUpdate(0, 1_000_000));
    await bench.upstream.until(() => taken() === WINDOW, 'the rest');
    client.write(data(1, 'end', 1));
    await bench.upstream.until(() => taken() === WINDOW + 3, 'the end');
    session.answer(1);
    assert.deepEqual(await untilEnd(client), ['HEADERS END']);
    assert.deepEqual(story(client), ['HEADERS END']);
  });
});
