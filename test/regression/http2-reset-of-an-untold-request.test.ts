import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EngineBench } from '../support/http2/engine-bench.ts';
import { headers, requestBlock } from '../support/http2/wire.ts';

// The owner heard onReset and onStreamClosed of a stream that onHeaders had never named.
it('a request that announces content and ends without any is reset and not told', () => {
  const bench = EngineBench.server();
  assert.deepEqual(bench.recv(headers(1, requestBlock([['content-length', '5']]), 5)), ['RST_STREAM 1 1']);
  assert.deepEqual(bench.events, []);
});
