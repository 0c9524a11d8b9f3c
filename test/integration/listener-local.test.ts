import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_IGNORED_OCTETS } from '../../src/proxy/local-call.ts';
import type { LocalHandler } from '../../src/proxy/local-handler.ts';
import type { RequestHandler } from '../../src/proxy/request-handler.ts';
import { ForwardBench, http2Request } from '../support/forward-bench.ts';
import { open, sections, story, untilEnd } from '../support/forward-client.ts';
import { block, data, headers, requestBlock, windowUpdate } from '../support/http2/wire.ts';
import { FrameType } from '../support/raw-client.ts';

const POST = block([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/x'],
  [':authority', 'test'],
]);

/** Tells what it was asked, in every way that a response can be made. */
const telling: RequestHandler = (request, response) => {
  const { remoteAddress } = request.socket;
  switch (request.url ?? '') {
    case '/head':
      response.writeHead(203, 'Fine', { 'X-One': ['a', 'b'], 'content-length': 4, connection: 'close' });
      response.end('1234');
      return;
    case '/flat':
      response.writeHead(200, ['x-flat', 'yes']);
      response.write('6162', 'hex');
      response.write(Buffer.from('c'), () => response.end(() => undefined));
      return;
    case '/destroy':
      response.destroy(new Error('given up'));
      return;
    case '/empty':
      response.statusCode = 204;
      response.end();
      return;
    default:
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.end(
        JSON.stringify({ ...request.headers, remoteAddress, method: request.method, httpVersion: request.httpVersion }),
      );
  }
};

const unusable: LocalHandler = async ({ path }) => {
  if (path === '/reject') {
    throw new Error('no');
  }
  return { status: 200, headers: [['bad name', 'x']], body: Buffer.alloc(0) };
};

