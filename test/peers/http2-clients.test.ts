import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { EngineServer } from '../support/http2/engine-server.ts';
import { Child } from './support/child.ts';
import { curl } from './support/curl.ts';
import { eventually } from './support/eventually.ts';
import { writeTlsFiles } from './support/tls-files.ts';
import { builtTool } from './support/tools.ts';
import { WorkFolder } from './support/work-folder.ts';

const BODY = 'answered by the engine\n';

/** Every way to reach the server: over TLS, and in cleartext by prior knowledge. */
const WAYS = [
  { isTls: false, scheme: 'http', curlFlags: ['--http2-prior-knowledge'] },
  { isTls: true, scheme: 'https', curlFlags: ['-k', '--http2'] },
] as const;

/** Nothing is left of any stream once its client has gone. */
async function assertFinished(server: EngineServer): Promise<void> {
  const nothing = { streams: 0, queued: 0, unconsumed: 0 };
  const left = await eventually(
    'all streams to end',
    () => server.unfinished,
    ({ streams }) => streams === 0,
  );
  assert.deepEqual(left, nothing);
}

/** Runs a program that must succeed, and gives what it printed. */
async function run(command: string, args: readonly string[]): Promise<string> {
  await using child = await Child.start(command, args);
  const { code } = await child.exit(60_000);
  assert.equal(code, 0, child.stdout + child.stderr);
  return child.stdout;
}

describe('clients of the engine', { timeout: 120_000 }, () => {
  for (const { isTls, scheme, curlFlags } of WAYS) {
    it(`curl gets answers, echoes and trailers over ${scheme}`, async () => {
      await using server = await EngineServer.start({ isTls });
      await using folder = await WorkFolder.create();
      const origin = `${scheme}://127.0.0.1:${server.port}`;
      const get = await curl(...curlFlags, `${origin}/a/path?query=1`);
      assert.deepEqual([get.exitCode, get.status, get.httpVersion, get.body], [0, 200, '2', BODY], get.stderr);
      const head = await curl(...curlFlags, '--head', origin);
      assert.deepEqual([head.exitCode, head.headers.get('content-length'), head.body], [0, String(BODY.length), '']);
      const file = await folder.write('upload', randomBytes(300_000).toString('base64'));
      const echo = await curl(...curlFlags, '--data-binary', `@${file}`, '-H', 'x-echo-one: 1', `${origin}/echo`);
      assert.deepEqual([echo.exitCode, echo.status, echo.headers.get('x-echo-one')], [0, 200, '1'], echo.stderr);
      assert.ok(echo.body.length >= 400_000);
      // curl itself sends no section of 64 KiB, which is the other limit.
      const many = Array.from({ length: 130 }, (_, index) => ['-H', `x-many-${index}: ${index}`]);
      const large = await curl(...curlFlags, ...many.flat(), origin);
      assert.deepEqual([large.exitCode, large.status], [0, 431], large.stderr);
      await assertFinished(server);
    });

    it(`nghttp gets many streams and trailers over ${scheme}`, async () => {
      await using server = await EngineServer.start({ isTls });
      await using folder = await WorkFolder.create();
      const file = await folder.write('upload', Buffer.alloc(100_000, 0x61));
      const origin = `${scheme}://127.0.0.1:${server.port}`;
      const answers = await run('nghttp', ['--no-verify-peer', '--multiply=90', origin]);
      assert.equal(answers, BODY.repeat(90));
      const echo = await run('nghttp', ['--no-verify-peer', '--verbose', '--no-dep', `--data=${file}`, `${origin}/echo`]);
      assert.match(echo, /grpc-status: 0/);
      assert.equal((echo.match(/a{100}/g) ?? []).length > 900, true);
      await assertFinished(server);
    });

    it(`h2load has every one of 4 000 echoes succeed over ${scheme}`, async () => {
      await using server = await EngineServer.start({ isTls });
      await using folder = await WorkFolder.create();
      const file = await folder.write('upload', Buffer.alloc(70_000, 0x62));
      const origin = `${scheme}://127.0.0.1:${server.port}`;
      const summary = await run('h2load', ['-n', '4000', '-c', '4', '-m', '20', '-d', file, `${origin}/echo`]);
      assert.match(summary, /4000 done, 4000 succeeded, 0 failed, 0 errored/);
      assert.match(summary, /\(280000000\) data/);
      await assertFinished(server);
    });

    it(`grpc-go makes calls of every shape over ${scheme}`, async () => {
      await using server = await EngineServer.start({ isTls });
      await using folder = await WorkFolder.create();
      const tls = isTls ? ['-ca', (await writeTlsFiles(folder)).ca, '-name', 'localhost'] : [];
      const line = await run(builtTool('echoclient'), ['-target', `127.0.0.1:${server.port}`, ...tls]);
      const results: Record<string, string> = JSON.parse(line);
      assert.equal(Object.keys(results).length, 8);
      assert.deepEqual(new Set(Object.values(results)), new Set(['ok']), line);
      await assertFinished(server);
    });
  }
});
