import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { FileOutput } from '../../src/observability/access-log/log-output.ts';
import { portOf } from '../support/rest-bridge.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';

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
});
