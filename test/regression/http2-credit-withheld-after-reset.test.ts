import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EDGE_LIMITS } from '../../src/http2/index.ts';
import { EngineBench } from '../support/http2/engine-bench.ts';
import { data, headers, requestBlock, rstStream } from '../support/http2/wire.ts';

// When a reset freed the memory that connection credit had been withheld for, nothing asked for output: the peer waited for ever.
it('connection credit is given and announced when the stream that held it is reset by the peer', () => {
  const limits = { ...EDGE_LIMITS, maxUnconsumedBytes: 10_000 };
  const bench = EngineBench.server({ limits, connectionWindowBytes: 65_535 });
  bench.recv(headers(1, requestBlock()), ...Array.from({ length: 3 }, () => data(1, Buffer.alloc(16_384))));
  assert.ok(bench.connection.receiveWindow < 20_000);
  const { flushes } = bench;
  bench.connection.receive(rstStream(1, 8));
  assert.equal(bench.flushes, flushes + 1);
  assert.deepEqual(bench.take(), ['WINDOW_UPDATE 0 49152']);
});
