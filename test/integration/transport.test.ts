import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EDGE_LIMITS, type Http2Stream } from '../../src/http2/index.ts';
import { describeFrame, headers, PREFACE, requestBlock, settings, windowUpdate } from '../support/http2/wire.ts';
import { ok, TransportBench } from '../support/transport-bench.ts';

const MIB = 1024 * 1024;
/** Opens the connection's window as far as it goes. */
const WIDE = windowUpdate(0, 0x7fff_ffff - 65_535);

/** Requests on streams 1, 3, …, each complete with its headers. */
const requests = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => headers(2 * index + 1, requestBlock(), 0x5)));

/** Answers with so much content, in pieces of at most 64 KiB as a relay has them. */
const answering =
  (octets: number) =>
  (stream: Http2Stream): void => {
    stream.sendHeaders(ok(), false);
    for (let left = octets; left > 0; left -= 65_536) {
      stream.sendData(Buffer.alloc(65_536), 0, Math.min(left, 65_536), left <= 65_536);
    }
  };

describe('the output of a transport', () => {
  it('leaves in one write per turn', async () => {
    await using bench = await TransportBench.start();
    const { client, end } = await bench.connect();
    await bench.until(() => end.connection.outputOctets === 0 && client.frames.length >= 3, 'the handshake');
    end.writes.length = 0;
    client.socket.write(requests(30));
    await bench.until(() => client.frames.filter(({ type }) => type === 1).length === 30, 'all responses');
    assert.deepEqual(end.writes, ['write']);
  });

  it('leaves in one call with content that fills several slabs', async () => {
    await using bench = await TransportBench.start({ onRequest: answering(35_000) });
    const { client, end } = await bench.connect([WIDE]);
    await bench.until(() => client.frames.length >= 3, 'the handshake');
    end.writes.length = 0;
    client.socket.write(requests(2));
    await bench.until(() => client.octets > 70_000, 'both responses');
    assert.equal(end.writes.length, 1);
    assert.match(end.writes[0] ?? '', /^writev 2$/);
  });

  it('leaves before the turn ends when there is much of it', async () => {
    await using bench = await TransportBench.start({ onRequest: answering(100_000) });
    const { client, end } = await bench.connect([WIDE]);
    await bench.until(() => client.frames.length >= 3, 'the handshake');
    end.writes.length = 0;
    end.transport.receive(headers(1, requestBlock(), 0x5));
    assert.ok(end.writes.length >= 1, 'written when receive returns');
  });

  it('leaves at once when it is urgent because of another connection', async () => {
    let stream: Http2Stream | null = null;
    await using bench = await TransportBench.start({
      onRequest: (opened) => {
        if (stream === null) {
          stream = opened;
          stream.sendHeaders(ok(), false);
        } else {
          stream.sendData(Buffer.alloc(100_000), 0, 100_000, false);
        }
      },
    });
    const slow = await bench.connect([WIDE, requests(1)]);
    await bench.until(() => slow.end.requests === 1, 'the first request');
    const other = await bench.connect([WIDE]);
    await bench.until(() => other.client.frames.length >= 3, 'the handshake');
    slow.end.writes.length = 0;
    other.end.transport.receive(headers(1, requestBlock(), 0x5));
    assert.ok(slow.end.writes.length >= 1, 'written when the other receive returns');
  });

  it('pauses while the peer reads nothing, and goes on when it does', async () => {
    await using bench = await TransportBench.start({
      onRequest: answering(20 * MIB),
      connection: { limits: { ...EDGE_LIMITS, maxQueuedBytes: 64 * MIB } },
    });
    const { client, end } = await bench.connect([WIDE]);
    client.socket.pause();
    client.socket.write(requests(1));
    await bench.until(() => end.transport.isFull, 'a full transport');
    assert.ok(end.socket.writableLength < MIB, `${end.socket.writableLength} octets wait in the socket`);
    const before = end.sent;
    await bench.until(() => bench.turn.nowMs > 0, 'a tick');
    assert.equal(end.sent, before, 'no content is taken meanwhile');
    client.socket.resume();
    await bench.until(() => client.octets > 20 * MIB, 'all of it');
    assert.equal(end.transport.isFull, false);
    assert.deepEqual(end.closed, []);
  });

  it('ends the connection when the peer reads nothing for too long, however little waits', async () => {
    for (const highWaterOctets of [262_144, 64 * MIB]) {
      await using bench = await TransportBench.start({
        onRequest: answering(20 * MIB),
        transport: { highWaterOctets },
        connection: { limits: { ...EDGE_LIMITS, maxQueuedBytes: 64 * MIB } },
      });
      const { client, end } = await bench.connect([WIDE]);
      client.socket.pause();
      client.socket.write(requests(1));
      await bench.until(() => end.socket.writableLength > 0 && end.requests === 1, 'output that waits');
      for (let steps = 0; steps < 4; steps++) {
        bench.clock.shift(15_000);
        const seen = bench.clock.now();
        await bench.until(() => bench.turn.nowMs >= seen || end.closed.length > 0, 'a tick');
      }
      await bench.until(() => end.closed.length > 0, 'the end');
      assert.equal(end.connection.isClosed, true);
      assert.deepEqual(end.closed, ['closed']);
    }
  });
});

