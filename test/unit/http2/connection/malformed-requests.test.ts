import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { block, data, headers, requestBlock } from '../../../support/http2/wire.ts';

const END = 0x5;

const request = (...extra: [string, string][]): Buffer => requestBlock(extra);

describe('malformed requests', () => {
  const cases: readonly (readonly [string, Buffer])[] = [
    ['an upper-case name', request(['X-A', '1'])],
    ['a connection-specific field', request(['connection', 'close'])],
    [
      'te with another value',
      block([
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', '/'],
        ['te', 'gzip'],
      ]),
    ],
    [
      'no :path',
      block([
        [':method', 'GET'],
        [':scheme', 'http'],
      ]),
    ],
    ['a pseudo-header behind others', request([':path', '/'])],
    [
      'a response pseudo-header',
      block([
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', '/'],
        [':status', '200'],
      ]),
    ],
  ];
  for (const [name, fields] of cases) {
    it(`${name} is reset and not told`, () => {
      const bench = EngineBench.server();
      assert.deepEqual(bench.recv(headers(1, fields, END)), ['RST_STREAM 1 1']);
      assert.deepEqual(bench.events, []);
      assert.equal(bench.connection.liveStreams, 0);
    });
  }

  it('H2-1.4-trailers-end: trailers that do not end the stream, or hold pseudo-headers, reset it', () => {
    for (const [fields, flags] of [
      [block([['a', 'b']]), 0x4],
      [block([[':path', '/']]), END],
    ] as const) {
      const bench = EngineBench.server();
      assert.deepEqual(bench.recv(headers(1, requestBlock()), headers(1, fields, flags)), ['RST_STREAM 1 1']);
      assert.deepEqual(bench.events, ['headers 1', 'reset 1 1 engine', 'closed 1']);
    }
  });

  for (const [name, frames] of [
    ['more content than content-length', [headers(1, request(['content-length', '3'])), data(1, 'four')]],
    ['less content than content-length', [headers(1, request(['content-length', '3'])), data(1, 'no', 1)]],
    [
      'less content before trailers',
      [headers(1, request(['content-length', '3'])), data(1, 'no'), headers(1, block([['a', 'b']]), END)],
    ],
  ] as const) {
    it(`${name} resets the stream before the owner sees the end`, () => {
      const bench = EngineBench.server();
      assert.deepEqual(bench.recv(...frames), ['RST_STREAM 1 1']);
      assert.ok(!bench.events.some((event) => event.includes('end') || event.includes('trailers')));
      assert.deepEqual(bench.events.slice(-2), ['reset 1 1 engine', 'closed 1']);
    });
  }

  it('content-length without content is refused, and an exact one is not', () => {
    const bench = EngineBench.server();
    assert.deepEqual(bench.recv(headers(1, request(['content-length', '1']), END)), ['RST_STREAM 1 1']);
    assert.deepEqual(
      bench.recv(
        headers(3, request(['content-length', '3'])),
        data(3, 'abc', 1),
        headers(5, request(['content-length', '0']), END),
      ),
      [],
    );
  });
});
