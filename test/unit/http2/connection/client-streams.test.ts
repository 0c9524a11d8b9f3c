import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { list, request, trailers } from '../../../support/http2/fields.ts';
import {
  block,
  data,
  frame,
  goaway,
  headers,
  ping,
  priority,
  responseBlock,
  rstStream,
  settings,
  windowUpdate,
} from '../../../support/http2/wire.ts';

const END = 0x5;

const head = (): ReturnType<typeof list> =>
  list([
    [':method', 'HEAD'],
    [':scheme', 'http'],
    [':path', '/'],
  ]);

describe('client streams', () => {
  it('carry a unary call', () => {
    const bench = EngineBench.client();
    const stream = bench.connection.openStream(request(), false);
    assert.equal(stream?.id, 1);
    assert.equal(stream.sendData(Buffer.from('hello'), 0, 5, true), 5);
    assert.deepEqual(bench.take(), ['HEADERS 1', 'DATA 1 END 5']);
    bench.recv(headers(1, responseBlock()), data(1, 'world'), headers(1, block([['grpc-status', '0']]), END));
    assert.deepEqual(bench.events, ['headers 1', 'data 1 5', 'trailers 1', 'closed 1']);
  });

  it('end with their own trailers', () => {
    const bench = EngineBench.client();
    const stream = bench.open(request(), false);
    stream.sendTrailers(trailers());
    assert.deepEqual(bench.take(), ['HEADERS 1 END']);
    assert.equal(stream.isSendEnded, true);
  });

  it('take an answer of trailers alone', () => {
    const bench = EngineBench.client();
    bench.open();
    bench.recv(headers(1, responseBlock('200', [['grpc-status', '14']]), END));
    assert.deepEqual(bench.events, ['headers 1 end', 'closed 1']);
  });

  it('H2-1.4-interim: take interim responses before the final one, which end nothing', () => {
    const bench = EngineBench.client();
    bench.open();
    bench.recv(headers(1, responseBlock('100')), headers(1, responseBlock('103')), headers(1, responseBlock()), data(1, 'x', 1));
    assert.deepEqual(bench.events, ['interim 1', 'interim 1', 'headers 1', 'data 1 1 end', 'closed 1']);
    bench.open();
    assert.deepEqual(bench.recv(headers(3, responseBlock('103'), END)), ['RST_STREAM 3 1']);
    bench.open();
    assert.deepEqual(bench.recv(headers(5, responseBlock('101'))), ['RST_STREAM 5 1']);
  });

  it('H2-1.4-interim-limit: take eight interim responses and no ninth', () => {
    const bench = EngineBench.client();
    bench.open();
    for (let count = 0; count < 8; count++) {
      assert.deepEqual(bench.recv(headers(1, responseBlock('103'))), []);
    }
    assert.deepEqual(bench.recv(headers(1, responseBlock('103'))), ['RST_STREAM 1 1']);
    assert.deepEqual(bench.abuse, ['interim_responses']);
  });

  for (const [name, fields, status] of [
    ['HEAD', head(), '200'],
    ['any method with 304', request(), '304'],
    ['any method with 204', request(), '204'],
  ] as const) {
    it(`H2-1.4-content-length: take no content for ${name}, whatever length is announced`, () => {
      const bench = EngineBench.client();
      bench.open(fields);
      bench.recv(headers(1, responseBlock(status, [['content-length', '400']]), END));
      assert.deepEqual(bench.events, ['headers 1 end', 'closed 1']);
      bench.open(fields);
      assert.deepEqual(bench.recv(headers(3, responseBlock(status)), data(3, '', 1)), []);
      bench.open(fields);
      assert.deepEqual(bench.recv(headers(5, responseBlock(status)), data(5, 'x')), ['RST_STREAM 5 1']);
    });
  }

  it('H2-1.4-content-length: check the length of other answers', () => {
    const bench = EngineBench.client();
    bench.open();
    assert.deepEqual(bench.recv(headers(1, responseBlock('200', [['content-length', '2']])), data(1, 'abc')), ['RST_STREAM 1 1']);
    assert.deepEqual(bench.events, ['headers 1', 'reset 1 1 engine', 'closed 1']);
  });

  it('H2-1.4-response-status: need a status of three digits, and no request pseudo-header', () => {
    for (const fields of [
      block([['a', 'b']]),
      responseBlock('20'),
      responseBlock('2000'),
      responseBlock('099'),
      responseBlock('20x'),
      block([
        [':status', '200'],
        [':path', '/'],
      ]),
      block([
        [':status', '200'],
        [':status', '200'],
      ]),
    ]) {
      const bench = EngineBench.client();
      bench.open();
      assert.deepEqual(bench.recv(headers(1, fields)), ['RST_STREAM 1 1']);
      assert.deepEqual(bench.events, ['reset 1 1 engine', 'closed 1']);
    }
  });

  it('H2-1.4-early-response: are told of a whole answer before the RST_STREAM NO_ERROR behind it', () => {
    const bench = EngineBench.client();
    bench.open(request(), false);
    bench.recv(headers(1, responseBlock()), data(1, 'x', 1), rstStream(1, 0));
    assert.deepEqual(bench.events, ['headers 1', 'data 1 1 end', 'reset 1 0 peer', 'closed 1']);
    assert.equal(bench.connection.openCapacity, 100, 'no hold: nothing was cut short');
  });

  it('refuse DATA before HEADERS', () => {
    const bench = EngineBench.client();
    bench.open();
    assert.deepEqual(bench.recv(data(1, 'x')), ['RST_STREAM 1 1']);
  });

  it('are told once of a section above the limits, and of nothing behind it', () => {
    const bench = EngineBench.client();
    bench.open();
    const many = Array.from({ length: 140 }, (_, index) => [`x-${index}`, ''] as const);
    bench.recv(headers(1, responseBlock('200', many)), data(1, 'abc'), headers(1, block([['a', 'b']])), data(1, '', 1));
    assert.deepEqual(bench.events, ['overLimit 1', 'closed 1']);
    bench.open();
    bench.recv(headers(3, responseBlock()), headers(3, block(many), END));
    assert.deepEqual(bench.events.slice(2), ['headers 3', 'overLimit 3', 'closed 3']);
  });
});