describe('the input of a transport', () => {
  it('goes on in the next turn when there is too much for one', async () => {
    await using bench = await TransportBench.start({ connection: { limits: { ...EDGE_LIMITS, maxConcurrentStreams: 250 } } });
    const { client, end } = await bench.connect();
    await bench.until(() => client.frames.length >= 3, 'the handshake');
    assert.equal(end.transport.receive(requests(200)), false, 'reading is paused');
    assert.equal(end.requests, 64);
    assert.equal(end.socket.isPaused(), true);
    await bench.until(() => client.frames.filter(({ type }) => type === 1).length === 200, 'all responses');
    assert.equal(end.socket.isPaused(), false);
  });

  it('begins with what was read before', async () => {
    await using bench = await TransportBench.start();
    const { client, end } = await bench.connect();
    await bench.until(() => client.frames.length >= 3, 'the handshake');
    assert.equal(end.transport.receive(Buffer.concat([requests(1)])), true);
    await bench.until(() => client.frames.filter(({ type }) => type === 1).length === 1, 'the response');
    assert.match(end.transport.remoteAddress, /^127\.0\.0\.1$/);
  });
});

describe('the end of a transport', () => {
  it('follows a peer that ends its side', async () => {
    await using bench = await TransportBench.start({ onRequest: () => undefined });
    const { client, end } = await bench.connect([requests(1)]);
    await bench.until(() => end.requests === 1, 'the request');
    client.socket.end();
    await bench.until(() => end.closed.length > 0, 'the end');
    assert.deepEqual(end.closed, ['closed by peer']);
    assert.equal(end.connection.isClosed, true);
    await bench.until(() => client.ended, 'the end of our side');
  });

  it('answers a peer that has ended its side first, where that is wanted', async () => {
    const streams: Http2Stream[] = [];
    await using bench = await TransportBench.start({
      onRequest: (stream) => void streams.push(stream),
      transport: { keepsHalfOpen: true },
    });
    const { client, end } = await bench.connect([requests(2)]);
    await bench.until(() => end.requests === 2, 'the requests');
    client.socket.end();
    await bench.until(() => end.socket.readableEnded, 'the end of the peer');
    for (const stream of streams) {
      assert.deepEqual(end.closed, []);
      stream.sendHeaders(ok(), true);
    }
    await bench.until(() => client.ended, 'the end');
    assert.deepEqual(client.frames.map(describeFrame).slice(-2), ['HEADERS 1 END', 'HEADERS 3 END']);
  });

  it('follows a peer that resets, with its error', async () => {
    await using bench = await TransportBench.start({ onRequest: () => undefined });
    const { client, end } = await bench.connect([requests(1)]);
    await bench.until(() => end.requests === 1, 'the request');
    client.socket.resetAndDestroy();
    await bench.until(() => end.closed.length > 0, 'the end');
    assert.deepEqual(end.closed, ['ECONNRESET by peer']);
  });

  it('writes the last words, and does not wait long for the peer to go', async () => {
    await using bench = await TransportBench.start();
    const { client, end } = await bench.connect();
    await bench.until(() => client.frames.length >= 3, 'the handshake');
    end.connection.abort(0, 'bye');
    await bench.until(() => client.ended, 'the end of our side');
    assert.equal(client.frames.map(describeFrame).at(-1), 'GOAWAY 0 0 bye');
    assert.deepEqual(end.closed, [], 'the peer may still read');
    bench.clock.shift(1001);
    await bench.until(() => end.closed.length > 0, 'the end');
    assert.deepEqual(end.closed, ['closed']);
  });

  it('comes at once by destroy', async () => {
    await using bench = await TransportBench.start();
    const { end } = await bench.connect();
    end.transport.destroy();
    await bench.until(() => end.closed.length > 0, 'the end');
    assert.equal(end.connection.isClosed, true);
  });

  it('comes of a peer that breaks the protocol, with GOAWAY', async () => {
    await using bench = await TransportBench.start();
    const { client, end } = await bench.connect();
    client.socket.write(Buffer.alloc(20, 0xff));
    await bench.until(() => client.ended, 'the end');
    assert.match(client.frames.map(describeFrame).at(-1) ?? '', /^GOAWAY 0 6 /);
    client.socket.end();
    await bench.until(() => end.closed.length > 0, 'the last word');
  });

  it('comes of a defect, which is reported and ends no other connection', async () => {
    await using bench = await TransportBench.start({
      onRequest: (stream) => {
        if (stream.id === 3) {
          throw new Error('a defect');
        }
        stream.sendHeaders(ok(), true);
      },
    });
    const bad = await bench.connect([requests(2)]);
    await bench.until(() => bad.end.closed.length > 0, 'the end');
    assert.deepEqual(
      bad.end.defects.map(({ message }) => message),
      ['a defect'],
    );
    const good = await bench.connect([requests(1)]);
    await bench.until(() => good.client.frames.some(({ type }) => type === 1), 'an answer');
    assert.deepEqual(good.end.defects, []);
  });

  it('is told of a socket that was gone before it began', async () => {
    await using bench = await TransportBench.start();
    const { client, end } = await bench.connect();
    client.socket.destroy();
    await bench.until(() => end.closed.length > 0, 'the end');
    end.transport.start(Buffer.concat([PREFACE, settings()]));
    assert.equal(end.closed.length, 1);
  });
});
