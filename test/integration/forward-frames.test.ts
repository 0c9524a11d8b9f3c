import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../src/http2/index.ts';
import { ForwardBench } from '../support/forward-bench.ts';
import { END_BOTH, GRPC_HEADERS, open, peerThat, sections, story, unary, untilEnd } from '../support/forward-client.ts';
import { NaiveDecoder } from '../support/http2/naive-hpack.ts';
import { block, data, headers, requestBlock, responseBlock, rstStream, windowUpdate } from '../support/http2/wire.ts';
import { FRAME, RawH2Peer } from '../support/peers/raw-h2-peer.ts';
import { FrameType, frame } from '../support/raw-client.ts';

describe('a response that is trailers only', () => {
  it('stays one frame', async () => {
    const answer = block([
      [':status', '200'],
      ['content-type', 'application/grpc'],
      ['grpc-status', '5'],
      ['grpc-message', 'none%20such'],
    ]);
    await using peer = await peerThat((session, streamId) => session.send(headers(streamId, answer, END_BOTH)));
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    client.write(unary());
    assert.deepEqual(await untilEnd(client), ['HEADERS END']);
    assert.deepEqual(sections(client), [
      ':status: 200\ncontent-type: application/grpc\ngrpc-status: 5\ngrpc-message: none%20such',
    ]);
    assert.equal((await bench.untilEnded()).grpcStatus, 5);
  });
});

describe('a response that is complete before its request', () => {
  for (const content of ['', 'x'.repeat(100_000)]) {
    it(`is delivered in whole, and then the client is told to stop: ${content.length} octets`, async () => {
      await using peer = await peerThat((session, streamId) => {
        session.send(headers(streamId, GRPC_HEADERS));
        for (let at = 0; at < content.length; at += 10_000) {
          session.send(data(streamId, content.slice(at, at + 10_000)));
        }
        session.send(headers(streamId, block([['grpc-status', '0']]), END_BOTH), rstStream(streamId, ErrorCode.NO_ERROR));
      });
      await using bench = await ForwardBench.start([peer.endpoint], {});
      using client = await open(bench);
      client.write(Buffer.concat([headers(1, requestBlock()), data(1, 'half')]));
      if (content !== '') {
        await client.until(() => story(client).some((line) => line.startsWith('DATA')));
        client.write(Buffer.concat([windowUpdate(1, 100_000), windowUpdate(0, 100_000)]));
      }
      await client.untilFrame(FrameType.RST_STREAM, 1);
      const lines = story(client);
      assert.deepEqual([lines[0], ...lines.slice(-2)], ['HEADERS', 'HEADERS END', 'RST_STREAM 0']);
      const octets = lines.reduce((sum, line) => sum + (line.startsWith('DATA') ? Number(line.slice(5)) : 0), 0);
      assert.equal(octets, content.length);
      await bench.untilQuiet();
    });
  }
});

describe('what passes untouched', () => {
  it('is a malformed grpc-timeout, and every other field in its order', async () => {
    await using peer = await peerThat((session, streamId) => session.answer(streamId));
    await using bench = await ForwardBench.start([peer.endpoint], {
      listener: { forwardedHeaders: { forwardedFor: 'keep', requestId: 'keep' } },
    });
    using client = await open(bench);
    const extra = [
      ['grpc-timeout', '123456789S'],
      ['x-dup', 'b'],
      ['x-bin', 'AAEC'],
      ['x-dup', 'a'],
      ['x-bin', 'AwQ,BQ'],
      ['x-dup', 'b'],
      ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
      ['cookie', 'a=1'],
      ['cookie', 'b=2'],
    ] as const;
    client.write(headers(1, requestBlock(extra), END_BOTH));
    await untilEnd(client);
    const { payload } = await (await peer.session()).frame(FRAME.HEADERS);
    const fields = new NaiveDecoder().decode(payload).map(({ name, value }) => [name, value]);
    assert.deepEqual(fields.slice(-extra.length), extra);
    assert.deepEqual(fields.slice(0, 4), [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', '/pkg.Service/Method'],
      [':authority', 'localhost'],
    ]);
  });

  it('are trailers of a request, and interim responses', async () => {
    await using peer = await RawH2Peer.start({
      onRequest: (session, streamId) => {
        if (session.ofType(FRAME.HEADERS).length === 1) {
          session.send(headers(streamId, responseBlock('103', [['link', '</a>']])));
        } else {
          session.answer(streamId, 'done');
        }
      },
    });
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    client.write(headers(1, requestBlock()));
    await client.untilFrame(FrameType.HEADERS, 1);
    client.write(Buffer.concat([data(1, 'x'), headers(1, block([['x-sum', '1']]), END_BOTH)]));
    assert.deepEqual(await untilEnd(client), ['HEADERS', 'HEADERS', 'DATA 4 END']);
    assert.match(sections(client)[0] ?? '', /^:status: 103\nlink: <\/a>$/);
    const session = await peer.session();
    const decoder = new NaiveDecoder();
    const [, trailers] = session.ofType(FRAME.HEADERS).map(({ payload }) => decoder.decode(payload));
    assert.deepEqual(
      trailers?.map(({ name, value }) => [name, value]),
      [['x-sum', '1']],
    );
  });
});

it('a request that waits for a connection sends all it has once there is one', async () => {
  await using peer = await RawH2Peer.start({ settings: null, onRequest: () => undefined });
  await using bench = await ForwardBench.start([peer.endpoint], { isCold: true });
  using client = await open(bench);
  client.write(headers(1, requestBlock()));
  for (let octet = 0; octet < 500; octet++) {
    client.write(data(1, String.fromCharCode(0x61 + (octet % 26))));
  }
  client.write(Buffer.concat([data(1, 'z'.repeat(5000)), headers(1, block([['x-sum', '1']]), END_BOTH)]));
  await bench.upstream.until(() => bench.upstream.cluster.pendingRequests === 1, 'one waits');
  const session = await peer.session();
  session.send(frame(FrameType.SETTINGS, 0, 0));
  await session.frame(FRAME.HEADERS, 2);
  const content = Buffer.concat(session.ofType(FRAME.DATA).map(({ payload }) => payload)).toString();
  assert.equal(content.length, 5500);
  assert.match(content, /^abc[^]*xyz[^]*fz{5000}$/);
  session.answer(1);
  await untilEnd(client);
});