describe('client stream states', () => {
  const cases: readonly (readonly [string, Buffer, string])[] = [
    [
      'H2-1.2-headers-stream-zero-or-even: HEADERS on a stream that we have not opened',
      headers(3, responseBlock()),
      'PROTOCOL_ERROR',
    ],
    ['HEADERS on a stream of the server', headers(2, responseBlock()), 'PROTOCOL_ERROR'],
    ['H2-1.2-push-promise: PUSH_PROMISE', frame(5, 4, 1, '00000002'), 'PROTOCOL_ERROR'],
    ['DATA on a stream of the server', data(2, 'x'), 'PROTOCOL_ERROR'],
    ['RST_STREAM on a stream that we have not opened', rstStream(3, 8), 'PROTOCOL_ERROR'],
    ['WINDOW_UPDATE on a stream that we have not opened', windowUpdate(3, 1), 'PROTOCOL_ERROR'],
    ['PRIORITY on any stream', priority(2, 3), 'open'],
    ['PING', ping(), 'open'],
  ];
  for (const [name, octets, ending] of cases) {
    it(`${name} gives ${ending}`, () => {
      const bench = EngineBench.client();
      bench.open();
      bench.recv(octets);
      assert.equal(bench.ending(), ending);
    });
  }

  it('STREAM_CLOSED ends the connection for frames behind END_STREAM of both sides', () => {
    for (const octets of [headers(1, responseBlock()), data(1, 'x')]) {
      const bench = EngineBench.client();
      bench.open();
      bench.recv(headers(1, responseBlock(), END), octets);
      assert.equal(bench.ending(), 'STREAM_CLOSED');
    }
  });

  it('frames that cross our RST_STREAM are ignored, and their credit is not lost', () => {
    const bench = EngineBench.client();
    bench.open().reset(8);
    for (let count = 0; count < 100; count++) {
      bench.recv(data(1, Buffer.alloc(16_384)));
    }
    bench.recv(headers(1, responseBlock()), rstStream(1, 8));
    assert.deepEqual(bench.events, ['closed 1']);
    assert.ok(bench.connection.receiveWindow * 2 >= 1_048_576);
  });
});

