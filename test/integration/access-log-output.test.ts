import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, readSync, renameSync, rmdirSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { runCommandLine } from '../../src/cli/run.ts';
import { FileOutput } from '../../src/observability/access-log/log-output.ts';
import { freePort } from '../support/free-port.ts';
import { portOf } from '../support/rest-bridge.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(8000);
  while (!(await holds())) {
    deadline.throwIfAborted();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

const has = (path: string, lines: string): boolean => existsSync(path) && readFileSync(path, 'utf8') === lines;

const LINE = Buffer.from('line\n');

describe('what an access log is written to', () => {
  it('may be a pipe whose readers come and go', async () => {
    await using files = await writeTestFiles({});
    const path = files.path('pipe');
    await promisify(execFile)('mkfifo', [path]);
    const output = new FileOutput(path);
    await output.open();
    const write = async (): Promise<string> => {
      const { octets, error } = await output.write(LINE, 0, LINE.length);
      return `${octets} ${error !== null && 'code' in error ? String(error.code) : ''}`;
    };
    assert.equal(await write(), '0 ENXIO');
    for (const next of ['0 EPIPE', '0 EPIPE']) {
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      assert.equal(await write(), '5 ');
      assert.equal(readSync(reader, Buffer.alloc(64)), 5);
      closeSync(reader);
      assert.equal(await write(), next);
    }
    output.close();
  });

  it('is tried anew with each write when it cannot be opened again', async () => {
    await using files = await writeTestFiles({});
    const [path, moved] = [files.path('access.log'), files.path('access.log.1')];
    const output = new FileOutput(path);
    await output.open();
    renameSync(path, moved);
    mkdirSync(path);
    output.close();
    for (let tried = 0; tried < 2; tried++) {
      const { octets, error } = await output.write(LINE, 0, LINE.length);
      assert.deepEqual([octets, error !== null && 'code' in error && error.code], [0, 'EISDIR']);
    }
    rmdirSync(path);
    assert.deepEqual(await output.write(LINE, 0, LINE.length), { octets: LINE.length, error: null });
    output.close();
    assert.deepEqual([readFileSync(path, 'utf8'), readFileSync(moved, 'utf8')], ['line\n', '']);
  });

  it('gets whatever clients of HTTP/1.0 write, on one line each', async () => {
    await using files = await writeTestFiles({});
    const file = files.path('access.log');
    const bridge = await TestBridge.start({
      clusters: [{ name: 'none', discovery: { type: 'static', endpoints: ['127.0.0.1:1'] }, healthCheck: { type: 'none' } }],
      accessLog: { file, format: '%REQ(:METHOD)% %REQ(:PATH)% "%REQ(X-ODD)%" %PROTOCOL% %RESPONSE_CODE%' },
    });
    const values = ['a"b\\c', 'tab\tbed', 'gr\u00fcn', '  padded  ', ''];
    for (const value of values) {
      const socket = connect(portOf(bridge), '127.0.0.1');
      socket.end(Buffer.from(`PROPFIND /a"?q HTTP/1.0\r\nx-odd: ${value}\r\n\r\n`, 'latin1'));
      assert.match(await text(socket), /^HTTP\/1\.1 404 /);
    }
    await bridge[Symbol.asyncDispose]();
    const lines = readFileSync(file, 'latin1').split('\n').slice(0, -1);
    assert.deepEqual(
      lines,
      [String.raw`a\"b\\c`, String.raw`tab\x09bed`, 'gr\u00fcn', 'padded', ''].map(
        (value) => String.raw`PROPFIND /a\"?q "${value}" HTTP/1.0 404`,
      ),
    );
  });

  it('is opened anew on SIGUSR1, once log rotation has moved it away', async () => {
    await using files = await writeTestFiles({});
    const [file, moved] = [files.path('access.log'), files.path('access.log.1')];
    const [port, admin] = [await freePort(), await freePort()];
    const config = `
listeners: [{ name: only, address: "127.0.0.1:${port}" }]
admin: { address: "127.0.0.1:${admin}" }
clusters: [{ name: app, discovery: { type: static, endpoints: ["127.0.0.1:1"] } }]
accessLog: { file: "${file}", format: "%REQ(:PATH)%" }
drain: { delay: 0s, timeout: 0s }`;
    await using configs = await writeTestFiles({ 'bridge.yaml': config });
    const signals = new EventEmitter();
    const served = runCommandLine({
      argv: ['--config', configs.path('bridge.yaml')],
      environment: {},
      stdout: { write: () => undefined },
      stderr: { write: () => undefined },
      signals,
    });
    const call = async (path: string): Promise<boolean> =>
      fetch(`http://127.0.0.1:${port}${path}`).then(
        ({ status }) => status === 404,
        () => false,
      );
    await until(() => call('/before'));
    await until(() => has(file, '/before\n'));
    renameSync(file, moved);
    assert.ok(await call('/moved'));
    await until(() => has(moved, '/before\n/moved\n'));
    assert.ok(!existsSync(file));
    signals.emit('SIGUSR1');
    assert.ok(await call('/after'));
    await until(() => has(file, '/after\n'));
    assert.ok(has(moved, '/before\n/moved\n'));
    signals.emit('SIGTERM', 'SIGTERM');
    assert.equal(await served, 0);
    assert.equal(signals.listenerCount('SIGUSR1'), 0);
  });
});
