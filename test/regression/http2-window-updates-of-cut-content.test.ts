import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EngineBench } from '../support/http2/engine-bench.ts';
import { response } from '../support/http2/fields.ts';
import { headers, requestBlock, settings, windowUpdate } from '../support/http2/wire.ts';

// One call of sendData was counted as one frame, however many it was cut into: who acknowledged each of them was calmed down.
it('every frame that content is cut into entitles the peer to WINDOW_UPDATE frames', () => {
  const bench = EngineBench.server({}, { onHeaders: (stream) => stream.sendHeaders(response(), false) });
  bench.recv(settings([[4, 1_048_576]]), windowUpdate(0, 1_048_576), headers(1, requestBlock(), 5));
  bench.stream(1).sendData(Buffer.alloc(262_144), 0, 262_144, false);
  const frames = bench.take().filter((text) => text.startsWith('DATA'));
  assert.equal(frames.length, 16);
  for (const _ of frames) {
    bench.recv(windowUpdate(0, 16_384), windowUpdate(1, 16_384));
  }
  assert.equal(bench.ending(), 'open');
});
