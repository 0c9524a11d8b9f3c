import assert from 'node:assert/strict';
import type { ServerHttp2Stream } from 'node:http2';
import { describe, it } from 'node:test';
import { createEndpoint } from '../../src/model/endpoint.ts';
import { parseCertificate } from '../../src/tls/certificate-store.ts';
import { ForwardBench, type ForwardOptions, http2Request } from '../support/forward-bench.ts';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { FrameType, frame, getRequest, H2_PREFACE, RawClient } from '../support/raw-client.ts';
import { testTls } from '../support/tls.ts';

/** Answers with the request's header fields, in order, and its content. */
function tell(stream: ServerHttp2Stream): void {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => {
    stream.respond({ ':status': 201, 'x-from': 'endpoint' });
    stream.end(Buffer.concat(chunks));
  });
}

/** A bench whose endpoint tells what fields it gets. */
async function start(options: ForwardOptions = {}): Promise<{ bench: ForwardBench; backend: NodeHttp2Backend; seen: Fields[] }> {
  const seen: Fields[] = [];
  const backend = await NodeHttp2Backend.start({
    onStream: (stream, fields) => {
      seen.push(fields);
      tell(stream);
    },
  });
  return { backend, seen, bench: await ForwardBench.start([backend.endpoint], options) };
}

type Fields = Readonly<Record<string, string | string[] | undefined>>;

const HEALTH: ForwardOptions = { listener: { isHealthPath: (path) => path === '/' || path.startsWith('/healthz') } };

describe('HTTP/2 requests that are not gRPC', () => {
  it('are relayed where a route matches: any method, path, query and content', async () => {
    const { bench, backend, seen } = await start();
    await using _ = backend;
    await using __ = bench;
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'X-OWN']) {
      const body = method === 'GET' || method === 'OPTIONS' ? null : Buffer.from(`${method} content`);
      const answer = await http2Request(bench.port, { ':method': method, ':path': '/a%2Fb/../c?q=1', 'x-y': 'z' }, body);
      assert.deepEqual(
        [answer.status, answer.headers['x-from'], answer.body.toString()],
        [201, 'endpoint', body?.toString() ?? ''],
      );
      const fields = seen.at(-1);
      assert.deepEqual([fields?.[':method'], fields?.[':path'], fields?.['x-y']], [method, '/a%2Fb/../c?q=1', 'z']);
    }
    const call = await bench.untilEnded(7);
    assert.deepEqual([call.isGrpc, call.grpcStatus, call.httpStatus, call.route, call.cluster], [false, -1, 201, 'all', 'test']);
  });

  it('may be HEAD, with the length of what GET would bring', async () => {
    await using backend = await NodeHttp2Backend.start({
      onStream: (stream) => {
        stream.respond({ ':status': 200, 'content-length': '1234' });
        stream.end();
      },
    });
    await using bench = await ForwardBench.start([backend.endpoint]);
    const answer = await http2Request(bench.port, { ':method': 'HEAD' });
    assert.deepEqual([answer.status, answer.headers['content-length'], answer.body.length], [200, '1234', 0]);
  });

  it('get 503 without a healthy endpoint, and with one that refuses connections', async () => {
    await using bench = await ForwardBench.start([]);
    const none = await http2Request(bench.port, {});
    assert.deepEqual(
      [none.status, none.headers['x-health-bridge-error'], none.body.toString()],
      [503, 'no_upstream', 'no healthy upstream\n'],
    );
    bench.upstream.use(createEndpoint({ kind: 'tcp', host: '127.0.0.1', port: 1 }, null));
    const refused = await http2Request(bench.port, {});
    assert.deepEqual([refused.status, refused.headers['x-health-bridge-error']], [503, 'connect_failed']);
    const head = await http2Request(bench.port, { ':method': 'HEAD' });
    assert.deepEqual([head.status, head.body.length], [503, 0]);
  });

  it('get 502 when the endpoint is lost before it answers, RST_STREAM when it is lost later', async () => {
    let count = 0;
    await using backend = await NodeHttp2Backend.start({
      onStream: (stream) => {
        if (++count === 1) {
          stream.session?.destroy();
          return;
        }
        stream.respond({ ':status': 200 });
        stream.write('half', () => stream.session?.destroy());
      },
    });
    await using bench = await ForwardBench.start([backend.endpoint]);
    const lost = await http2Request(bench.port, {});
    assert.deepEqual([lost.status, lost.headers['x-health-bridge-error']], [502, 'connection_lost']);
    await bench.upstream.connected(2);
    const cut = await http2Request(bench.port, {});
    assert.equal(cut.status, 200);
    // INTERNAL_ERROR.
    assert.equal(cut.code, 2);
  });

  it('get 504 after the timeout of their route', async () => {
    await using backend = await NodeHttp2Backend.start({ onStream: () => undefined });
    await using bench = await ForwardBench.start([backend.endpoint], { routes: [{ timeoutMs: 60 }] });
    const answer = await http2Request(bench.port, {});
    assert.deepEqual([answer.status, answer.headers['x-health-bridge-error']], [504, 'route_timeout']);
    await bench.untilQuiet();
  });

  it('get 404 from the local handler where no route matches', async () => {
    await using bench = await ForwardBench.start([], { routes: [] });
    const answer = await http2Request(bench.port, { ':path': '/none?x' });
    assert.deepEqual([answer.status, answer.body.toString()], [200, '2.0 GET /none?x ']);
    assert.deepEqual(bench.log.started, []);
  });
});

