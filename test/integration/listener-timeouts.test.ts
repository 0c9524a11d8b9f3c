import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_IDLE_TIMEOUT_MS, DEFAULT_LISTENER_LIMITS, type ListenerLimits } from '../../src/proxy/listener-options.ts';
import type { RequestHandler } from '../../src/proxy/request-handler.ts';
import { FrameFlag, FrameType, frame, getRequest, H2_PREFACE, RawClient, type RawFrame } from '../support/raw-client.ts';
import { echo, TestListener } from '../support/test-listener.ts';

const KEPT = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const H2_START = Buffer.concat([H2_PREFACE, frame(FrameType.SETTINGS, 0, 0), frame(FrameType.SETTINGS, FrameFlag.ACK, 0)]);
const NO_ERROR = 0;
const PROTOCOL_ERROR = 1;
const SETTINGS_TIMEOUT = 4;

/** For the times that node itself keeps: short, as these cannot stand still. */
const SHORT: Partial<ListenerLimits> = { headersTimeoutMs: 60, requestCheckIntervalMs: 20 };

/** Never answers. */
const silent: RequestHandler = () => undefined;

/** More than all buffers on the way hold. */
const huge: RequestHandler = (_request, response) => {
  response.end(Buffer.alloc(32 * 1024 * 1024));
};

/** What the time of HTTP/2 is exact to: connections look at all their times so often, and the tick before may be another 25 ms old. */
const GRAIN_MS = 275;

/** What the first GOAWAY of a graceful end names. */
const ALL_STREAMS = 0x7fff_ffff;

function isPing({ type, flags }: RawFrame): boolean {
  return type === FrameType.PING && flags === 0;
}

/** Sees a graceful end through: the first GOAWAY, the PING behind it, and the last GOAWAY, whose last stream and code it gives. */
async function leave(client: RawClient): Promise<number[]> {
  const first = await client.untilFrame(FrameType.GOAWAY);
  assert.equal(first.payload.readUInt32BE(0), ALL_STREAMS);
  await client.until(() => client.frames().some(isPing));
  const payload = client.frames().find(isPing)?.payload ?? Buffer.alloc(8);
  client.write(frame(FrameType.PING, FrameFlag.ACK, 0, payload));
  await client.untilOver();
  const last = client.frames().findLast(({ type }) => type === FrameType.GOAWAY);
  return last === undefined ? [] : [last.payload.readUInt32BE(0), last.payload.readUInt32BE(4)];
}

async function untilAnswered(client: RawClient, count: number): Promise<void> {
  await client.until((text) => text.split('1.1 GET / ').length > count);
}

