import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../src/http2/index.ts';
import { ForwardBench } from '../support/forward-bench.ts';
import { GRPC_HEADERS, open, peerThat, sections, story, unary, untilEnd } from '../support/forward-client.ts';
import { data, headers, requestBlock, responseBlock, rstStream, windowUpdate } from '../support/http2/wire.ts';
import { FRAME, RawH2Peer } from '../support/peers/raw-h2-peer.ts';
import { FrameType, frame, H2_PREFACE, RawClient } from '../support/raw-client.ts';

describe('RST_STREAM of an endpoint', () => {
  const { NO_ERROR, REFUSED_STREAM, INTERNAL_ERROR, CANCEL, ENHANCE_YOUR_CALM, HTTP_1_1_REQUIRED, INADEQUATE_SECURITY } =
    ErrorCode;
  const answered = 'HEADERS END';
  const rows: readonly (readonly [code: number, before: string, after: string])[] = [
    [NO_ERROR, `RST_STREAM ${INTERNAL_ERROR}`, `RST_STREAM ${INTERNAL_ERROR}`],
    [INTERNAL_ERROR, `RST_STREAM ${INTERNAL_ERROR}`, `RST_STREAM ${INTERNAL_ERROR}`],
    [CANCEL, `RST_STREAM ${CANCEL}`, `RST_STREAM ${CANCEL}`],
    [ENHANCE_YOUR_CALM, `RST_STREAM ${ENHANCE_YOUR_CALM}`, `RST_STREAM ${ENHANCE_YOUR_CALM}`],
    [0x1234, 'RST_STREAM 4660', 'RST_STREAM 4660'],
    [HTTP_1_1_REQUIRED, answered, answered],
    [INADEQUATE_SECURITY, answered, answered],
    [REFUSED_STREAM, answered, `RST_STREAM ${INTERNAL_ERROR}`],
  ];
  for (const [code, before, after] of rows) {
    it(`with code ${code} becomes ${before} before the response, and ${after} in it`, async () => {
      await using peer = await peerThat((session, streamId, count) => {
        if (count === 2 && code !== REFUSED_STREAM) {
          session.send(headers(streamId, GRPC_HEADERS));
        }
        if (count === 3 && code === REFUSED_STREAM) {
          session.send(headers(streamId, GRPC_HEADERS));
        }
        session.send(rstStream(streamId, code));
      });
      await using bench = await ForwardBench.start([peer.endpoint]);
      using client = await open(bench);
      client.write(unary(1));
      assert.deepEqual(await untilEnd(client, 1), [before]);
      client.write(unary(3));
      assert.deepEqual(await untilEnd(client, 3), ['HEADERS', after]);
      if (before === answered) {
        assert.match(sections(client)[0] ?? '', /grpc-status: 14/);
      }
    });
  }
});

describe('an endpoint that is lost', () => {
  it('in a response ends it with trailers behind all content that had come', async () => {
    await using peer = await peerThat((session, streamId) => {
      session.send(headers(streamId, GRPC_HEADERS), data(streamId, Buffer.alloc(16_000)), data(streamId, Buffer.alloc(16_000)));
    });
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await RawClient.tcp(bench.port);
    // SETTINGS_INITIAL_WINDOW_SIZE 20 000.
    client.write(Buffer.concat([H2_PREFACE, frame(FrameType.SETTINGS, 0, 0, Buffer.of(0, 4, 0, 0, 0x4e, 0x20))]));
    client.write(unary());
    await client.until(() => story(client).length >= 3);
    (await peer.session()).socket.destroy();
    await bench.upstream.until(() => bench.upstream.log.some((line) => line.startsWith('closed')), 'lost');
    client.write(windowUpdate(1, 100_000));
    assert.equal((await untilEnd(client)).at(-1), 'HEADERS END');
    const octets = story(client).reduce((sum, line) => sum + (line.startsWith('DATA') ? Number(line.slice(5)) : 0), 0);
    assert.equal(octets, 32_000);
    const [, trailers] = sections(client);
    assert.match(trailers ?? '', /^grpc-status: 14\n[^]*x-health-bridge-error: connection_lost$/);
  });

  it('after the request was sent is not replaced by another', async () => {
    await using peer = await peerThat((session) => session.socket.destroy());
    await using spare = await peerThat((session, streamId) => session.answer(streamId));
    await using bench = await ForwardBench.start([peer.endpoint, spare.endpoint]);
    using client = await open(bench);
    for (const streamId of [1, 3]) {
      client.write(unary(streamId));
      await untilEnd(client, streamId);
    }
    const all = sections(client).join('\n--\n');
    assert.match(all, /grpc-status: 14\n[^]*connection_lost/);
    assert.equal(peer.requests + spare.requests, 2);
    assert.deepEqual([bench.log.retries, bench.log.localReplies], [0, ['connection_lost']]);
  });

  it('with a header section above the limits is answered 8, and the stream is reset', async () => {
    const big = responseBlock(
      '200',
      Array.from({ length: 130 }, (_, index) => [`x-${index}`, 'y'] as const),
    );
    await using peer = await peerThat((session, streamId) => session.send(headers(streamId, big)));
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    client.write(unary());
    assert.deepEqual(await untilEnd(client), ['HEADERS END']);
    assert.match(sections(client)[0] ?? '', /grpc-status: 8\n/);
    const reset = await (await peer.session()).frame(FRAME.RST_STREAM);
    assert.equal(reset.payload.readUInt32BE(0), ErrorCode.CANCEL);
  });
});

describe('a client that gives up', () => {
  it('with RST_STREAM cancels the call at the endpoint, whatever its code', async () => {
    await using peer = await peerThat(() => undefined);
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    client.write(headers(1, requestBlock()));
    const session = await peer.session();
    await session.frame(FRAME.HEADERS);
    client.write(rstStream(1, ErrorCode.NO_ERROR));
    assert.equal((await session.frame(FRAME.RST_STREAM)).payload.readUInt32BE(0), ErrorCode.CANCEL);
    const call = await bench.untilEnded();
    assert.deepEqual([call.isCancelled, call.grpcStatus, call.localReason], [true, 1, null]);
  });

  it('by leaving cancels every call of its connection', async () => {
    await using peer = await peerThat(() => undefined);
    await using bench = await ForwardBench.start([peer.endpoint]);
    const client = await open(bench);
    client.write(Buffer.concat([headers(1, requestBlock()), headers(3, requestBlock()), unary(5)]));
    const session = await peer.session();
    await session.frame(FRAME.HEADERS, 3);
    client.reset();
    await session.frame(FRAME.RST_STREAM, 3);
    await bench.untilQuiet();
    assert.equal(bench.log.ended.filter(({ isCancelled }) => isCancelled).length, 3);
  });

  it('while it waits for a connection is forgotten', async () => {
    await using peer = await RawH2Peer.start({ settings: null });
    await using bench = await ForwardBench.start([peer.endpoint], { isCold: true });
    using client = await open(bench);
    client.write(headers(1, requestBlock()));
    await bench.upstream.until(() => bench.upstream.cluster.pendingRequests === 1, 'one waits');
    client.write(rstStream(1, ErrorCode.CANCEL));
    await bench.untilEnded();
    assert.equal(bench.upstream.cluster.pendingRequests, 0);
    await bench.untilQuiet();
  });
});