describe('routes of a listener', () => {
  it('take requests in their order, by path, authority and headers', async () => {
    const { bench, backend } = await start({
      routes: [
        { name: 'exact', path: { kind: 'exact', value: '/pkg.A/One' } },
        {
          name: 'canary',
          path: { kind: 'prefix', value: '/pkg.A/' },
          headers: [{ name: 'x-canary', kind: 'exact', value: '1' }],
        },
        { name: 'host', authority: 'api.example' },
        { name: 'rest', path: { kind: 'prefix', value: '/pkg.A/' } },
      ],
    });
    await using _ = backend;
    await using __ = bench;
    const rows: readonly (readonly [headers: Record<string, string>, route: string])[] = [
      [{ ':path': '/pkg.A/One' }, 'exact'],
      [{ ':path': '/pkg.A/One?x=1', 'x-canary': '1' }, 'exact'],
      [{ ':path': '/pkg.A/Two', 'x-canary': '1' }, 'canary'],
      [{ ':path': '/pkg.A/Two', 'x-canary': '2' }, 'rest'],
      [{ ':path': '/pkg.A/Two', ':authority': 'API.example:8443' }, 'host'],
      [{ ':path': '/other', ':authority': 'api.example' }, 'host'],
      [{ ':path': '/pkg.A/Two', ':authority': 'api.example', 'x-canary': '1' }, 'canary'],
    ];
    // Twice: the second time from what was learnt of the paths.
    for (const [headers, route] of [...rows, ...rows]) {
      assert.equal((await http2Request(bench.port, headers)).status, 201);
      assert.equal(bench.log.ended.at(-1)?.route, route, JSON.stringify(headers));
    }
    assert.equal((await http2Request(bench.port, { ':path': '/pkg.B/' })).status, 200, 'local');
  });

  it('lose against health URLs for GET and HEAD alone', async () => {
    const { bench, backend } = await start(HEALTH);
    await using _ = backend;
    await using __ = bench;
    for (const path of ['/', '/healthz', '/healthz/router?verbose']) {
      for (const method of ['GET', 'HEAD']) {
        assert.equal((await http2Request(bench.port, { ':method': method, ':path': path })).status, 200);
      }
      assert.equal((await http2Request(bench.port, { ':method': 'POST', ':path': path }, Buffer.from('x'))).status, 201);
    }
    assert.equal((await http2Request(bench.port, { ':path': '/livez' })).status, 201);
    assert.equal(bench.log.started.length, 4);
  });

  it('answer HTTP/1.1 with 502, health URLs and what no route takes aside', async () => {
    const { bench, backend } = await start({ ...HEALTH, routes: [{ path: { kind: 'prefix', value: '/pkg' } }] });
    await using _ = backend;
    await using __ = bench;
    const rows: readonly (readonly [request: string, answer: RegExp])[] = [
      ['GET /', /^HTTP\/1\.1 200 [^]*1\.1 GET \/ $/],
      ['GET /pkg.A/One', /^HTTP\/1\.1 502 [^]*x-health-bridge-error: wrong_protocol[^]*HTTP\/2 only\n/],
      ['POST http://host/pkg.A/One', /^HTTP\/1\.1 502 /],
      ['GET /other', /^HTTP\/1\.1 200 [^]*GET \/other $/],
    ];
    for (const [request, answer] of rows) {
      using client = await RawClient.tcp(bench.port);
      assert.match(await client.write(`${request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`).untilOver(), answer);
    }
    assert.deepEqual(bench.log.localReplies, ['wrong_protocol', 'wrong_protocol']);
  });
});

