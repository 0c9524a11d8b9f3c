import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../src/http2/index.ts';
import { DEADLINE_SLACK_MS } from '../../src/proxy/call-deadline.ts';
import { ForwardBench } from '../support/forward-bench.ts';
import { END_BOTH, GRPC_HEADERS, open, peerThat, sections, story, untilEnd } from '../support/forward-client.ts';
import { data, headers, requestBlock } from '../support/http2/wire.ts';
import { FRAME, RawH2Peer } from '../support/peers/raw-h2-peer.ts';

/** Deadlines are told up to two ticks late. */
const GRAIN_MS = 60;

const withTimeout = (value: string): Buffer => headers(1, requestBlock([['grpc-timeout', value]]), END_BOTH);

describe('the deadline of a call', () => {
  it('ends it with 4 a little later than the client said, and cancels it at the endpoint', async () => {
    await using peer = await peerThat(() => undefined);
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    client.write(withTimeout('10S'));
    const session = await peer.session();
    await session.frame(FRAME.HEADERS);
    await bench.upstream.shift(10_000 - GRAIN_MS);
    await bench.upstream.shift(0);
    assert.deepEqual(story(client), []);
    await bench.upstream.shift(GRAIN_MS + DEADLINE_SLACK_MS);
    assert.deepEqual(await untilEnd(client), ['HEADERS END']);
    assert.match(sections(client)[0] ?? '', /^:status: 200\n[^]*grpc-status: 4\ngrpc-message: deadline exceeded\n[^]*deadline$/);
    assert.equal((await session.frame(FRAME.RST_STREAM)).payload.readUInt32BE(0), ErrorCode.CANCEL);
    const call = await bench.untilEnded();
    assert.deepEqual([call.grpcStatus, call.localReason], [4, 'deadline']);
  });

  it('ends a response under way with trailers', async () => {
    await using peer = await peerThat((session, streamId) =>
      session.send(headers(streamId, GRPC_HEADERS), data(streamId, 'part')),
    );
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    client.write(withTimeout('5000m'));
    await client.until(() => story(client).length === 2);
    await bench.upstream.shift(5000 + DEADLINE_SLACK_MS + GRAIN_MS);
    assert.deepEqual(await untilEnd(client), ['HEADERS', 'DATA 4', 'HEADERS END']);
    assert.match(sections(client)[1] ?? '', /^grpc-status: 4\n/);
  });

  it('is the timeout of the route if that is shorter', async () => {
    await using peer = await peerThat(() => undefined);
    await using bench = await ForwardBench.start([peer.endpoint], { routes: [{ timeoutMs: 1000 }] });
    using client = await open(bench);
    client.write(withTimeout('1H'));
    await (await peer.session()).frame(FRAME.HEADERS);
    await bench.upstream.shift(1000 + GRAIN_MS);
    await untilEnd(client);
    assert.match(sections(client)[0] ?? '', /grpc-status: 4\n[^]*route_timeout$/);
  });

  it('holds while the call waits for a connection', async () => {
    await using peer = await RawH2Peer.start({ settings: null });
    await using bench = await ForwardBench.start([peer.endpoint], { isCold: true });
    using client = await open(bench);
    client.write(withTimeout('50m'));
    assert.deepEqual(await untilEnd(client), ['HEADERS END']);
    assert.match(sections(client)[0] ?? '', /grpc-status: 4\n/);
    assert.equal(bench.upstream.cluster.pendingRequests, 0);
  });

  for (const value of ['5', '123456789S', '1x', '-1S', '1 S', '', 'S', '1.5S']) {
    it(`is none for ${JSON.stringify(value)}, which the endpoint has to judge`, async () => {
      await using peer = await peerThat(() => undefined);
      await using bench = await ForwardBench.start([peer.endpoint]);
      using client = await open(bench);
      client.write(withTimeout(value));
      const session = await peer.session();
      await session.frame(FRAME.HEADERS);
      await bench.upstream.shift(20_000);
      await bench.upstream.shift(20_000);
      assert.deepEqual(story(client), []);
      session.answer(1);
      assert.deepEqual(await untilEnd(client), ['HEADERS END']);
    });
  }

  it('does not concern what is not gRPC', async () => {
    await using peer = await peerThat(() => undefined);
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    const fields = requestBlock([['grpc-timeout', '1S']])
      .toString('latin1')
      .replace('application/grpc', 'application/json');
    client.write(headers(1, Buffer.from(fields, 'latin1'), END_BOTH));
    const session = await peer.session();
    await session.frame(FRAME.HEADERS);
    await bench.upstream.shift(20_000);
    assert.deepEqual(story(client), []);
    session.answer(1);
    assert.deepEqual(await untilEnd(client), ['HEADERS END']);
  });

  it('is forgotten with the call: the next one on the same object has its own, or none', async () => {
    await using peer = await peerThat((session, streamId, count) => {
      if (count === 1) {
        session.answer(streamId);
      }
    });
    await using bench = await ForwardBench.start([peer.endpoint]);
    using client = await open(bench);
    client.write(headers(1, requestBlock([['grpc-timeout', '1S']]), END_BOTH));
    assert.deepEqual(await untilEnd(client, 1), ['HEADERS END']);
    await bench.untilQuiet();
    client.write(headers(3, requestBlock(), END_BOTH));
    const session = await peer.session();
    await session.frame(FRAME.HEADERS, 2);
    await bench.upstream.shift(1000 + DEADLINE_SLACK_MS + GRAIN_MS);
    await bench.upstream.shift(GRAIN_MS);
    assert.deepEqual(story(client, 3), []);
    session.answer(3);
    await untilEnd(client, 3);
    await bench.untilQuiet();
    client.write(headers(5, requestBlock([['grpc-timeout', '3S']]), END_BOTH));
    await session.frame(FRAME.HEADERS, 3);
    await bench.upstream.shift(3000 + DEADLINE_SLACK_MS + GRAIN_MS);
    assert.deepEqual(await untilEnd(client, 5), ['HEADERS END']);
    assert.match(sections(client)[2] ?? '', /grpc-status: 4\n/);
  });
});
