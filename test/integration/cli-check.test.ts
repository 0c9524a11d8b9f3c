import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { stringify } from 'yaml';
import type { CommandIo, Output, SignalSource, StopSignal } from '../../src/cli/command-io.ts';
import { runCommandLine } from '../../src/cli/run.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { quickCluster, TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';

const DEADLINE_MS = 5_000;
const QUICK = ['--rpc-timeout', '3s', '--connect-timeout', '2s', '--check-interval', '100ms'];
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z /gm;

/** A command that runs until it is told to end. */
class Running
  extends EventEmitter<{ text: []; SIGINT: [StopSignal]; SIGTERM: [StopSignal]; error: [] }>
  implements SignalSource, Output
{
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows = 6;
  readonly code: Promise<number>;
  text = '';

  constructor(argv: readonly string[], isTTY = false, columns = 60) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
    const io: CommandIo = { argv, environment: {}, stdout: this, stderr: this, signals: this };
    this.code = runCommandLine(io);
  }

  write(text: string): void {
    this.text += text;
    this.emit('text');
  }

  async until(pattern: RegExp): Promise<void> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    while (!pattern.test(this.text)) {
      await once(this, 'text', { signal }).catch(() => assert.fail(`no ${pattern} in ${JSON.stringify(this.text)}`));
    }
  }

  /** The exit code, and that nothing is left behind. */
  async end(signal: StopSignal): Promise<number> {
    this.emit(signal, signal);
    const code = await this.code;
    assert.deepEqual(this.eventNames(), []);
    return code;
  }
}

const watch = (backend: GrpcBackend, ...more: readonly string[]): string[] => [
  'check',
  '--watch',
  ...QUICK,
  '--backend',
  backend.key,
  ...more,
];

describe('check --json', () => {
  it('prints what ?format=json with full details says, and ends as without it', async () => {
    await using backend = await GrpcBackend.start({ services: { '': 'NOT_SERVING' } });
    const command = new Running(['check', '--json', ...QUICK, '--backend', backend.key]);
    assert.equal(await command.code, 4);
    const { status, checks } = JSON.parse(command.text);
    assert.equal(status, 'fail');
    assert.deepEqual([checks.default[0].componentId, checks.default[0].output], [backend.key, 'NOT_SERVING']);
    assert.match(command.text, /^[^\n]*\n$/);
  });
});

/** What a health+json document says, without what differs from moment to moment. */
function said(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => (MOMENTARY.has(key) ? undefined : value));
}
const MOMENTARY: ReadonlySet<string> = new Set([
  'time',
  'since',
  'observedValue',
  'observedUnit',
  'version',
  'releaseId',
  'process',
]);

describe('check', () => {
  for (const [what, health, code] of [
    ['healthy', { clusters: ['good', { name: 'bad', optional: true }] }, 0],
    ['unhealthy for one of two that count', { healthyWhen: 'all', clusters: ['good', 'bad'] }, 4],
    ['healthy for one of two that count', { clusters: ['good', 'bad'] }, 0],
    ['unhealthy by the share of endpoints', { clusters: ['half'] }, 4],
    ['unhealthy for want of endpoints', { clusters: ['empty'] }, 4],
  ] as const) {
    it(`says what the server says of the same configuration: ${what}`, async () => {
      await using up = await GrpcBackend.start();
      await using down = await GrpcBackend.start({ services: { '': 'NOT_SERVING' } });
      await using bare = await GrpcBackend.start({ health: false });
      await using files = await writeTestFiles({ 'none.yaml': '[]' });
      const config = {
        clusters: [
          quickCluster('good', [up.key, bare.key], { treat: { unimplemented: 'degraded' } }),
          quickCluster('bad', [down.key]),
          { ...quickCluster('half', [up.key, down.key]), healthyWhen: { percent: 60 } },
          { name: 'empty', discovery: { type: 'file', path: files.path('none.yaml') } },
        ],
        health: { ...health, groups: [{ name: 'both', healthyWhen: 'all', clusters: ['good', 'bad'] }] },
      };
      await using bridge = await TestBridge.start(config);
      while ((await bridge.get('/startupz')).status !== 200) {
        // The next answer tells.
      }
      const { status, body } = await bridge.get('/healthz?format=json', { listener: 'admin' });
      await writeFile(files.path('bridge.yaml'), stringify(config));
      const command = new Running(['check', '--json', '--config', files.path('bridge.yaml')]);
      assert.equal(await command.code, code);
      assert.equal(status, code === 0 ? 200 : 503);
      assert.deepEqual(said(command.text), said(body));
    });
  }
});

