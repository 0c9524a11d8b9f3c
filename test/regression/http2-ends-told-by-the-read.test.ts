import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EngineBench } from '../support/http2/engine-bench.ts';
import { response } from '../support/http2/fields.ts';
import { goaway, headers, ping, requestBlock } from '../support/http2/wire.ts';

const make = (): EngineBench => EngineBench.server({}, { onHeaders: (stream) => stream.sendHeaders(response(), true) });

// Ends were told when a read had been taken, so what the owner heard, and what was answered, depended on how reads were cut.
it('the owner hears of an end before the next frame, and a connection that is over answers nothing', () => {
  const frames = [headers(1, requestBlock(), 5), headers(3, requestBlock(), 5), goaway(0, 0), ping()];
  const [together, apart] = [make(), make()];
  const sent = together.recvTogether(...frames);
  assert.deepEqual(apart.recv(...frames), sent);
  assert.deepEqual(together.events, ['headers 1 end', 'closed 1', 'headers 3 end', 'closed 3', 'goaway 0 0', 'close gracefully']);
  assert.deepEqual(apart.events, together.events);
  assert.deepEqual(sent, ['HEADERS 1 END', 'HEADERS 3 END', 'GOAWAY 3 0']);
});
