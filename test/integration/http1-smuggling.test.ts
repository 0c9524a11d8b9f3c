import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { Http1Bench, until } from '../support/http1-bench.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { FrameFlag, FrameType, fieldBlock, frame, H2_PREFACE, RawClient } from '../support/raw-client.ts';

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\n';
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';

/** An endpoint that keeps every request, and whether its content came to an end. */
async function start(): Promise<{
  readonly endpoint: Http1Endpoint;
  readonly bench: Http1Bench;
  readonly requests: IncomingMessage[];
}> {
  const requests: IncomingMessage[] = [];
  const endpoint = await Http1Endpoint.serve((request, response) => {
    requests.push(request);
    request.on('error', () => undefined);
    request.resume();
    request.once('end', () => response.end('ok'));
  });
  return { endpoint, requests, bench: await Http1Bench.start([endpoint.endpoint]) };
}

/** Requests whose end can be seen in two places, or nowhere: each is refused, and nothing of it reaches the endpoint. */
const AMBIGUOUS: readonly (readonly [name: string, text: string, status: number])[] = [
  [
    'Content-Length next to Transfer-Encoding',
    `${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    400,
  ],
  [
    'Transfer-Encoding next to Content-Length',
    `${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 60\r\n\r\n0\r\n\r\n${HIDDEN}`,
    400,
  ],
  ['two lengths', `${HEAD}Content-Length: 0\r\nContent-Length: 33\r\n\r\n${HIDDEN}`, 400],
  ['a length with a sign', `${HEAD}Content-Length: +33\r\n\r\n${HIDDEN}`, 400],
  ['a list of lengths', `${HEAD}Content-Length: 33, 33\r\n\r\n${HIDDEN}`, 400],
  ['a coding that hides chunked', `${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 501],
  ['chunked that is not the last coding', `${HEAD}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['a coding before chunked', `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
  ['chunked twice', `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['a coding in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['space before the colon', `${HEAD}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['a folded line', `${HEAD}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ['a target with a fragment', 'GET /a#/../b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an absolute target with a fragment', 'GET http://a/b#c HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['HTTP/2 in words of HTTP/1', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 400],
  ['a target with user information', 'GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
];

describe('HTTP/1.1 requests that could be understood in two ways', () => {
  for (const [name, text, status] of AMBIGUOUS) {
    it(`end with ${status}: ${name}`, async () => {
      const { endpoint, bench, requests } = await start();
      await using _ = endpoint;
      await using __ = bench;
      using client = await RawClient.tcp(bench.port);
      client.write(text);
      const answer = await client.untilOver();
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
      assert.equal(answer.split('HTTP/1.1').length, 2, answer);
      await bench.untilQuiet();
      assert.deepEqual(
        requests.filter((request) => request.complete || request.url === '/hidden').map(({ url }) => url),
        [],
      );
    });
  }

  it('do not reach the endpoint as complete when a chunk is broken', async () => {
    const { endpoint, bench, requests } = await start();
    await using _ = endpoint;
    await using __ = bench;
    using client = await RawClient.tcp(bench.port);
    client.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`);
    await until(
      () => requests.length === 1,
      () => 'no request',
    );
    client.write(`0x1\r\nz\r\n0\r\n\r\n${HIDDEN}`);
    assert.match(await client.untilOver(), /^HTTP\/1\.1 400 /);
    await bench.untilQuiet();
    await until(
      () => endpoint.sockets.size === 0,
      () => 'the endpoint still waits for the rest',
    );
    assert.deepEqual(
      requests.map(({ url, complete }) => [url, complete]),
      [['/', false]],
    );
  });

  it('take the authority of an absolute target, not that of Host', async () => {
    const { endpoint, bench, requests } = await start();
    await using _ = endpoint;
    await using __ = bench;
    using client = await RawClient.tcp(bench.port);
    client.write('GET http://target.test:81?q HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n');
    await client.untilOver();
    assert.deepEqual([requests[0]?.url, requests[0]?.headers.host], ['/?q', 'target.test:81']);
  });

  it('are no tunnels', async () => {
    const { endpoint, bench, requests } = await start();
    await using _ = endpoint;
    await using __ = bench;
    using client = await RawClient.tcp(bench.port);
    client.write('CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n');
    assert.match(await client.untilOver(), /^HTTP\/1\.1 501 /);
    assert.equal(requests.length, 0);
  });
});

type Fields = readonly (readonly [string, string])[];

const POST: Fields = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'a'],
];