describe('what a backend says of itself', () => {
  /** As grpc-message writes it: what clears a terminal, with 8 bits as well, ends a line, and turns the direction of writing. */
  const MESSAGE = 'a%1B[2J%C2%9B2Jb%0D%0Ac%E2%80%AEd';
  const SAID = 'UNKNOWN: a [2J 2Jb c d';

  for (const [how, options, isTTY] of [
    ['once', [], true],
    ['once, as a document', ['--json'], true],
    ['in lines', ['--watch'], false],
    ['in documents', ['--watch', '--json'], true],
    ['on a terminal', ['--watch'], true],
  ] as const) {
    it(`cannot steer the terminal it is told on: ${how}`, async () => {
      await using server = createServer().on('stream', (stream) => {
        const fields = { 'content-type': 'application/grpc', 'grpc-status': '2', 'grpc-message': MESSAGE };
        stream.respond({ ':status': 200, ...fields }, { endStream: true });
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
      const { port } = server.address() as AddressInfo;
      const command = new Running(['check', ...options, ...QUICK, '--backend', `127.0.0.1:${port}`], isTTY, 200);
      await command.until(/UNKNOWN/);
      const isEnded = !options.some((option) => option === '--watch');
      assert.equal(isEnded ? await command.code : await command.end('SIGINT'), isEnded ? 3 : 130);
      assert.ok(command.text.includes(SAID), command.text);
      const own = ['\u001b[2J', '\u001b[H', '\u001b[K', '\u001b[J'];
      const foreign = own.reduce(
        (text, code) => (options.length === 1 && isTTY ? text.replaceAll(code, '') : text),
        command.text,
      );
      assert.doesNotMatch(foreign, /[^\P{C}\n]/u);
    });
  }
});

describe('check --watch', () => {
  it('tells every change in a line of its own, until SIGINT', async () => {
    await using backend = await GrpcBackend.start();
    const command = new Running(watch(backend));
    await command.until(/whole healthy/);
    backend.setStatus('', 'NOT_SERVING');
    await command.until(/whole unhealthy/);
    assert.equal(await command.end('SIGINT'), 130);
    assert.equal(
      command.text.replaceAll(TIME, ''),
      [
        `endpoint default ${backend.key} healthy`,
        'cluster default healthy: 1 of 1 healthy',
        'whole healthy',
        `endpoint default ${backend.key} unhealthy: NOT_SERVING`,
        'cluster default unhealthy: 0 of 1 healthy',
        'whole unhealthy',
        '',
      ].join('\n'),
    );
    assert.equal(command.text.match(TIME)?.length, 6);
  });

  it('writes a document for every change with --json, and ends by SIGTERM as well', async () => {
    await using backend = await GrpcBackend.start();
    const command = new Running(watch(backend, '--json'), true);
    await command.until(/"pass".*\n/);
    backend.setStatus('', 'NOT_SERVING');
    await command.until(/"fail".*\n/);
    assert.equal(await command.end('SIGTERM'), 143);
    const words = command.text
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line).status);
    assert.deepEqual(words, ['pass', 'fail']);
  });

  it('draws over itself on a terminal, and never more than it can show', async () => {
    await using backend = await GrpcBackend.start();
    const others = Array.from({ length: 8 }, (_, index) => ['--backend', `127.0.0.1:${index + 1}`]).flat();
    const command = new Running(watch(backend, ...others), true);
    await command.until(/healthy · last change/);
    await command.until(/\[\+\]default ok: 1 of 9 healthy/);
    backend.setStatus('', 'NOT_SERVING');
    await command.until(/\[-\]default failed: 0 of 9 healthy/);
    assert.equal(await command.end('SIGINT'), 130);
    const screens = command.text.split('\u001b[H').slice(1);
    assert.ok(screens.length >= 2);
    for (const screen of screens) {
      const lines = screen.replaceAll('\u001b[K', '').replace('\u001b[J', '').trimEnd().split('\n');
      assert.ok(lines.length < command.rows && lines.every((line) => line.length <= command.columns), screen);
    }
    assert.match(screens.at(-1) ?? '', /… \d+ more lines/);
    assert.equal(command.text.split('\u001b[2J').length, 2, 'cleared once');
  });

  it('ends as by SIGPIPE when nobody reads any longer', async () => {
    await using backend = await GrpcBackend.start();
    const command = new Running(watch(backend));
    await command.until(/whole healthy/);
    command.emit('error');
    assert.equal(await command.code, 141);
    assert.deepEqual(command.eventNames(), []);
  });
});
