import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Child } from './support/child.ts';
import { NghttpServer } from './support/nghttp-server.ts';
import { startRelay } from './support/relay.ts';
import { writeTlsFiles } from './support/tls-files.ts';
import { builtTool } from './support/tools.ts';
import { WorkFolder } from './support/work-folder.ts';

/** What h2spec 2.2.1 has, strict cases included. */
const CASES = 146;

/** How long it waits for a frame. Seconds. */
const WAIT_S = '2';

describe('h2spec --strict through the forwarder', { timeout: 180_000 }, () => {
  for (const [over, isTls] of [
    ['cleartext', false],
    ['TLS', true],
  ] as const) {
    it(`passes whole over ${over}, with nghttpd behind it`, async () => {
      await using folder = await WorkFolder.create();
      const { server: pair } = await writeTlsFiles(folder);
      await using backend = await NghttpServer.start();
      await using relay = await startRelay({ backends: [backend.address], ...(isTls ? { listenTls: pair } : {}) });
      await using h2spec = await Child.start(builtTool('h2spec'), [
        '--strict',
        '--host=127.0.0.1',
        `--port=${relay.port}`,
        `--timeout=${WAIT_S}`,
        ...(isTls ? ['--tls', '--insecure'] : []),
      ]);
      await h2spec.exit(80_000);
      const [summary = 'no summary'] = /\d+ tests, .* failed/.exec(h2spec.stdout) ?? [];
      const failures = h2spec.stdout.slice(h2spec.stdout.lastIndexOf('Failures:'));
      assert.equal(summary, `${CASES} tests, ${CASES} passed, 0 skipped, 0 failed`, failures);
      relay.child.assertRunning();
    });
  }
});