describe('headers of relayed requests', () => {
  const cases: readonly (readonly [
    what: string,
    options: NonNullable<ForwardOptions['listener']>['forwardedHeaders'],
    given: Record<string, string | string[]>,
    seen: Record<string, string | RegExp | undefined>,
  ])[] = [
    [
      'are marked by default',
      undefined,
      {},
      { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-request-id': undefined },
    ],
    [
      'keep what came before, and our word is the last',
      undefined,
      { 'x-forwarded-for': '203.0.113.7, 10.0.0.1', 'x-forwarded-proto': 'https', 'x-request-id': 'mine' },
      { 'x-forwarded-for': '203.0.113.7, 10.0.0.1, 127.0.0.1', 'x-forwarded-proto': 'https', 'x-request-id': 'mine' },
    ],
    [
      'may be replaced',
      { forwardedFor: 'replace', requestId: 'replace' },
      { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https', 'x-request-id': 'mine' },
      { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-request-id': /^[0-9a-f-]{36}$/ },
    ],
    [
      'may be kept',
      { forwardedFor: 'keep', requestId: 'create' },
      { 'x-request-id': 'mine' },
      { 'x-forwarded-for': undefined, 'x-forwarded-proto': undefined, 'x-request-id': 'mine' },
    ],
    ['may get an identifier', { forwardedFor: 'keep', requestId: 'create' }, {}, { 'x-request-id': /^[0-9a-f-]{36}$/ }],
  ];
  for (const [what, forwardedHeaders, given, expected] of cases) {
    it(what, async () => {
      const { bench, backend, seen } = await start(forwardedHeaders === undefined ? {} : { listener: { forwardedHeaders } });
      await using _ = backend;
      await using __ = bench;
      const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      // Three times: what is met again is shared from then on.
      for (let time = 0; time < 3; time++) {
        await http2Request(bench.port, { ':authority': 'api.example', traceparent: trace, tracestate: 'a=b', ...given });
        const fields = seen[time];
        assert.deepEqual(
          [fields?.[':authority'], fields?.['traceparent'], fields?.['tracestate']],
          ['api.example', trace, 'a=b'],
        );
        for (const [name, value] of Object.entries(expected)) {
          if (value instanceof RegExp) {
            assert.match(String(fields?.[name]), value);
          } else {
            assert.equal(fields?.[name], value, name);
          }
        }
      }
    });
  }

  it('tell that the client speaks TLS', async () => {
    const { server } = await testTls();
    const certificate = parseCertificate(server.cert.toString(), server.key.toString());
    const { bench, backend, seen } = await start({ listener: { tls: { certificate } } });
    await using _ = backend;
    await using __ = bench;
    using client = await RawClient.tls(bench.port, { ALPNProtocols: ['h2'] });
    client.write(Buffer.concat([H2_PREFACE, frame(FrameType.SETTINGS, 0, 0), getRequest()]));
    await client.untilFrame(FrameType.HEADERS, 1);
    assert.equal(seen[0]?.['x-forwarded-proto'], 'https');
  });
});
