import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { list, response, trailers } from '../../../support/http2/fields.ts';
import {
  block,
  continuation,
  data,
  frame,
  headers,
  hex,
  priority,
  requestBlock,
  rstStream,
  windowUpdate,
} from '../../../support/http2/wire.ts';

const END = 0x5;

describe('server streams', () => {
  it('carry a unary call', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock()), data(1, 'hello', 1));
    assert.deepEqual(bench.events, ['headers 1', 'data 1 5 end']);
    const stream = bench.stream(1);
    stream.sendHeaders(response(), false);
    assert.equal(stream.sendData(Buffer.from('world'), 0, 5, false), 5);
    stream.sendTrailers(trailers());
    assert.deepEqual(bench.take(), ['HEADERS 1', 'DATA 1 5', 'HEADERS 1 END']);
    assert.equal(bench.events.at(-1), 'closed 1');
    assert.equal(bench.connection.liveStreams, 0);
  });

  it('carry trailers, content in pieces and an empty end', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock()), data(1, 'a'), data(1, 'b'), headers(1, block([['x-sum', '1']]), END));
    bench.recv(headers(3, requestBlock()), data(3, '', 1));
    bench.recv(headers(5, requestBlock(), END));
    assert.deepEqual(bench.events, [
      'headers 1',
      'data 1 1',
      'data 1 1',
      'trailers 1',
      'headers 3',
      'data 3 0 end',
      'headers 5 end',
    ]);
  });

  it('put END_STREAM on the last DATA', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock(), END));
    bench.stream(1).sendHeaders(response(), false);
    bench.stream(1).sendData(Buffer.from('one'), 0, 3, false);
    bench.stream(1).sendData(Buffer.from('two'), 0, 3, true);
    assert.deepEqual(bench.take(), ['HEADERS 1', 'DATA 1 END 6']);
  });

  it('close early by RST_STREAM NO_ERROR, after their whole answer', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock()));
    const stream = bench.stream(1);
    stream.sendHeaders(response(), false);
    stream.stopReceiving();
    stream.sendTrailers(trailers());
    assert.deepEqual(bench.take(), ['HEADERS 1', 'HEADERS 1 END', 'RST_STREAM 1 0']);
    bench.recv(data(1, 'late'), data(1, 'later', 1));
    assert.deepEqual(bench.events, ['headers 1', 'closed 1']);
    assert.equal(bench.ending(), 'open');
  });

  it('tell nothing of what follows a header section above the limits', () => {
    const bench = EngineBench.server(
      {},
      { onHeadersOverLimit: (stream) => stream.sendHeaders(list([[':status', '431']]), true) },
    );
    const fields = Array.from({ length: 130 }, (_, index) => [`x-${index}`, ''] as const);
    bench.recv(headers(1, requestBlock(fields)), data(1, 'x'.repeat(20)), headers(1, block([['x', 'y']]), END));
    assert.deepEqual(bench.events, ['overLimit 1', 'closed 1']);
    assert.deepEqual(bench.abuse, ['header_list']);
  });

  it('are one object after another', () => {
    const bench = EngineBench.server({}, { onHeaders: (stream) => stream.sendHeaders(response(), true) });
    const seen = new Set<unknown>();
    for (let id = 1; id < 200; id += 2) {
      bench.recv(headers(id, requestBlock(), END));
    }
    assert.equal(bench.events.filter((event) => event.startsWith('closed')).length, 100);
    const again = EngineBench.server({}, { onStreamClosed: (stream) => void seen.add(stream) });
    again.recv(headers(1, requestBlock(), END));
    again.stream(1).context = seen;
    again.stream(1).sendHeaders(response(), true);
    again.take();
    again.recv(headers(3, requestBlock()));
    assert.ok(seen.has(again.stream(3)));
    assert.equal(again.stream(3).context, null);
    assert.equal(again.stream(3).isRecvEnded, false);
  });

  it('ignore what is done to them after their end', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock()), data(1, 'abc'));
    const stream = bench.stream(1);
    bench.recv(rstStream(1, 8));
    stream.sendHeaders(response(), false);
    assert.equal(stream.sendData(Buffer.from('x'), 0, 1, true), 0);
    stream.sendTrailers(trailers());
    stream.consume(3);
    stream.reset(2);
    stream.stopReceiving();
    assert.deepEqual(bench.take(), []);
    assert.deepEqual(bench.events, ['headers 1', 'data 1 3', 'reset 1 8 peer', 'closed 1']);
  });

  it('stop in the middle of a frame when their owner resets them', () => {
    const bench = EngineBench.server({}, { onData: (stream) => stream.reset(8) });
    bench.recv(headers(1, requestBlock()));
    bench.recvCut(data(1, 'x'.repeat(100)), 50);
    assert.deepEqual(bench.events, ['headers 1', 'data 1 41', 'closed 1']);
    bench.recv(headers(3, requestBlock()));
    assert.equal(bench.events.at(-1), 'headers 3');
  });

  it('drop the trailers of which a part came before their owner reset them', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock()), headers(1, block([['a', 'b']]), 1));
    bench.stream(1).reset(8);
    bench.stream(1).reset(8);
    assert.deepEqual(bench.recv(continuation(1, block([['c', 'd']]))), ['RST_STREAM 1 8']);
    assert.deepEqual(bench.events, ['headers 1', 'closed 1']);
    assert.equal(bench.ending(), 'open');
  });

  it('assemble HEADERS and CONTINUATION, padding and priority fields aside', () => {
    const bench = EngineBench.server();
    const whole = requestBlock();
    const padded = Buffer.concat([hex('05 00000000 10'), whole.subarray(0, 10), Buffer.alloc(5)]);
    bench.recv(
      Buffer.concat([frame(1, 0x29, 1, padded), continuation(1, whole.subarray(10, 30), 0), continuation(1, whole.subarray(30))]),
    );
    assert.deepEqual(bench.events, ['headers 1 end']);
  });
});

