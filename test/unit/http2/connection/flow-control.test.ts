import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EDGE_LIMITS } from '../../../../src/http2/index.ts';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { response } from '../../../support/http2/fields.ts';
import {
  data,
  frame,
  headers,
  requestBlock,
  rstStream,
  settings,
  settingsAck,
  windowUpdate,
} from '../../../support/http2/wire.ts';

const END = 0x5;
const FULL_FRAME = Buffer.alloc(16_384);
const MIB = 1_048_576;

/** A server with one open stream, answered as far as the headers, to a client with that initial window. */
function answering(initialWindow = 65_535): EngineBench {
  const bench = EngineBench.server();
  bench.recv(settings([[4, initialWindow]]), headers(1, requestBlock(), END));
  bench.stream(1).sendHeaders(response(), false);
  bench.take();
  return bench;
}

describe('receiving within windows', () => {
  it('H2-1.6-connection-credit: gives the connection its credit on receipt, although nothing is consumed', () => {
    const bench = EngineBench.server({ streamWindowBytes: 2 * MIB });
    bench.recv(headers(1, requestBlock()));
    const sent = [];
    for (let count = 0; count < 64; count++) {
      sent.push(...bench.recv(data(1, FULL_FRAME)));
    }
    assert.deepEqual(sent, ['WINDOW_UPDATE 0 524288', 'WINDOW_UPDATE 0 524288']);
    assert.equal(bench.connection.unconsumedOctets, MIB);
  });

  it('H2-1.6-stream-credit: gives a stream its credit when its content has been consumed, in halves of its window', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock()), data(1, FULL_FRAME), data(1, FULL_FRAME), data(1, FULL_FRAME));
    const stream = bench.stream(1);
    stream.consume(32_767);
    assert.deepEqual(bench.take(), []);
    stream.consume(1);
    assert.deepEqual(bench.take(), ['WINDOW_UPDATE 1 32768']);
    stream.consume(0);
    assert.throws(() => stream.consume(16_385), /more consumed than received/);
  });

  it('gives no credit to a stream whose end has come', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock()), data(1, FULL_FRAME), data(1, FULL_FRAME), data(1, FULL_FRAME, 1));
    bench.stream(1).consume(49_152);
    assert.deepEqual(bench.take(), []);
    assert.equal(bench.connection.unconsumedOctets, 0);
  });

  it('H2-1.6-debit-both: ends the connection when either window is exceeded', () => {
    const stream = EngineBench.server();
    stream.recv(headers(1, requestBlock()));
    for (let left = 65_535; left > 0; left -= 16_384) {
      stream.recv(data(1, FULL_FRAME.subarray(0, Math.min(left, 16_384))));
    }
    assert.equal(stream.ending(), 'open');
    stream.recv(data(1, 'x'));
    assert.equal(stream.ending(), 'FLOW_CONTROL_ERROR');

    const limits = { ...EDGE_LIMITS, maxUnconsumedBytes: 0 };
    const both = EngineBench.server({ streamWindowBytes: MIB, connectionWindowBytes: 65_535, limits });
    both.recv(headers(1, requestBlock()), ...Array.from({ length: 4 }, () => data(1, FULL_FRAME.subarray(1))));
    assert.equal(both.connection.receiveWindow, 3);
    both.recv(data(1, 'four'));
    assert.equal(both.ending(), 'FLOW_CONTROL_ERROR');
  });

  it('H2-1.2-data-padding-credit: counts padding and gives it back at once', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock()));
    const padded = frame(0, 0x8, 1, Buffer.concat([Buffer.of(255), Buffer.from('x'), Buffer.alloc(255)]));
    for (let count = 0; count < 1000; count++) {
      bench.recv(padded);
    }
    assert.equal(bench.ending(), 'open', 'a window of 65 535 would be long used up');
    assert.equal(bench.connection.unconsumedOctets, 1000);
  });

  it('H2-1.6-conservation: gives the connection back what came for streams that are dead, muted or dropped', () => {
    const bench = EngineBench.server({}, { onHeaders: (stream) => (stream.id === 1 ? stream.reset(8) : undefined) });
    const many = Array.from({ length: 130 }, (_, index) => [`x-${index}`, ''] as const);
    bench.recv(headers(1, requestBlock()), headers(3, requestBlock(many)), headers(5, requestBlock()));
    for (let count = 0; count < 300; count++) {
      bench.recv(data(1, FULL_FRAME), data(3, FULL_FRAME.subarray(0, 8000)));
    }
    bench.recv(data(5, FULL_FRAME), rstStream(5, 8));
    assert.equal(bench.ending(), 'open');
    assert.equal(bench.connection.unconsumedOctets, 0);
    assert.ok(bench.connection.receiveWindow * 2 > MIB);
  });

  it('H2-1.6-buffered-cap: withholds connection credit above the cap and gives it when memory is free', () => {
    const limits = { ...EDGE_LIMITS, maxUnconsumedBytes: 90_000 };
    const bench = EngineBench.server({ streamWindowBytes: 10 * MIB, connectionWindowBytes: 200_000, limits });
    bench.recv(headers(1, requestBlock()), headers(3, requestBlock()));
    const sent = [];
    for (let count = 0; count < 12; count++) {
      sent.push(...bench.recv(data(1, FULL_FRAME)));
    }
    assert.deepEqual(sent, [], 'half of the window was owed when the cap was reached');
    assert.ok(bench.connection.receiveWindow < 16_384);
    bench.recv(rstStream(1, 8));
    assert.equal(bench.connection.receiveWindow, 200_000, 'the reset stream held it all');
    assert.equal(bench.ending(), 'open');
  });

  it('resets the stream that holds most when credit has been withheld for 30 s', () => {
    const limits = { ...EDGE_LIMITS, maxUnconsumedBytes: 30_000 };
    const bench = EngineBench.server({ limits });
    bench.recv(headers(1, requestBlock()), headers(3, requestBlock()), data(1, FULL_FRAME.subarray(0, 10_000)));
    bench.recv(data(3, FULL_FRAME), data(3, FULL_FRAME));
    assert.deepEqual(bench.advance(30_000), []);
    assert.deepEqual(bench.advance(1000), ['RST_STREAM 3 8']);
    assert.deepEqual(bench.abuse, ['unconsumed']);
    assert.deepEqual(bench.advance(60_000), [], 'the rest is below the cap');
  });

  it('H2-1.1-settings-ack-binds: takes back what a smaller window means only when the client has acknowledged it', () => {
    const bench = EngineBench.fresh('server', { streamWindowBytes: 1000 });
    bench.connection.receive(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
    bench.recv(settings(), headers(1, requestBlock()), data(1, FULL_FRAME), settingsAck());
    assert.equal(bench.ending(), 'open');
    bench.stream(1).consume(16_384);
    assert.deepEqual(bench.take(), ['WINDOW_UPDATE 1 16384'], 'from below zero to 1 000');
    bench.recv(data(1, FULL_FRAME.subarray(0, 1000)));
    assert.equal(bench.ending(), 'open');
    bench.recv(data(1, 'x'));
    assert.equal(bench.ending(), 'FLOW_CONTROL_ERROR');
  });
});

