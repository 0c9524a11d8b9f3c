import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { http2Request } from '../support/forward-bench.ts';
import { Http1Bench, http1Request, until } from '../support/http1-bench.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { RawClient } from '../support/raw-client.ts';

const MIB = 1_048_576;

/** An endpoint that answers every request with these octets, and then ends the connection if so asked. */
async function answering(
  octets: string,
  isEnd = false,
): Promise<{ readonly endpoint: Http1Endpoint; readonly bench: Http1Bench }> {
  const write = (socket: Socket): unknown => (isEnd ? socket.end(octets, 'latin1') : socket.write(octets, 'latin1'));
  const endpoint = await Http1Endpoint.script(write);
  return { endpoint, bench: await Http1Bench.start([endpoint.endpoint]) };
}

describe('responses of HTTP/1.1 endpoints', () => {
  for (const [name, head, status, length] of [
    ['200 to HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n', 200, '1234'],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 204, undefined],
    ['304 with the length of what it stands for', 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n', 304, undefined],
    ['200 of no length', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200, '0'],
  ] as const) {
    it(`have no content where they may have none: ${name}`, async () => {
      const { endpoint, bench } = await answering(head);
      await using _ = endpoint;
      await using __ = bench;
      const method = name.endsWith('HEAD') ? 'HEAD' : 'GET';
      const one = await http1Request(bench.port, { method });
      assert.deepEqual([one.status, one.headers['content-length'], one.body.length, one.isComplete], [status, length, 0, true]);
      const two = await http2Request(bench.port, { ':method': method });
      assert.deepEqual([two.status, two.headers['content-length'], two.body.length, two.code], [status, length, 0, 0]);
      assert.equal(two.isOneFrame, true);
    });
  }

  for (const [name, octets, isEnd] of [
    ['by their length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', false],
    ['by chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n', false],
    ['by the end of the connection', 'HTTP/1.1 200 OK\r\n\r\nhello', true],
    ['by the end of a connection of HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nhello', true],
  ] as const) {
    it(`are ended ${name}`, async () => {
      const { endpoint, bench } = await answering(octets, isEnd);
      await using _ = endpoint;
      await using __ = bench;
      const one = await http1Request(bench.port);
      assert.deepEqual([one.status, one.body.toString(), one.isComplete], [200, 'hello', true]);
      assert.ok(one.headers.date !== undefined, 'a date is added where there is none');
      const two = await http2Request(bench.port, {});
      assert.deepEqual([two.status, two.body.toString(), two.code, typeof two.headers['date']], [200, 'hello', 0, 'string']);
    });
  }

  for (const [name, octets] of [
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'],
    ['a length next to chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a coding that was not asked for', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['a line end within a field', 'HTTP/1.1 200 OK\r\nX-A: b\rX-C: d\r\nContent-Length: 0\r\n\r\n'],
    ['100 that nobody asked for', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ] as const) {
    it(`are answered with 502 when they break the protocol: ${name}`, async () => {
      const { endpoint, bench } = await answering(octets);
      await using _ = endpoint;
      await using __ = bench;
      const one = await http1Request(bench.port);
      const two = await http2Request(bench.port, {});
      assert.deepEqual([one.status, one.headers['x-health-bridge-error']], [502, 'upstream_protocol']);
      assert.deepEqual([two.status, two.headers['x-health-bridge-error']], [502, 'upstream_protocol']);
    });
  }

  it('bring their trailers to clients that take them', async () => {
    const { endpoint, bench } = await answering(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\nSet-Cookie: 9\r\n\r\n',
    );
    await using _ = endpoint;
    await using __ = bench;
    const two = await http2Request(bench.port, {});
    assert.deepEqual(
      [two.body.toString(), Object.entries(two.trailers), two.headers['trailer']],
      ['hi', [['x-sum', '7']], 'X-Sum'],
    );
    const one = await http1Request(bench.port, { headers: { te: 'trailers', connection: 'TE' } });
    assert.deepEqual([one.body.toString(), { ...one.trailers }], ['hi', { 'x-sum': '7' }]);
    const deaf = await http1Request(bench.port);
    assert.deepEqual([deaf.body.toString(), { ...deaf.trailers }], ['hi', {}]);
  });

  it('may be preceded by interim responses, but not for HTTP/1.0', async () => {
    const { endpoint, bench } = await answering(
      'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\nX: y\r\n\r\n' +
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
    );
    await using _ = endpoint;
    await using __ = bench;
    const one = await http1Request(bench.port);
    assert.deepEqual([one.interims, one.status, one.body.toString()], [[102, 103], 200, 'hi']);
    const session = connectHttp2(`http://127.0.0.1:${bench.port}`);
    const stream = session.request({});
    const interims: unknown[] = [];
    stream.on('headers', (fields) => interims.push([fields[':status'], fields['link'], fields['x']]));
    stream.resume();
    await once(stream, 'end');
    session.close();
    assert.deepEqual(interims, [
      [102, undefined, undefined],
      [103, '</a>', undefined],
    ]);
    using old = await RawClient.tcp(bench.port);
    old.write('GET / HTTP/1.0\r\n\r\n');
    assert.match(await old.untilOver(), /^HTTP\/1\.1 200 OK\r\n/);
  });

  it('reach clients of HTTP/1.0 without chunks, whose requests may name no host', async () => {
    const hosts: unknown[] = [];
    await using endpoint = await Http1Endpoint.serve((request, response) => {
      hosts.push(request.headers.host);
      response.write('a');
      response.end('b');
    });
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    using client = await RawClient.tcp(bench.port);
    client.write('GET / HTTP/1.0\r\n\r\n');
    const text = await client.untilOver();
    assert.doesNotMatch(text, /transfer-encoding/i);
    assert.match(text, /\r\n\r\nab$/);
    assert.deepEqual(hosts, [endpoint.endpoint.key]);
  });

  it('leave as soon as their header section has come', async () => {
    const { endpoint, bench } = await answering('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
    await using _ = endpoint;
    await using __ = bench;
    const request = httpRequest({ host: '127.0.0.1', port: bench.port, agent: false });
    request.end();
    const [response] = await once(request, 'response');
    for (const socket of endpoint.sockets) {
      socket.write('hello');
    }
    assert.equal(String((await response.toArray()).join('')), 'hello');
  });
});

describe('responses that come before the request has', () => {
  it('reach the client, and end the upload', async () => {
    const { endpoint, bench } = await answering('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig');
    await using _ = endpoint;
    await using __ = bench;
    const session = connectHttp2(`http://127.0.0.1:${bench.port}`);
    const stream = session.request({ ':method': 'POST', ':path': '/' });
    stream.write('part');
    stream.on('error', () => undefined);
    const [fields] = await once(stream, 'response');
    stream.resume();
    // NO_ERROR: RFC 9113, section 8.1.
    await once(stream, 'close');
    assert.deepEqual([fields[':status'], stream.rstCode], [413, 0]);
    session.close();
    const agent = new Agent({ keepAlive: true });
    const request = httpRequest({ host: '127.0.0.1', port: bench.port, method: 'POST', agent });
    request.write('part');
    const [response] = await once(request, 'response');
    assert.equal(response.statusCode, 413);
    // The rest, within limits, is thrown away, and the connection stays.
    request.end(Buffer.alloc(MIB / 2));
    assert.equal(String((await response.toArray()).join('')), 'big');
    await http1Request(bench.port, { agent });
    agent.destroy();
    assert.equal(request.reusedSocket, false);
    await bench.untilQuiet();
    await until(
      () => endpoint.sockets.size <= 1,
      () => 'connections whose requests were cut are of no use any more',
    );
  });

  it('end connections of HTTP/1.1 on which more than the limit follows', async () => {
    const { endpoint, bench } = await answering('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig');
    await using _ = endpoint;
    await using __ = bench;
    using client = await RawClient.tcp(bench.port);
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\nx');
    await client.until((text) => text.endsWith('big'));
    client.write(Buffer.alloc(MIB + 65_536));
    await client.untilOver();
  });
});

describe('100-continue', () => {
  it('is answered here, for either version, and not asked of the endpoint', async () => {
    const seen: unknown[] = [];
    await using endpoint = await Http1Endpoint.serve((request, response) => {
      seen.push(request.headers.expect);
      request.pipe(response);
    });
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    const one = await http1Request(
      bench.port,
      { method: 'POST', headers: { expect: '100-continue', 'content-length': '5' } },
      'hello',
    );
    assert.deepEqual([one.interims, one.body.toString()], [[100], 'hello']);
    const session = connectHttp2(`http://127.0.0.1:${bench.port}`);
    const stream = session.request({ ':method': 'POST', expect: '100-continue' });
    await once(stream, 'continue');
    stream.end('there');
    assert.equal((await stream.toArray()).join(''), 'there');
    session.close();
    assert.deepEqual(seen, [undefined, undefined]);
    const other = await http2Request(bench.port, { ':method': 'POST', expect: 'wonders' }, Buffer.from('x'));
    assert.deepEqual([other.status, other.headers['x-health-bridge-error']], [400, 'bad_request']);
  });
});
