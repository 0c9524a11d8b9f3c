import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineServer } from '../support/http2/engine-server.ts';
import { Child } from './support/child.ts';
import { eventually } from './support/eventually.ts';
import { builtTool } from './support/tools.ts';

/** What h2spec 2.2.1 has, strict cases included. */
const CASES = 146;

/** How long it waits for a frame. Seconds. */
const WAIT_S = '2';

describe('h2spec --strict', { timeout: 120_000 }, () => {
  for (const [over, isTls] of [
    ['cleartext', false],
    ['TLS', true],
  ] as const) {
    it(`passes whole over ${over}`, async () => {
      await using server = await EngineServer.start({ isTls });
      await using h2spec = await Child.start(builtTool('h2spec'), [
        '--strict',
        `--host=127.0.0.1`,
        `--port=${server.port}`,
        `--timeout=${WAIT_S}`,
        ...(isTls ? ['--tls', '--insecure'] : []),
      ]);
      await h2spec.exit(60_000);
      const [summary = 'no summary'] = /\d+ tests, .* failed/.exec(h2spec.stdout) ?? [];
      const failures = h2spec.stdout.slice(h2spec.stdout.lastIndexOf('Failures:'));
      assert.equal(summary, `${CASES} tests, ${CASES} passed, 0 skipped, 0 failed`, failures);
      await eventually(
        'all streams to end',
        () => server.unfinished,
        ({ streams, queued, unconsumed }) => streams + queued + unconsumed === 0,
      );
    });
  }
});