describe('sending within windows', () => {
  it('H2-1.6-send-limits: stops at the window of the stream, and goes on with its credit', () => {
    const bench = answering(20_000);
    const stream = bench.stream(1);
    assert.equal(stream.sendData(Buffer.alloc(30_000), 0, 30_000, true), 20_000);
    assert.equal(stream.queuedOctets, 10_000);
    assert.deepEqual(bench.take(), ['DATA 1 16384', 'DATA 1 3616']);
    assert.deepEqual(bench.recv(windowUpdate(1, 4000)), ['DATA 1 4000']);
    assert.deepEqual(bench.recv(windowUpdate(1, 100_000)), ['DATA 1 END 6000']);
    assert.deepEqual(bench.events.slice(1), ['sent 1 4000', 'sent 1 6000', 'closed 1']);
  });

  it('stops at the window of the connection, for all streams together', () => {
    const bench = answering(10 * MIB);
    bench.recv(headers(3, requestBlock(), END));
    bench.stream(3).sendHeaders(response(), false);
    assert.equal(bench.stream(1).sendData(Buffer.alloc(60_000), 0, 60_000, false), 60_000);
    assert.equal(bench.stream(3).sendData(Buffer.alloc(10_000), 0, 10_000, true), 5535);
    bench.take();
    assert.equal(bench.connection.sendWindow, 0);
    assert.deepEqual(bench.recv(windowUpdate(3, 1)), []);
    assert.deepEqual(bench.recv(windowUpdate(0, 4465)), ['DATA 3 END 4465']);
  });

  it('H2-1.4-end-stream: ends by an empty DATA frame without any window', () => {
    const bench = answering(0);
    bench.stream(1).sendData(Buffer.alloc(0), 0, 0, true);
    assert.deepEqual(bench.take(), ['DATA 1 END 0']);
  });

  it('H2-1.6-negative-window: takes a smaller initial window from streams that have sent, and waits until they may go on', () => {
    const bench = answering(30_000);
    const stream = bench.stream(1);
    assert.equal(stream.sendData(Buffer.alloc(25_000), 0, 25_000, false), 25_000);
    assert.equal(stream.sendData(Buffer.alloc(10_000), 0, 10_000, true), 5000);
    bench.take();
    bench.recv(settings([[4, 1000]]));
    assert.deepEqual(bench.recv(windowUpdate(1, 29_000)), [], 'exactly 0 again');
    assert.deepEqual(bench.recv(windowUpdate(1, 2000)), ['DATA 1 2000']);
    assert.deepEqual(bench.recv(settings([[4, 10_000]])), ['SETTINGS ACK', 'DATA 1 END 3000']);
  });

  it('H2-1.6-initial-window-change: leaves the connection window as it is, and holds for later streams', () => {
    const bench = answering(0);
    bench.recv(settings([[4, 500]]), headers(3, requestBlock(), END));
    assert.equal(bench.connection.sendWindow, 65_535);
    bench.stream(3).sendHeaders(response(), false);
    assert.equal(bench.stream(3).sendData(Buffer.alloc(500), 0, 500, true), 500);
  });

  it('H2-1.2-window-update-overflow: ends the connection when any window is raised above 2^31-1', () => {
    const connection = answering();
    connection.recv(windowUpdate(0, 0x7fff_ffff - 65_535));
    assert.equal(connection.ending(), 'open');
    connection.recv(windowUpdate(0, 1));
    assert.equal(connection.ending(), 'FLOW_CONTROL_ERROR');

    const stream = answering();
    stream.recv(windowUpdate(1, 0x7fff_ffff - 65_535));
    assert.equal(stream.ending(), 'open');
    assert.deepEqual(stream.recv(windowUpdate(1, 1)), ['RST_STREAM 1 3', 'GOAWAY 1 3 stream window too large']);

    const initial = answering();
    initial.recv(windowUpdate(1, 1));
    assert.deepEqual(initial.recv(settings([[4, 0x7fff_ffff]])), ['GOAWAY 1 3 SETTINGS make a stream window too large']);
  });

  it('H2-1.6-never-stop-reading: reads on while streams are full in both directions', () => {
    const bench = answering(0);
    bench.stream(1).sendData(Buffer.alloc(50_000), 0, 50_000, true);
    bench.recv(
      headers(3, requestBlock()),
      data(3, FULL_FRAME),
      data(3, FULL_FRAME),
      data(3, FULL_FRAME),
      data(3, FULL_FRAME.subarray(1)),
    );
    assert.equal(bench.connection.wantsRead, true);
    assert.deepEqual(bench.recv(frame(6, 0, 0, '0000000000000001')), ['PING ACK']);
  });
});
