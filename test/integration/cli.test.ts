import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import type { SignalSource, StopSignal } from '../../src/cli/command-io.ts';
import { runCommandLine } from '../../src/cli/run.ts';
import { freePort } from '../support/free-port.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { writeTestFiles } from '../support/test-files.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Signals that a test sends to a command in its own process. */
class TestSignals extends EventEmitter implements SignalSource {
  send(signal: StopSignal): void {
    this.emit(signal, signal);
  }
}

async function run(argv: readonly string[], signals = new TestSignals()): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  const code = await runCommandLine({
    argv,
    environment: {},
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    signals,
  });
  assert.equal(signals.eventNames().filter((name) => name === 'SIGINT' || name === 'SIGTERM').length, 0);
  return { code, stdout, stderr };
}

const QUICK = ['--rpc-timeout', '500ms', '--connect-timeout', '300ms'];

function check(...args: readonly string[]): Promise<Ended> {
  return run(['check', ...QUICK, ...args]);
}

describe('check', () => {
  it('exits 0 for a healthy backend and prints it', async () => {
    await using backend = await GrpcBackend.start();
    const { code, stdout, stderr } = await check('--backend', backend.key);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout, `[+]default ok\n    [+]${backend.key} ok\nhealthz check passed\n`);
    assert.equal(backend.checks, 1);
  });

  it('exits 4 when one answered and it is unhealthy', async () => {
    await using backend = await GrpcBackend.start({ services: { '': 'NOT_SERVING' } });
    const { code, stdout } = await check('--backend', backend.key, '--backend', '127.0.0.1:1');
    assert.equal(code, 4);
    assert.match(stdout, new RegExp(`\\[-\\]${backend.key} unhealthy since [^ ]+: NOT_SERVING`));
    assert.match(stdout, /127\.0\.0\.1:1 unhealthy since [^ ]+: connection refused/);
    assert.match(stdout, /healthz check failed\n$/);
    await using bare = await GrpcBackend.start({ health: false });
    assert.equal((await check('--backend', bare.key)).code, 4);
    assert.equal((await check('--backend', bare.key, '--service', 'none')).code, 4);
  });

  it('exits 3 when one was connected to and none answered', async () => {
    await using backend = await GrpcBackend.start();
    backend.check = { kind: 'hang' };
    backend.watch = { kind: 'hang' };
    assert.equal((await check('--backend', backend.key)).code, 3);
    assert.equal((await check('--backend', backend.key, '--backend', '127.0.0.1:1')).code, 3);
  });

  it('exits 2 when none was connected to', async () => {
    assert.equal((await check('--backend', '127.0.0.1:1')).code, 2);
  });

  it('exits 1 for what is no configuration, with every problem', async () => {
    const { code, stderr } = await run([
      'check',
      '--backend',
      '127.0.0.1:1',
      '--check-interval',
      'soon',
      '--rpc-timeout',
      'never',
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /^--check-interval: .*\n--rpc-timeout: .*\n$/);
    assert.equal((await run(['check'])).code, 1);
    assert.equal((await run(['check', '--backend', '127.0.0.1:1', '--backend-ca-cert', '/nonexistent/ca.crt'])).code, 1);
  });

  it('--self asks /livez, whatever the backends are, and fails without a bridge', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    for (const listen of [address, `tls://${address}`]) {
      const flags = ['--listen', listen, '--backend', '127.0.0.1:1'];
      const dead = await run(['check', '--self', ...flags]);
      assert.deepEqual([dead.code, dead.stdout], [1, '']);
      assert.match(dead.stderr, /^[^\n]*refused[^\n]*\n$/i);
      await using files = await writeTestFiles({
        'bridge.yaml': `admin: { address: '127.0.0.1:0' }\ndrain: { delay: 0s }\nlogging: { level: silent }`,
      });
      const signals = new TestSignals();
      const served = run(['--config', files.path('bridge.yaml'), ...flags], signals);
      let alive = await run(['check', '--self', ...flags]);
      while (alive.code !== 0) {
        alive = await run(['check', '--self', ...flags]);
      }
      assert.equal(alive.stdout, `${address}/livez answers 200\n`);
      signals.send('SIGTERM');
      assert.equal((await served).code, 0);
    }
  });
});

describe('serve', () => {
  it('ends with 128 + the number of a second signal', async () => {
    for (const [second, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      await using files = await writeTestFiles({
        'bridge.yaml': `admin: { address: '127.0.0.1:0' }\ndrain: { delay: 1h }\nlogging: { level: silent }`,
      });
      const signals = new TestSignals();
      const listening = once(signals, 'newListener');
      const served = run(['--config', files.path('bridge.yaml'), '--listen', '127.0.0.1:0', '--backend', '127.0.0.1:1'], signals);
      await listening;
      // The first may come while addresses are still being bound.
      signals.send('SIGTERM');
      signals.send(second);
      assert.equal((await served).code, code);
    }
  });

  it('exits 1 with one line when an address is taken', async () => {
    const port = await freePort();
    const { code, stderr } = await run(['--listen', `203.0.113.1:${port}`, '--backend', '127.0.0.1:1']);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^listener [^\n]*203\\.0\\.113\\.1:${port}[^\n]*\n$`));
  });
});

describe('the other commands', () => {
  it('validate says that all is well, or shows what is in force', async () => {
    const flags = ['--listen', '127.0.0.1:8080', '--backend', '127.0.0.1:1'];
    assert.deepEqual(await run(['validate', ...flags]), { code: 0, stdout: 'the configuration is valid\n', stderr: '' });
    const { stdout } = await run(['validate', '--print', ...flags]);
    assert.match(stdout, /^listeners:\n {2}- name: listener-0\n {4}address: 127\.0\.0\.1:8080\n/);
    const bad = await run(['validate', '--backend', '127.0.0.1:1']);
    assert.deepEqual([bad.code, bad.stdout], [1, '']);
    assert.match(bad.stderr, /^--listen|^listeners/);
  });

  it('schema is JSON', async () => {
    const { code, stdout } = await run(['schema']);
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).$schema, 'https://json-schema.org/draft/2020-12/schema');
  });

  it('--version and --help', async () => {
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    assert.match((await run(['--version'])).stdout, new RegExp(`^grpc-health-bridge ${manifest.version} `));
    const help = await run(['--help']);
    assert.deepEqual([help.code, help.stderr], [0, '']);
    assert.match(help.stdout, /^Usage: /);
  });
});
