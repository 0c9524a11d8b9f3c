import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EDGE_LIMITS } from '../../../../src/http2/index.ts';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { list, response, trailers } from '../../../support/http2/fields.ts';
import { headers, requestBlock, rstStream, settings, windowUpdate } from '../../../support/http2/wire.ts';

const END = 0x5;
const MIB = 1_048_576;

/** A server with that many answered streams, 1, 3, 5, …, each of which may send `window` octets, and the connection any number. */
function answering(streams: number, window: number, limits = EDGE_LIMITS): EngineBench {
  const bench = EngineBench.server({ limits });
  bench.recv(settings([[4, window]]), windowUpdate(0, 0x7fff_ffff - 65_535));
  for (let id = 1; id < 2 * streams; id += 2) {
    bench.recv(headers(id, requestBlock(), END));
    bench.stream(id).sendHeaders(response(), false);
  }
  bench.take();
  return bench;
}

const send = (bench: EngineBench, id: number, octets: number, isEnd = false): number =>
  bench.stream(id).sendData(Buffer.alloc(octets, id), 0, octets, isEnd);

describe('sending', () => {
  it('H2-1.6-round-robin: gives each stream 16 KiB a turn, so that a long message does not hold up a short one', () => {
    const bench = answering(3, 0);
    send(bench, 1, 100_000, true);
    send(bench, 3, 20, true);
    send(bench, 5, 20_000, true);
    assert.deepEqual(bench.recv(settings([[4, 200_000]])), [
      'SETTINGS ACK',
      'DATA 1 16384',
      'DATA 3 END 20',
      'DATA 5 16384',
      'DATA 1 16384',
      'DATA 5 END 3616',
      'DATA 1 16384',
      'DATA 1 16384',
      'DATA 1 16384',
      'DATA 1 16384',
      'DATA 1 END 1696',
    ]);
  });

  it('queues new content behind that of other streams which may leave', () => {
    const bench = answering(2, 1 * MIB);
    bench.connection.pauseOutput();
    send(bench, 1, 5000);
    bench.connection.resumeOutput();
    assert.equal(send(bench, 3, 5000), 0);
    assert.deepEqual(bench.take(), ['DATA 1 5000', 'DATA 3 5000']);
  });

  it('H2-1.6-silly-window: holds back a slice under 1 KiB for one tick, unless it is all there is', () => {
    const bench = answering(2, 0);
    send(bench, 1, 5000);
    send(bench, 3, 100);
    assert.deepEqual(bench.recv(windowUpdate(1, 1023), windowUpdate(3, 100)), ['DATA 3 100']);
    assert.deepEqual(bench.take(), []);
    assert.deepEqual(bench.advance(50), ['DATA 1 1023']);
    assert.deepEqual(bench.recv(windowUpdate(1, 1024)), ['DATA 1 1024']);
    assert.equal(bench.stream(1).queuedOctets, 5000 - 2047);
  });

  it('does not cut small slices off content that could leave at once', () => {
    const bench = answering(1, 1000);
    assert.equal(send(bench, 1, 5000), 0);
    assert.deepEqual(bench.take(), []);
    assert.deepEqual(bench.advance(50), ['DATA 1 1000']);
  });

  it('passes over streams that ended while they waited for their turn', () => {
    const bench = answering(3, 0);
    send(bench, 1, 3000);
    send(bench, 3, 3000);
    send(bench, 5, 3000);
    bench.connection.receive(settings([[4, 3000]]));
    bench.connection.receive(rstStream(3, 8));
    bench.stream(5).reset(8);
    assert.deepEqual(
      bench.connection.takeOutput()?.octets,
      [9, 13, 9 + 3000].reduce((sum, octets) => sum + octets),
    );
  });

  it('H2-1.6-watermarks: lets no content leave while paused as often as resumed, but all that is not content', () => {
    const bench = answering(2, MIB);
    bench.connection.pauseOutput();
    bench.connection.pauseOutput();
    assert.equal(send(bench, 1, 3000, true), 0);
    bench.connection.resumeOutput();
    assert.deepEqual(bench.take(), []);
    bench.stream(3).sendTrailers(trailers());
    assert.deepEqual(bench.take(), ['HEADERS 3 END']);
    const { flushes } = bench;
    bench.connection.resumeOutput();
    assert.ok(bench.flushes > flushes, 'the owner is asked to take output');
    assert.deepEqual(bench.take(), ['DATA 1 END 3000']);
    assert.throws(() => bench.connection.resumeOutput(), /resumed more often than paused/);
  });

  it('stops adding content at 256 KiB of output and goes on when that is taken', () => {
    const bench = answering(1, 10 * MIB);
    let sent = 0;
    for (let count = 0; count < 40; count++) {
      sent += send(bench, 1, 16_384);
    }
    assert.equal(sent, 16 * 16_384);
    assert.ok(bench.urgentFlushes > 0);
    const first = bench.connection.takeOutput();
    assert.ok((first?.octets ?? 0) < 262_144 + 20_000);
    const { flushes } = bench;
    const second = bench.connection.takeOutput();
    assert.ok((second?.octets ?? 0) > 262_144);
    assert.ok(bench.flushes > flushes, 'there is still more');
    const third = bench.connection.takeOutput();
    assert.ok((third?.octets ?? 0) > 0);
    assert.equal(bench.connection.takeOutput(), null);
    assert.equal(bench.connection.queuedOctets, 0);
  });

  it('asks for no urgent flush from within a take', () => {
    const bench = answering(1, 10 * MIB);
    bench.connection.pauseOutput();
    for (let count = 0; count < 10; count++) {
      send(bench, 1, 16_384);
    }
    bench.connection.resumeOutput();
    const { urgentFlushes } = bench;
    bench.take();
    assert.equal(bench.urgentFlushes, urgentFlushes);
  });

  it('keeps trailers and the end behind queued content', () => {
    const bench = answering(2, 0);
    send(bench, 1, 2000);
    const fields = trailers();
    bench.stream(1).sendTrailers(fields);
    fields.clear();
    assert.throws(() => send(bench, 1, 1), /after the end/);
    assert.throws(() => bench.stream(1).sendTrailers(trailers()), /after the end/);
    send(bench, 3, 2000, true);
    assert.throws(() => bench.stream(3).sendData(Buffer.alloc(0), 0, 0, true), /ended twice/);
    assert.deepEqual(bench.recv(windowUpdate(1, 1999), windowUpdate(1, 1), windowUpdate(3, 2000)), [
      'DATA 1 1999',
      'DATA 1 1',
      'HEADERS 1 END',
      'DATA 3 END 2000',
    ]);
    assert.deepEqual(bench.events.slice(-5), ['sent 1 1999', 'sent 1 1', 'closed 1', 'sent 3 2000', 'closed 3']);
  });

  it('keeps to the order of a message', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock()));
    const stream = bench.stream(1);
    assert.throws(() => stream.sendData(Buffer.from('x'), 0, 1, false), /before the headers/);
    assert.throws(() => stream.sendData(Buffer.alloc(0), 0, 0, true), /before the headers/);
    assert.throws(() => stream.sendTrailers(trailers()), /before the headers/);
    stream.sendInterim(list([[':status', '103']]));
    stream.sendHeaders(response(), false);
    assert.throws(() => stream.sendHeaders(response(), false), /twice/);
    assert.throws(() => stream.sendInterim(list([[':status', '103']])), /after the final one/);
    assert.deepEqual(bench.take(), ['HEADERS 1', 'HEADERS 1']);
    stream.sendData(Buffer.alloc(0), 0, 0, true);
    stream.sendInterim(list([[':status', '103']]));
    stream.sendTrailers(trailers());
    assert.deepEqual(bench.take(), ['DATA 1 END 0'], 'nothing behind the end');
  });

  it('tells nothing more when the owner ends the connection within onSent', () => {
    const bench = EngineBench.server(
      {},
      {
        onHeaders: (stream) => stream.sendHeaders(response(), false),
        onSent: () => bench.connection.abort(0, 'enough'),
      },
    );
    bench.recv(settings([[4, 0]]), headers(1, requestBlock(), END), headers(3, requestBlock(), END));
    send(bench, 1, 2000);
    send(bench, 3, 2000);
    bench.recv(settings([[4, 2000]]));
    assert.equal(bench.events.filter((event) => event.startsWith('sent')).length, 1);
    assert.deepEqual(bench.events.at(-1), 'close enough');
    assert.equal(bench.sent.at(-1)?.type, 7, 'nothing behind GOAWAY');
  });

  it('drops what waits of a stream that is reset', () => {
    const bench = answering(1, 0);
    send(bench, 1, 5000);
    assert.ok(bench.connection.queuedOctets >= 5000);
    bench.recv(rstStream(1, 8), settings([[4, 65_535]]));
    assert.equal(bench.connection.queuedOctets, 0);
    assert.deepEqual(bench.events.slice(-2), ['reset 1 8 peer', 'closed 1']);
  });
});
