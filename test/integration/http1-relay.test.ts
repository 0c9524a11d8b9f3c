import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, it } from 'node:test';
import { http2Request } from '../support/forward-bench.ts';
import { Http1Bench, http1Request, until } from '../support/http1-bench.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { RawClient } from '../support/raw-client.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly raw: readonly string[];
  readonly body: string;
}

/** An endpoint that keeps what it gets, and answers 201 with the content. */
async function start(): Promise<{ readonly endpoint: Http1Endpoint; readonly seen: Seen[]; readonly bench: Http1Bench }> {
  const seen: Seen[] = [];
  const tell: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      seen.push({ method: request.method ?? '', url: request.url ?? '', raw: request.rawHeaders, body: body.toString('latin1') });
      response.writeHead(201, { 'x-from': 'endpoint', 'keep-alive': 'timeout=60', 'proxy-connection': 'x' });
      response.end(body);
    });
  };
  const endpoint = await Http1Endpoint.serve(tell);
  return { endpoint, seen, bench: await Http1Bench.start([endpoint.endpoint]) };
}

/** `name: value`, in their order, without what says how the content is framed. */
function lines(raw: readonly string[]): string[] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${raw[index + 1]}`] : []));
}

describe('a route to an http1 cluster', () => {
  it('relays any method, path and content of HTTP/1.1 and HTTP/2', async () => {
    const { endpoint, seen, bench } = await start();
    await using _ = endpoint;
    await using __ = bench;
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND']) {
      const body = method === 'GET' || method === 'OPTIONS' ? null : Buffer.from(`${method} content`);
      const text = body?.toString() ?? '';
      const one = await http1Request(bench.port, { method, path: '/a%2Fb/../c?q=1' }, body);
      assert.deepEqual([one.status, one.headers['x-from'], one.body.toString()], [201, 'endpoint', text]);
      const two = await http2Request(bench.port, { ':method': method, ':path': '/a%2Fb/../c?q=1' }, body);
      assert.deepEqual([two.status, two.headers['x-from'], two.body.toString(), two.code], [201, 'endpoint', text, 0]);
      for (const request of seen.splice(0)) {
        assert.deepEqual([request.method, request.url, request.body], [method, '/a%2Fb/../c?q=1', text]);
      }
    }
    await bench.untilQuiet();
    const call = bench.log.ended[3];
    assert.deepEqual(
      [call?.route, call?.cluster, call?.httpStatus, call?.requestOctets, call?.responseOctets, call?.endpoint?.key],
      ['all', 'test', 201, 12, 12, endpoint.endpoint.key],
    );
  });

  it('keeps Host and all other fields, and takes away those of one connection', async () => {
    const { endpoint, seen, bench } = await start();
    await using _ = endpoint;
    await using __ = bench;
    using client = await RawClient.tcp(bench.port);
    client.write(
      'GET /x HTTP/1.1\r\nHost: shop.test:81\r\nX-Two: a\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n' +
        'Upgrade: websocket\r\nProxy-Connection: x\r\nX-Two: b\r\nTrailer: X-T\r\nX-Octets: \xe9\r\n\r\n',
    );
    const text = await client.untilOver();
    assert.match(text, /^HTTP\/1\.1 201 Created\r\n/);
    assert.match(text, /\r\nconnection: close\r\n/i);
    assert.doesNotMatch(text, /proxy-connection|timeout=60/i);
    assert.deepEqual(lines(seen[0]?.raw ?? []), [
      'host: shop.test:81',
      'connection: keep-alive',
      'X-Two: a',
      'X-Two: b',
      'X-Octets: \xe9',
      'x-forwarded-proto: http',
      'x-forwarded-for: 127.0.0.1',
    ]);
    const answer = await http2Request(bench.port, {
      ':authority': 'api.test',
      cookie: ['a=1', 'b=2'],
      te: 'trailers',
      'x-forwarded-for': '10.0.0.9',
    });
    assert.equal(answer.status, 201);
    assert.deepEqual(Object.keys(answer.headers).sort(), [':status', 'date', 'x-from']);
    assert.deepEqual(lines(seen[1]?.raw ?? []), [
      'host: api.test',
      'connection: keep-alive',
      'cookie: a=1; b=2',
      'x-forwarded-proto: http',
      'x-forwarded-for: 10.0.0.9, 127.0.0.1',
    ]);
  });

  it('frames the content anew: by its length if that is known, else in chunks', async () => {
    const { endpoint, seen, bench } = await start();
    await using _ = endpoint;
    await using __ = bench;
    const framing = (): string[] =>
      lines(seen.shift()?.raw ?? []).filter((line) => /^(content-length|transfer-encoding)/i.test(line));
    await http1Request(bench.port, { method: 'POST', headers: { 'content-length': '3' } }, 'abc');
    await http1Request(bench.port, { method: 'DELETE', headers: { 'content-length': '3' } }, 'abc');
    assert.deepEqual([...framing(), ...framing()], ['content-length: 3', 'content-length: 3']);
    using client = await RawClient.tcp(bench.port);
    client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n');
    // What the endpoint says is that content has come; only then is there an end of it.
    await until(
      () => endpoint.requests === 3,
      () => 'no request',
    );
    client.write('0\r\n\r\n');
    await client.untilOver();
    assert.deepEqual(framing(), ['transfer-encoding: chunked']);
    await http1Request(bench.port, { method: 'POST' });
    assert.deepEqual(framing(), ['content-length: 0']);
    await http2Request(bench.port, { ':method': 'POST', 'content-length': '3' }, Buffer.from('abc'));
    assert.deepEqual(framing(), ['content-length: 3']);
    await http2Request(bench.port, { ':method': 'POST' }, Buffer.alloc(100_000, 'x'));
    assert.deepEqual(framing(), ['transfer-encoding: chunked']);
    await http2Request(bench.port, { ':method': 'GET' });
    assert.deepEqual(framing(), []);
  });

  it('uses a connection again, for one request at a time, and balances over the endpoints', async () => {
    const { endpoint, bench } = await start();
    await using _ = endpoint;
    await using __ = bench;
    for (let count = 0; count < 5; count++) {
      await http1Request(bench.port);
      await http2Request(bench.port, {});
    }
    assert.deepEqual([endpoint.accepted, bench.cluster.connections], [1, 1]);
    await using second = await Http1Endpoint.serve((_request, response) => response.end('second'));
    bench.cluster.update([endpoint.endpoint, second.endpoint].map((each) => ({ endpoint: each, state: 'healthy' })));
    const answers: string[] = [];
    for (let count = 0; count < 6; count++) {
      answers.push((await http1Request(bench.port)).body.toString());
    }
    assert.equal(answers.filter((answer) => answer === 'second').length, 3);
    bench.cluster.update([
      { endpoint: endpoint.endpoint, state: 'unhealthy' },
      { endpoint: second.endpoint, state: 'healthy' },
    ]);
    await Promise.all(
      Array.from({ length: 4 }, async () => assert.equal((await http1Request(bench.port)).body.toString(), 'second')),
    );
  });

  it('answers pipelined requests in their order', async () => {
    const { endpoint, bench } = await start();
    await using _ = endpoint;
    await using __ = bench;
    using client = await RawClient.tcp(bench.port);
    client.write(
      'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\noneGET /2 HTTP/1.1\r\nHost: a\r\n\r\n' +
        'POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nthree\r\n0\r\n\r\n',
    );
    const text = await client.untilOver();
    assert.equal(text.split('HTTP/1.1 201 Created').length, 4);
    assert.deepEqual(
      text.match(/\r\n\r\n\d\r\n(?:\w+\r\n)?/g)?.map((part) => part.trim()),
      ['3\r\none', '0', '5\r\nthree'],
    );
  });

  it('keeps fields that come several times and octets that are no ASCII, also while the listener drains', async () => {
    const text = Buffer.from('d\u00e0').toString('latin1');
    await using endpoint = await Http1Endpoint.script((socket) => {
      const octets = `HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-A: ${text} \r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n`;
      socket.write(octets, 'latin1');
    });
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    for (const connection of ['close', 'close']) {
      const one = await http1Request(bench.port);
      assert.deepEqual(
        [one.headers['set-cookie'], one.headers['x-a'], one.headers.connection],
        [['a=1', 'b=2'], text, connection],
      );
      const two = await http2Request(bench.port, {});
      assert.deepEqual([two.headers['set-cookie'], two.headers['x-a']], [['a=1', 'b=2'], text]);
      bench.listener.startDrain();
    }
  });
});