const ended = (): EngineBench => {
  const bench = EngineBench.server({}, { onHeaders: (stream) => stream.sendHeaders(response(), true) });
  bench.recv(headers(1, requestBlock(), END));
  return bench;
};
const resetByPeer = (): EngineBench => {
  const bench = EngineBench.server();
  bench.recv(headers(1, requestBlock()), rstStream(1, 8));
  return bench;
};
const resetByUs = (): EngineBench => {
  const bench = EngineBench.server({}, { onHeaders: (stream) => stream.reset(8) });
  bench.recv(headers(1, requestBlock()));
  return bench;
};
const halfClosed = (): EngineBench => {
  const bench = EngineBench.server();
  bench.recv(headers(1, requestBlock(), END));
  return bench;
};
const fresh = (): EngineBench => EngineBench.server();

describe('server stream states', () => {
  const cases: readonly (readonly [string, () => EngineBench, Buffer, string])[] = [
    ['H2-1.2-data-idle: idle: DATA', fresh, data(1, 'x'), 'PROTOCOL_ERROR'],
    ['H2-1.2-rst-idle: idle: RST_STREAM', fresh, rstStream(1, 8), 'PROTOCOL_ERROR'],
    ['H2-1.2-window-update-idle: idle: WINDOW_UPDATE', fresh, windowUpdate(1, 1), 'PROTOCOL_ERROR'],
    ['H2-1.2-priority-any-state: idle: PRIORITY', fresh, priority(1, 3), 'open'],
    ['idle, of the server: HEADERS', fresh, headers(2, requestBlock()), 'PROTOCOL_ERROR'],
    ['idle, of the server: RST_STREAM', fresh, rstStream(2, 8), 'PROTOCOL_ERROR'],
    ['half-closed: DATA', halfClosed, data(1, 'x'), 'STREAM_CLOSED'],
    ['half-closed: HEADERS', halfClosed, headers(1, requestBlock()), 'STREAM_CLOSED'],
    ['half-closed: WINDOW_UPDATE', halfClosed, windowUpdate(1, 1), 'open'],
    ['half-closed: PRIORITY', halfClosed, priority(1, 3), 'open'],
    ['half-closed: RST_STREAM', halfClosed, rstStream(1, 8), 'open'],
    ['H2-1.3-ended: ended: DATA', ended, data(1, 'x'), 'STREAM_CLOSED'],
    ['ended: HEADERS', ended, headers(1, requestBlock()), 'STREAM_CLOSED'],
    ['ended: WINDOW_UPDATE', ended, windowUpdate(1, 1), 'open'],
    ['ended: PRIORITY', ended, priority(1, 3), 'open'],
    ['ended: RST_STREAM', ended, rstStream(1, 8), 'open'],
    ['H2-1.2-headers-id-rises: reset by the peer: HEADERS', resetByPeer, headers(1, requestBlock()), 'STREAM_CLOSED'],
    ['reset by the peer: WINDOW_UPDATE', resetByPeer, windowUpdate(1, 1), 'open'],
    ['H2-1.3-reset-by-us: reset by us: DATA', resetByUs, data(1, 'x'), 'open'],
    ['reset by us: HEADERS', resetByUs, headers(1, requestBlock()), 'open'],
    ['reset by us: WINDOW_UPDATE', resetByUs, windowUpdate(1, 1), 'open'],
    ['H2-1.2-rst-unanswered: reset by us: RST_STREAM', resetByUs, rstStream(1, 8), 'open'],
  ];
  for (const [name, make, octets, ending] of cases) {
    it(`${name} gives ${ending}`, () => {
      const bench = make();
      bench.recv(octets);
      assert.equal(bench.ending(), ending);
    });
  }

  it('H2-1.3-reset-by-peer: reset by the peer: DATA gives RST_STREAM STREAM_CLOSED, once', () => {
    const bench = resetByPeer();
    assert.deepEqual(bench.recv(data(1, 'x')), ['RST_STREAM 1 5']);
    assert.deepEqual(bench.recv(data(1, 'x')), []);
  });

  it('H2-1.2-headers-closes-lower: opening a stream uses up all below it', () => {
    const bench = fresh();
    bench.recv(headers(5, requestBlock()), windowUpdate(3, 1), rstStream(1, 8));
    assert.equal(bench.ending(), 'open');
    bench.recv(headers(3, requestBlock()));
    assert.equal(bench.ending(), 'PROTOCOL_ERROR');
  });

  it('decodes the blocks of refused and reset streams, whose fields later blocks refer to', () => {
    const bench = resetByUs();
    // A literal with incremental indexing, then a reference to it: RFC 7541, sections 6.2.1 and 6.1.
    bench.recv(headers(1, hex('40 03 782d61 01 31'), END));
    bench.recv(headers(3, Buffer.concat([requestBlock(), hex('be')])));
    assert.deepEqual(bench.events.slice(-1), ['closed 3']);
    assert.equal(bench.ending(), 'open');
  });
});
