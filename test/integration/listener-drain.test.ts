import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { describe, it } from 'node:test';
import { LINGER_MS } from '../../src/proxy/linger.ts';
import type { DownstreamResponse, RequestHandler } from '../../src/proxy/request-handler.ts';
import { FrameFlag, FrameType, frame, getRequest, H2_PREFACE, RawClient } from '../support/raw-client.ts';
import { TestListener } from '../support/test-listener.ts';

const KEPT = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const H2_START = Buffer.concat([H2_PREFACE, frame(FrameType.SETTINGS, 0, 0), frame(FrameType.SETTINGS, FrameFlag.ACK, 0)]);

/** Keeps responses open until a test lets them go. */
class Holder {
  readonly #held: DownstreamResponse[] = [];
  #wake: () => void = () => undefined;

  readonly handler: RequestHandler = (_request, response) => {
    this.#held.push(response);
    this.#wake();
  };

  async until(count: number): Promise<void> {
    while (this.#held.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  release(): void {
    for (const response of this.#held.splice(0)) {
      response.end('held');
    }
  }
}

/** What the first GOAWAY of a graceful end names: every stream that may still be under way (RFC 9113, section 6.8). */
const ALL_STREAMS = 0x7fff_ffff;

/** Answers the PING behind the first GOAWAY, which proves that the notice has arrived; the second GOAWAY follows. */
async function acknowledge(client: RawClient): Promise<void> {
  const { payload } = await client.untilFrame(FrameType.PING);
  client.write(frame(FrameType.PING, FrameFlag.ACK, 0, payload));
}

/** The last streams of all GOAWAY frames, each once. */
function lastStreams(client: RawClient): number[] {
  const ids = client.frames().flatMap(({ type, payload }) => (type === FrameType.GOAWAY ? [payload.readUInt32BE(0)] : []));
  return [...new Set(ids)];
}

for (const tls of [false, true]) {
  const open = (port: number): Promise<RawClient> => (tls ? RawClient.tls(port) : RawClient.tcp(port));

  describe(`startDrain ${tls ? 'with TLS' : 'in cleartext'}`, () => {
    it('ends HTTP/1 connections with the response under way, or with the next', async () => {
      const holder = new Holder();
      await using peer = await TestListener.start({ tls, requestHandler: holder.handler });
      using busy = await open(peer.port);
      busy.write(KEPT);
      using idle = await open(peer.port);
      idle.write(KEPT);
      await holder.until(2);
      holder.release();
      await idle.until((text) => text.includes('held'));
      await busy.until((text) => text.includes('held'));
      assert.doesNotMatch(idle.text, /close/);
      busy.write(KEPT);
      await holder.until(1);

      peer.listener.startDrain();
      peer.listener.startDrain();
      holder.release();
      assert.match(await busy.untilOver(), /\r\n\r\nheld[^]*\r\nconnection: close\r\n[^]*held$/i);
      idle.write(KEPT);
      await holder.until(1);
      holder.release();
      assert.match(await idle.untilOver(), /\r\n\r\nheld[^]*\r\nconnection: close\r\n[^]*held$/i);
    });

    it('goes on with connections that come later, one request each', async () => {
      await using peer = await TestListener.start({ tls });
      peer.listener.startDrain();
      using http1 = await open(peer.port);
      assert.match(await http1.write(KEPT).untilOver(), /\r\nconnection: close\r\n[^]*1\.1 GET \/ $/i);
      using http2 = await open(peer.port);
      http2.write(H2_START);
      await http2.untilFrame(FrameType.SETTINGS);
      assert.deepEqual(lastStreams(http2), []);
      http2.write(getRequest());
      await acknowledge(http2);
      await http2.untilOver();
      assert.equal(
        http2
          .frames()
          .find(({ type }) => type === FrameType.DATA)
          ?.payload.toString(),
        '2.0 GET / ',
      );
      assert.deepEqual(lastStreams(http2), [ALL_STREAMS, 1]);
    });

    it('sends HTTP/2 peers GOAWAY with their last stream, and finishes it', async () => {
      const holder = new Holder();
      await using peer = await TestListener.start({ tls, requestHandler: holder.handler });
      using client = await open(peer.port);
      client.write(Buffer.concat([H2_START, getRequest(1), getRequest(3)]));
      await holder.until(2);
      peer.listener.startDrain();
      const { payload } = await client.untilFrame(FrameType.GOAWAY);
      assert.deepEqual([payload.readUInt32BE(0), payload.readUInt32BE(4)], [ALL_STREAMS, 0]);
      await acknowledge(client);
      await client.until(() => lastStreams(client).length === 2);
      assert.deepEqual(lastStreams(client), [ALL_STREAMS, 3]);
      assert.equal(peer.listener.requestsInFlight, 2);
      holder.release();
      await client.untilOver();
      const bodies = client.frames().filter(({ type, payload }) => type === FrameType.DATA && payload.byteLength > 0);
      assert.deepEqual(
        bodies.map(({ streamId, payload }) => [streamId, payload.toString()]),
        [
          [1, 'held'],
          [3, 'held'],
        ],
      );
      // Whoever does not end its side is cut off.
      await peer.untilConnections({ http2: 1 });
      await peer.clock.advance(LINGER_MS);
      await peer.untilConnections({});
    });

    it('ends idle HTTP/2 connections with GOAWAY', async () => {
      await using peer = await TestListener.start({ tls });
      using client = await open(peer.port);
      client.write(Buffer.concat([H2_START, getRequest(1)]));
      await client.until(() =>
        client.frames().some(({ type, flags }) => type === FrameType.DATA && (flags & FrameFlag.END_STREAM) !== 0),
      );
      await peer.listener.untilIdle(new AbortController().signal);
      peer.listener.startDrain();
      await acknowledge(client);
      await client.untilOver();
      assert.deepEqual(lastStreams(client), [ALL_STREAMS, 1]);
    });
  });

  describe(`close ${tls ? 'with TLS' : 'in cleartext'}`, () => {
    it('waits for the requests in flight, accepts none, and ends what is idle', async () => {
      const holder = new Holder();
      await using peer = await TestListener.start({ tls, requestHandler: holder.handler });
      using silent = await open(peer.port);
      using http1 = await open(peer.port);
      http1.write(KEPT);
      using http2 = await open(peer.port);
      http2.write(Buffer.concat([H2_START, getRequest()]));
      await holder.until(2);
      const closed = peer.listener.close(new AbortController().signal);
      await assert.rejects(RawClient.tcp(peer.port), { code: 'ECONNREFUSED' });
      assert.equal(peer.listener.requestsInFlight, 2);
      holder.release();
      await closed;
      assert.match(await http1.untilOver(), /\r\nconnection: close\r\n[^]*held$/i);
      await http2.untilOver();
      assert.equal(
        http2
          .frames()
          .find(({ type }) => type === FrameType.DATA)
          ?.payload.toString(),
        'held',
      );
      assert.equal(await silent.untilOver(), '');
      assert.deepEqual([...peer.listener.connections.values()], [0, 0, 0]);
    });

    it('cuts off what is left when the signal aborts', async () => {
      const holder = new Holder();
      await using peer = await TestListener.start({ tls, requestHandler: holder.handler });
      using http1 = await open(peer.port);
      http1.write(KEPT);
      using http2 = await open(peer.port);
      http2.write(Buffer.concat([H2_START, getRequest()]));
      await holder.until(2);
      const deadline = new AbortController();
      const closed = peer.listener.close(deadline.signal);
      await http2.untilFrame(FrameType.GOAWAY);
      deadline.abort();
      await closed;
      assert.equal(await http1.untilOver(), '');
      await http2.untilOver();
    });

    it('joins a close under way; one without a signal hurries it', async () => {
      const holder = new Holder();
      await using peer = await TestListener.start({ tls, requestHandler: holder.handler });
      using client = await open(peer.port);
      client.write(KEPT);
      await holder.until(1);
      const first = peer.listener.close(new AbortController().signal);
      const second = peer.listener.close(new AbortController().signal);
      await Promise.all([first, second, peer.listener.close()]);
      await client.untilOver();
      await peer.listener.close();
    });
  });
}

describe('untilIdle', () => {
  it('resolves with the last answer, or with the signal, while new connections are accepted', async () => {
    const holder = new Holder();
    await using peer = await TestListener.start({ requestHandler: holder.handler });
    const never = new AbortController().signal;
    await peer.listener.untilIdle(never);
    using first = await RawClient.tcp(peer.port);
    first.write(KEPT);
    await holder.until(1);
    const idle = peer.listener.untilIdle(never);
    const deadline = new AbortController();
    const bounded = peer.listener.untilIdle(deadline.signal);
    deadline.abort();
    await bounded;
    await peer.listener.untilIdle(deadline.signal);
    using second = await RawClient.tcp(peer.port);
    second.write(KEPT);
    await holder.until(2);
    holder.release();
    await idle;
    assert.equal(peer.listener.requestsInFlight, 0);
  });

  it('does not wait for requests whose client has gone', async () => {
    const holder = new Holder();
    await using peer = await TestListener.start({ requestHandler: holder.handler });
    using http1 = await RawClient.tcp(peer.port);
    http1.write(KEPT + KEPT + KEPT);
    using http2 = await RawClient.tcp(peer.port);
    http2.write(Buffer.concat([H2_START, getRequest(1), getRequest(3)]));
    await holder.until(5);
    http1.reset();
    http2.reset();
    await peer.listener.untilIdle(new AbortController().signal);
    holder.release();
    assert.equal(peer.listener.requestsInFlight, 0);
  });
});

describe('a listener', () => {
  it('may be closed before it listens', async () => {
    const peer = await TestListener.start();
    await peer.listener.close();
    await peer[Symbol.asyncDispose]();
  });

  it('lets node:http2 clients finish while it drains', async () => {
    const holder = new Holder();
    await using peer = await TestListener.start({ requestHandler: holder.handler });
    const client = connectHttp2(`http://127.0.0.1:${peer.port}`);
    const streams = Array.from({ length: 20 }, () => client.request({ ':path': '/' }));
    await holder.until(20);
    peer.listener.startDrain();
    await once(client, 'goaway');
    holder.release();
    for (const stream of streams) {
      stream.setEncoding('utf8');
      assert.deepEqual(await stream.toArray(), ['held']);
    }
    client.close();
    await peer.untilConnections({});
  });
});