describe('a request over HTTP/2 that is answered here', () => {
  it('shows the handler who asks and what, as HTTP/1.x would', async () => {
    await using bench = await ForwardBench.start([], { routes: [], listener: { requestHandler: telling } });
    const answer = await http2Request(
      bench.port,
      {
        ':path': '/any',
        ':authority': 'api.example:80',
        cookie: ['a=1', 'b=2'],
        'x-dup': ['1', '2'],
        'content-type': 'text/plain',
      },
      Buffer.from('ignored'),
    );
    assert.deepEqual(JSON.parse(answer.body.toString()), {
      host: 'api.example:80',
      cookie: 'a=1; b=2',
      'x-dup': '1, 2',
      remoteAddress: '127.0.0.1',
      method: 'GET',
      httpVersion: '2.0',
    });
    assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
    assert.equal(answer.headers['content-length'], String(answer.body.length));
    assert.ok(!Number.isNaN(Date.parse(String(answer.headers['date']))));
  });

  it('takes responses however they are made', async () => {
    await using bench = await ForwardBench.start([], { routes: [], listener: { requestHandler: telling } });
    const head = await http2Request(bench.port, { ':path': '/head' });
    assert.deepEqual(
      [head.status, head.headers['x-one'], head.headers['connection'], head.body.toString()],
      [203, 'a, b', undefined, '1234'],
    );
    const flat = await http2Request(bench.port, { ':path': '/flat' });
    assert.deepEqual([flat.status, flat.headers['x-flat'], flat.body.toString()], [200, 'yes', 'abc']);
    const empty = await http2Request(bench.port, { ':path': '/empty' });
    assert.deepEqual([empty.status, empty.body.length], [204, 0]);
    const bare = await http2Request(bench.port, { ':path': '/head', ':method': 'HEAD' });
    assert.deepEqual([bare.status, bare.headers['content-length'], bare.body.length], [203, '4', 0]);
    const destroyed = await http2Request(bench.port, { ':path': '/destroy' });
    assert.deepEqual([destroyed.status, destroyed.headers['x-health-bridge-error']], [500, 'internal']);
    assert.deepEqual(
      bench.log.errors.splice(0).map(({ message }) => message),
      ['given up'],
    );
  });

  it('may have a handler of its own, whose rejection is 500, as is an answer that HTTP does not allow', async () => {
    await using bench = await ForwardBench.start([], { routes: [], listener: { localHandler: unusable } });
    for (const path of ['/reject', '/bad']) {
      assert.equal((await http2Request(bench.port, { ':path': path })).status, 500);
    }
    assert.equal(bench.log.errors.splice(0).length, 2);
  });

  it('is answered when its content has come, which is read away', async () => {
    await using bench = await ForwardBench.start([], { routes: [] });
    using client = await open(bench);
    client.write(Buffer.concat([headers(1, POST), data(1, 'x'.repeat(1000))]));
    await bench.upstream.until(() => bench.listener.requestsInFlight === 1, 'in flight');
    assert.deepEqual(story(client), []);
    client.write(data(1, 'y', 1));
    assert.deepEqual((await untilEnd(client)).at(0), 'HEADERS');
  });

  it('with more content than is ignored is answered, and the client told to stop', async () => {
    await using bench = await ForwardBench.start([], { routes: [] });
    using client = await open(bench);
    client.write(headers(1, POST));
    for (let sent = 0; sent <= MAX_IGNORED_OCTETS; sent += 16_000) {
      client.write(data(1, Buffer.alloc(16_000)));
      await client.until(
        () => sent < 32_000 || client.frames().some(({ type, streamId }) => type === FrameType.WINDOW_UPDATE && streamId === 1),
      );
    }
    const reset = await client.untilFrame(FrameType.RST_STREAM, 1);
    assert.equal(reset.payload.readUInt32BE(0), 0);
    assert.deepEqual([story(client)[0], story(client).at(-2)?.endsWith('END')], ['HEADERS', true]);
  });

  it('whose content never ends is answered 408', async () => {
    await using bench = await ForwardBench.start([], {
      routes: [],
      listener: { limits: { headersTimeoutMs: 3000, requestTimeoutMs: 3000 } },
    });
    using client = await open(bench);
    client.write(Buffer.concat([headers(1, POST), data(1, 'x')]));
    await bench.upstream.until(() => bench.listener.requestsInFlight === 1, 'in flight');
    await bench.upstream.shift(3100);
    await client.untilFrame(FrameType.RST_STREAM, 1);
    assert.match(sections(client)[0] ?? '', /^:status: 408\n/);
  });

  it('with a header section above the limits is answered 431', async () => {
    await using bench = await ForwardBench.start([], { routes: [] });
    using client = await open(bench);
    client.write(headers(1, requestBlock(Array.from({ length: 125 }, (_, index) => [`x-${index}`, 'y'] as const)), 5));
    await untilEnd(client);
    assert.match(sections(client)[0] ?? '', /^:status: 431\n[^]*headers_too_large$/);
  });

  it('gets a body of any size as it reads it', async () => {
    const body = Buffer.alloc(3_000_000, 'abcdefg');
    await using bench = await ForwardBench.start([], {
      routes: [],
      listener: { localHandler: async () => ({ status: 200, headers: [], body }) },
    });
    assert.ok((await http2Request(bench.port, {})).body.equals(body));
    using client = await open(bench);
    client.write(headers(1, POST, 5));
    await client.until(() => story(client).length >= 4);
    client.write(Buffer.concat([windowUpdate(1, 4_000_000), windowUpdate(0, 4_000_000)]));
    assert.match((await untilEnd(client)).at(-1) ?? '', /^DATA \d+ END$/);
  });

  it('as gRPC with an unknown method is answered 12 in one frame', async () => {
    await using bench = await ForwardBench.start([], { routes: [] });
    for (const contentType of ['application/grpc', 'application/grpc+proto', 'application/grpc;x=y']) {
      const answer = await http2Request(bench.port, { ':method': 'POST', ':path': '/a/b', 'content-type': contentType });
      assert.deepEqual(
        [answer.status, answer.headers['grpc-status'], answer.headers['x-health-bridge-error'], answer.isOneFrame],
        [200, '12', 'no_route', true],
      );
    }
    const web = await http2Request(bench.port, { ':method': 'POST', ':path': '/a/b', 'content-type': 'application/grpc-web' });
    assert.match(web.body.toString(), /^2\.0 POST/);
    assert.deepEqual(bench.log.localReplies, ['no_route', 'no_route', 'no_route']);
  });
});
