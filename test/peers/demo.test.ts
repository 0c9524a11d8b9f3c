import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child } from './support/child.ts';
import { curl } from './support/curl.ts';
import { eventually } from './support/eventually.ts';
import { builtTool } from './support/tools.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What `npm start` runs, as package.json has it, without npm: `node …` on the Node of the tests. */
function startCommand(): readonly string[] {
  const manifest: { readonly scripts: { readonly start: string } } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8'));
  const [program, ...args] = manifest.scripts.start.split(' ');
  assert.equal(program, 'node');
  return args;
}

/** The commands of the text that begin with this program, as arguments; single quotes are all that they quote with. */
function commandsOf(program: 'curl' | 'grpcurl', text: string): readonly (readonly string[])[] {
  return [...text.matchAll(new RegExp(`^ +${program} (.*)$`, 'gm'))].map(([, line = '']) =>
    [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? ''),
  );
}

// Its ports are fixed: 8080, 8443, 9902 and 9905 must be free.
describe('the demo', { timeout: 60_000 }, () => {
  it('answers everything that its text says to try, fails when told to, and returns', async () => {
    await using demo = await Child.start(process.execPath, startCommand(), { directory: ROOT });
    const started = performance.now();
    await demo.match('stdout', /Ctrl-C/);
    assert.ok(performance.now() - started < 10_000);
    const commands = commandsOf('curl', demo.stdout);
    const asking = commands.filter((args) => !args.includes('POST'));
    const posting = commands.filter((args) => args.includes('POST'));
    assert.ok(asking.length >= 4 && posting.length >= 3, demo.stdout);

    const healthz = 'http://localhost:8080/healthz';
    await eventually(
      'the demo is healthy',
      () => curl(healthz),
      (answer) => answer.status === 200,
    );
    for (const args of asking) {
      const answer = await curl(...args);
      assert.deepEqual([answer.exitCode, answer.status], [0, 200], `curl ${args.join(' ')}: ${answer.stderr}`);
    }
    const secure = await curl('-k', '--http2', 'https://localhost:8443/');
    assert.deepEqual([secure.status, secure.httpVersion, secure.body], [200, '2', 'ok']);
    const cleartext = await curl('--http2-prior-knowledge', 'http://localhost:8080/');
    assert.deepEqual([cleartext.status, cleartext.httpVersion], [200, '2']);

    // The text promises one call each, so that each goes to the next backend.
    const served: string[] = [];
    for (const args of commandsOf('grpcurl', demo.stdout)) {
      await using child = await Child.start(builtTool('grpcurl'), args, { directory: ROOT });
      assert.equal((await child.exit()).code, 0, `grpcurl ${args.join(' ')}: ${child.stderr}`);
      served.push([...new Set(child.stdout.match(/backend \d/g))].join(' and '));
    }
    assert.deepEqual(served.toSorted(), ['', 'backend 1', 'backend 2', 'backend 3']);

    const run = async (pattern: RegExp): Promise<void> => {
      const args = posting.find((candidate) => pattern.test(candidate.join(' ')));
      assert.ok(args !== undefined, `${pattern} in:\n${demo.stdout}`);
      assert.equal((await curl(...args)).status, 200);
    };
    await run(/backends\/1\/fail/);
    const one = await eventually(
      'one backend is shown as failing',
      () => curl(`${healthz}?verbose`),
      (answer) => /NOT_SERVING/.test(answer.body),
    );
    assert.equal(one.status, 200);
    assert.equal(one.body.match(/NOT_SERVING/g)?.length, 1, one.body);

    await run(/backends\/all\/fail/);
    const all = await eventually(
      'the demo is unhealthy',
      () => curl(`${healthz}?verbose`),
      (answer) => answer.status === 503 && answer.body.match(/NOT_SERVING/g)?.length === 3,
    );
    assert.match(all.body, /healthz check failed\n$/);
    assert.equal((await curl('-k', '--http2', 'https://localhost:8443/')).body, 'unavailable');

    await run(/backends\/all\/ok/);
    await eventually(
      'the demo is healthy again',
      () => curl(healthz),
      (answer) => answer.status === 200,
    );
    assert.equal((await curl('http://localhost:9902/metrics')).status, 200);

    demo.signal('SIGINT');
    assert.deepEqual(await demo.exit(), { code: 0, signal: null });
  });

  it('says in one line that a port is taken', async () => {
    await using first = await Child.start(process.execPath, startCommand(), { directory: ROOT });
    await first.match('stdout', /Ctrl-C/);
    await using second = await Child.start(process.execPath, startCommand(), { directory: ROOT });
    assert.equal((await second.exit()).code, 1);
    assert.match(second.stderr, /^[^\n]*127\.0\.0\.1:(8080|8443|9902|9905)[^\n]*(in use|EADDRINUSE)[^\n]*\n$/);
  });
});
