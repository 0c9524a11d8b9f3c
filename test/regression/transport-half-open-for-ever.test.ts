import assert from 'node:assert/strict';
import { it } from 'node:test';
import { data, headers } from '../support/http2/wire.ts';
import { callBlock, OwnHealthBench, requestOf, servingState } from '../support/own-health-bench.ts';
import { FrameType } from '../support/raw-client.ts';

const HALF_OPEN_MS = 30_000;

// A client whose process had ended kept its connection and its stream for as long as nothing was to be said on them.
it('a client that has ended its side is let go some time after the last word to it', async () => {
  await using bench = await OwnHealthBench.start();
  const { clock } = bench.listener;
  using client = await bench.open();
  const said = (): number => client.frames().filter(({ type }) => type === FrameType.DATA).length;
  client.write(headers(1, callBlock('Watch'))).write(data(1, requestOf(''), 1));
  await client.until(() => said() === 1);
  client.end();
  await clock.advance(HALF_OPEN_MS / 2);
  bench.become(servingState(false));
  await client.until(() => said() === 2);
  let waitedMs = 0;
  for (; bench.service.watches > 0; waitedMs += 1000) {
    assert.ok(waitedMs < 10 * HALF_OPEN_MS, 'for ever');
    await clock.advance(1000);
  }
  assert.ok(
    waitedMs >= HALF_OPEN_MS - 1000,
    `whoever only said that there is nothing more to ask still gets answers, for ${waitedMs} ms`,
  );
  await client.untilOver();
  await bench.listener.untilConnections({});
  assert.equal(bench.service.watches, 0);
});