/** HTTP/2 requests that would say something else in HTTP/1.1. */
const LIES: readonly (readonly [name: string, fields: Fields, content: string])[] = [
  ['a length that is too short', [...POST, ['content-length', '1']], HIDDEN],
  ['a length that is too long', [...POST, ['content-length', '9']], 'abc'],
  ['a length of nothing with content', [...POST, ['content-length', '0']], HIDDEN],
  ['two lengths', [...POST, ['content-length', '3'], ['content-length', '4']], 'abc'],
  ['Transfer-Encoding', [...POST, ['transfer-encoding', 'chunked']], '0\r\n\r\n'],
  ['Connection', [...POST, ['connection', 'x']], 'abc'],
  ['a line end in a value', [...POST, ['x-a', `b\r\n\r\n${HIDDEN}`]], 'abc'],
  [
    'a line end in the path',
    [POST[0] ?? ['', ''], [':scheme', 'http'], [':path', '/ HTTP/1.1\r\nx: y'], [':authority', 'a']],
    '',
  ],
  ['a space in the path', [POST[0] ?? ['', ''], [':scheme', 'http'], [':path', '/ HTTP/1.1'], [':authority', 'a']], ''],
  [
    'a space in the method',
    [
      [':method', 'GET /x'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'a'],
    ],
    '',
  ],
];

describe('HTTP/2 requests that lie about HTTP/1.1', () => {
  for (const [name, fields, content] of LIES) {
    it(`are reset or refused: ${name}`, async () => {
      const { endpoint, bench, requests } = await start();
      await using _ = endpoint;
      await using __ = bench;
      using client = await RawClient.tcp(bench.port);
      client.write(
        Buffer.concat([
          H2_PREFACE,
          frame(FrameType.SETTINGS, 0, 0),
          frame(FrameType.HEADERS, FrameFlag.END_HEADERS, 1, fieldBlock(fields)),
          frame(FrameType.DATA, FrameFlag.END_STREAM, 1, Buffer.from(content, 'latin1')),
        ]),
      );
      await client.until(() => client.frames().some(({ type, streamId }) => streamId === 1 && type !== FrameType.WINDOW_UPDATE));
      const [first] = client.frames().filter(({ type, streamId }) => streamId === 1 && type !== FrameType.WINDOW_UPDATE);
      // PROTOCOL_ERROR, or a header section with a status of 400.
      assert.ok(
        first?.type === FrameType.RST_STREAM ? first.payload.readUInt32BE(0) === 1 : first?.payload.toString('latin1') !== '',
      );
      await bench.untilQuiet();
      assert.deepEqual(
        requests.filter((request) => request.complete || request.url !== '/'),
        [],
      );
    });
  }

  it('are no tunnels', async () => {
    const { endpoint, bench, requests } = await start();
    await using _ = endpoint;
    await using __ = bench;
    using client = await RawClient.tcp(bench.port);
    const connect = fieldBlock([
      [':method', 'CONNECT'],
      [':authority', 'a:80'],
    ]);
    client.write(
      Buffer.concat([H2_PREFACE, frame(FrameType.SETTINGS, 0, 0), frame(FrameType.HEADERS, FrameFlag.END_HEADERS, 1, connect)]),
    );
    await client.untilFrame(FrameType.HEADERS, 1);
    assert.match(client.text, /CONNECT is not implemented/);
    assert.equal(requests.length, 0);
  });
});