for (const tls of [false, true]) {
  const open = (port: number): Promise<RawClient> => (tls ? RawClient.tls(port) : RawClient.tcp(port));

  describe(`the times of a listener ${tls ? 'with TLS' : 'in cleartext'}`, () => {
    for (const octets of ['', 'P', 'PRI * HTTP/']) {
      it(`are 10 s until the protocol is known, here after ${JSON.stringify(octets)}`, async () => {
        await using peer = await TestListener.start({ tls });
        using client = await open(peer.port);
        await client.writeSingly(octets);
        await peer.untilConnections({ detecting: 1 });
        await peer.untilTimers(1);
        await peer.clock.advance(9999);
        assert.equal(client.ended, false);
        await peer.clock.advance(1);
        assert.equal(await client.untilOver(), '');
        assert.deepEqual(peer.reasons, ['timeout']);
      });
    }

    it('are 620 s without a request, for HTTP/1', async () => {
      await using peer = await TestListener.start({ tls });
      using client = await open(peer.port);
      for (let request = 1; request <= 3; request++) {
        client.write(KEPT);
        await untilAnswered(client, request);
        await peer.untilTimers(1);
        await peer.clock.advance(DEFAULT_IDLE_TIMEOUT_MS - 1);
        assert.equal(client.ended, false);
      }
      await peer.clock.advance(1);
      await client.untilOver();
      assert.deepEqual(peer.refusals, []);
    });

    it('are 620 s without a stream, for HTTP/2; PING does not count', async () => {
      await using peer = await TestListener.start({ tls });
      using client = await open(peer.port);
      client.write(H2_START);
      for (const streamId of [1, 3, 5]) {
        client.write(getRequest(streamId));
        await client.untilFrame(FrameType.DATA, streamId);
        await peer.listener.untilIdle(new AbortController().signal);
        await peer.clock.advance(DEFAULT_IDLE_TIMEOUT_MS / 2);
        client.write(frame(FrameType.PING, 0, 0, Buffer.alloc(8, streamId)));
        await client.until(() => client.frames().some(({ type, payload }) => type === FrameType.PING && payload[0] === streamId));
        await peer.clock.advance(DEFAULT_IDLE_TIMEOUT_MS / 2 - GRAIN_MS);
        assert.equal(client.ended, false);
        assert.ok(!client.frames().some(({ type }) => type === FrameType.GOAWAY));
      }
      await peer.clock.advance(2 * GRAIN_MS);
      assert.deepEqual(await leave(client), [5, NO_ERROR]);
      assert.deepEqual(peer.refusals, []);
    });

    it('do not run while a request is in flight', async () => {
      await using peer = await TestListener.start({ tls, requestHandler: silent });
      using http1 = await open(peer.port);
      http1.write(KEPT);
      using http2 = await open(peer.port);
      http2.write(Buffer.concat([H2_START, getRequest()]));
      await peer.untilRequests(2);
      await peer.clock.advance(10 * DEFAULT_IDLE_TIMEOUT_MS);
      assert.equal(http1.ended, false);
      assert.equal(http2.ended, false);
    });

    it('follow idleTimeoutMs', async () => {
      await using peer = await TestListener.start({ tls, idleTimeoutMs: 500 });
      using http1 = await open(peer.port);
      await untilAnswered(http1.write(KEPT), 1);
      using http2 = await open(peer.port);
      http2.write(Buffer.concat([H2_START, getRequest()]));
      await http2.untilFrame(FrameType.DATA, 1);
      await peer.listener.untilIdle(new AbortController().signal);
      await peer.clock.advance(499 - GRAIN_MS);
      assert.ok(!http2.frames().some(({ type }) => type === FrameType.GOAWAY));
      await peer.clock.advance(GRAIN_MS);
      assert.equal(http1.ended, false);
      await peer.clock.advance(1);
      await http1.untilOver();
      await peer.clock.advance(GRAIN_MS);
      assert.deepEqual(await leave(http2), [1, NO_ERROR]);
    });

    it('are 30 s from the preface to the first stream', async () => {
      await using peer = await TestListener.start({ tls });
      using client = await open(peer.port);
      client.write(H2_START);
      await peer.untilConnections({ http2: 1 });
      await client.until(() => client.frames().some(({ type, flags }) => type === FrameType.SETTINGS && flags === FrameFlag.ACK));
      await peer.clock.advance(30_000 - GRAIN_MS);
      assert.ok(!client.frames().some(({ type }) => type === FrameType.GOAWAY));
      await peer.clock.advance(2 * GRAIN_MS);
      assert.deepEqual(await leave(client), [0, NO_ERROR]);
    });

    it('are 10 s until SETTINGS are acknowledged, which bounds a preface that never ends', async () => {
      for (const [octets, code] of [
        [Buffer.concat([H2_PREFACE, frame(FrameType.SETTINGS, 0, 0)]), SETTINGS_TIMEOUT],
        [H2_PREFACE, PROTOCOL_ERROR],
        [H2_PREFACE.subarray(0, 20), PROTOCOL_ERROR],
      ] as const) {
        await using peer = await TestListener.start({ tls });
        using client = await open(peer.port);
        client.write(octets);
        await peer.untilConnections({ http2: 1 });
        await client.untilFrame(FrameType.SETTINGS);
        await peer.clock.advance(10_000 - GRAIN_MS);
        assert.equal(client.ended, false);
        await peer.clock.advance(2 * GRAIN_MS);
        await client.untilOver();
        assert.equal(
          client
            .frames()
            .find(({ type }) => type === FrameType.GOAWAY)
            ?.payload.readUInt32BE(4),
          code,
        );
        assert.deepEqual(peer.reasons, ['timeout']);
      }
    });

    for (const [what, octets] of [
      ['header section', 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '],
      ['request line', 'G'],
      ['second header section', `${KEPT}GET / HTTP`],
    ] as const) {
      it(`end a ${what} that never ends, with 408`, async () => {
        await using peer = await TestListener.start({ tls, limits: SHORT });
        using client = await open(peer.port);
        const text = await client.write(octets).untilOver();
        assert.match(text, /HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n[^]*request timeout\n$/);
        assert.deepEqual(peer.reasons, ['timeout']);
      });
    }

    for (const [what, octets, answer] of [
      ['that is waited for', 'POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf', ''],
      ['in chunks', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', ''],
      ['that is not wanted', 'GET / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf', 'HTTP/1.1 204 '],
    ] as const) {
      it(`are 30 s for the content of a request, ${what}`, async () => {
        await using peer = await TestListener.start({
          tls,
          requestHandler: (request, response) =>
            request.method === 'GET' ? response.writeHead(204).end() : echo(request, response),
        });
        using client = await open(peer.port);
        client.write(octets);
        await (answer === '' ? peer.untilRequests(1) : client.until((text) => text.startsWith(answer)));
        // That of the content, and behind the answer that of an idle connection.
        await peer.untilTimers(answer === '' ? 1 : 2);
        await peer.clock.advance(29_999);
        client.write('1');
        assert.equal(client.ended, false);
        await peer.clock.advance(1);
        assert.match(await client.untilOver(), /HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n[^]*request timeout\n$/);
        assert.deepEqual(peer.reasons, ['timeout']);
      });
    }

    it('of content end with it', async () => {
      await using peer = await TestListener.start({ tls });
      using client = await open(peer.port);
      client.write('POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf');
      await peer.untilRequests(1);
      client.write(' whole');
      await client.until((text) => text.endsWith('half whole'));
      await peer.untilTimers(1);
      await peer.clock.advance(DEFAULT_IDLE_TIMEOUT_MS - 1);
      assert.equal(client.ended, false);
      assert.deepEqual(peer.refusals, []);
    });

    it('end HTTP/1 and HTTP/2 clients that do not read their response', async () => {
      await using peer = await TestListener.start({ tls, requestHandler: huge, limits: { stallTimeoutMs: 50 } });
      using http1 = await open(peer.port);
      http1.socket.pause();
      http1.write(KEPT);
      await peer.untilRefusals(1);
      using http2 = await open(peer.port);
      http2.write(Buffer.concat([H2_START, getRequest()]));
      await http2.untilFrame(FrameType.DATA, 1);
      await peer.clock.advance(2 * GRAIN_MS);
      await peer.untilRefusals(2);
      assert.deepEqual(peer.reasons, ['timeout', 'timeout']);
      await http2.untilFrame(FrameType.RST_STREAM, 1);
      await peer.untilConnections({ http2: 1 });
      assert.equal(peer.listener.requestsInFlight, 0);
    });
  });
}

describe('the TLS handshake', () => {
  it('may take handshakeTimeoutMs', async () => {
    await using peer = await TestListener.start({ tls: true, limits: { handshakeTimeoutMs: 50 } });
    using client = await RawClient.tcp(peer.port);
    client.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03');
    assert.equal(await client.untilOver(), '');
    await peer.untilRefusals(1);
    assert.deepEqual(peer.reasons, ['timeout']);
  });

  it('has the same time for its first octet as any protocol', async () => {
    await using peer = await TestListener.start({ tls: true });
    using client = await RawClient.tcp(peer.port);
    client.write('\x16');
    await peer.untilConnections({ detecting: 1 });
    await peer.clock.advance(10_000);
    assert.equal(await client.untilOver(), '');
    assert.deepEqual(peer.reasons, ['timeout']);
  });
});

describe('the defaults', () => {
  it('are those of the design', () => {
    assert.equal(DEFAULT_IDLE_TIMEOUT_MS, 620_000);
    const { handshakeTimeoutMs, prefaceTimeoutMs, headersTimeoutMs, requestTimeoutMs, settingsTimeoutMs } =
      DEFAULT_LISTENER_LIMITS;
    assert.deepEqual(
      [handshakeTimeoutMs, prefaceTimeoutMs, headersTimeoutMs, requestTimeoutMs, settingsTimeoutMs],
      [10_000, 10_000, 10_000, 30_000, 10_000],
    );
  });
});