describe('client concurrency', () => {
  it('H2-1.1-client-early: opens 100 streams before the settings of the server are known', () => {
    const bench = EngineBench.fresh('client');
    for (let count = 0; count < 100; count++) {
      assert.ok(bench.connection.openStream(request(), true));
    }
    assert.equal(bench.connection.openStream(request(), true), null);
    bench.greet();
    assert.equal(bench.connection.openCapacity, Number.POSITIVE_INFINITY);
    assert.ok(bench.connection.openStream(request(), true));
  });

  it('H2-1.7-max-concurrent: never exceeds the limit of the server, and tells when a place is free', () => {
    const bench = EngineBench.client({}, {}, 2);
    bench.open();
    bench.open();
    assert.equal(bench.connection.openStream(request(), true), null);
    bench.recv(headers(1, responseBlock(), END));
    assert.deepEqual(bench.events, ['headers 1 end', 'closed 1', 'capacity']);
    bench.open();
    assert.equal(bench.connection.openCapacity, 0);
  });

  it('H2-1.7-lowered-limit: lets running streams finish when the limit falls, and opens none', () => {
    const bench = EngineBench.client({}, {}, 3);
    bench.open();
    bench.open();
    bench.recv(settings([[3, 1]]));
    assert.equal(bench.connection.openCapacity, 0);
    assert.equal(bench.connection.liveStreams, 2);
    bench.recv(headers(1, responseBlock(), END));
    assert.equal(bench.connection.openCapacity, 0);
    bench.recv(headers(3, responseBlock(), END));
    assert.equal(bench.connection.openCapacity, 1);
  });

  it('H2-1.7-hold-down: keeps the place of a stream that we reset for 250 ms', () => {
    const bench = EngineBench.client({}, {}, 1);
    bench.open().reset(8);
    bench.take();
    assert.equal(bench.connection.openStream(request(), true), null);
    bench.advance(200);
    assert.equal(bench.connection.openCapacity, 0);
    bench.advance(50);
    assert.deepEqual(bench.events, ['closed 1', 'capacity']);
    assert.equal(bench.open().id, 3);
  });

  it('holds no place of a stream that the server has reset: its work there is over', () => {
    const bench = EngineBench.client({}, {}, 1);
    bench.open();
    bench.recv(rstStream(1, 7));
    assert.deepEqual(bench.events, ['reset 1 7 peer', 'closed 1']);
    assert.equal(bench.connection.openCapacity, 1);
  });

  it('may not open streams as a server', () => {
    const bench = EngineBench.server();
    assert.equal(bench.connection.openCapacity, 0);
    assert.throws(() => bench.connection.openStream(request(), true), /a server opens no streams/);
  });

  it('H2-1.5-recv-goaway: gives up what the server has not processed, finishes the rest, then ends', () => {
    const bench = EngineBench.client();
    bench.open();
    bench.open();
    bench.open();
    bench.recv(goaway(3, 0, 'max_age'));
    assert.deepEqual(bench.events, ['reset 5 7 unprocessed', 'goaway 3 0 max_age', 'closed 5']);
    assert.equal(bench.connection.isRetiring, true);
    assert.equal(bench.connection.openStream(request(), true), null);
    bench.recv(goaway(1, 0), headers(5, responseBlock(), END), data(5, 'late'));
    assert.deepEqual(bench.events.slice(3), ['reset 3 7 unprocessed', 'goaway 1 0', 'closed 3']);
    assert.deepEqual(bench.recv(headers(1, responseBlock(), END)), ['GOAWAY 0 0']);
    assert.equal(bench.ending(), 'gracefully');
  });

  it('H2-1.2-goaway-last-id-falls: a later GOAWAY must not name a higher stream', () => {
    const bench = EngineBench.client();
    bench.open();
    bench.recv(goaway(1, 0), goaway(1, 0), goaway(3, 0));
    assert.equal(bench.ending(), 'PROTOCOL_ERROR');
    assert.equal(bench.events.at(-2), 'closed 1');
  });
});
