import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, type OutgoingHttpHeaders } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { AdminAccess } from '../../src/http/admin-access.ts';
import { createAdminApp } from '../../src/http/admin-app.ts';
import { createMetricsApp, type MetricsPage } from '../../src/http/metrics-app.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { quickCluster, TestBridge } from '../support/test-bridge.ts';

const ADMIN = { listener: 'admin' };
const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A server of the test, and how to ask it. */
async function listening(server: ReturnType<typeof createServer>): Promise<{ readonly port: number } & AsyncDisposable> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const ask = (port: number, path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5000), headers: { connection: 'close' } });

function failing(): never {
  throw new Error('no page');
}

describe('an answer of the admin listener', () => {
  it('is for this moment and for no other site, says what it is, and leaves the page nothing but its own files', async () => {
    await using backend = await GrpcBackend.start();
    await using test = await TestBridge.start({ clusters: [quickCluster('a', [backend.key])] });
    for (const [method, path, status, type, policy] of [
      ['GET', '/', 200, 'text/html; charset=utf-8', POLICY],
      ['GET', '/status.js', 200, 'text/javascript; charset=utf-8', POLICY],
      ['GET', '/status.json', 200, 'application/json', null],
      ['GET', '/clusters', 200, 'text/plain; charset=UTF-8', null],
      ['GET', '/clusters?format=json', 200, 'application/json', null],
      // As with Envoy.
      ['GET', '/clusters?format=other', 200, 'text/plain; charset=UTF-8', null],
      ['GET', '/config', 200, 'application/yaml', null],
      ['POST', '/config', 405, 'text/plain; charset=utf-8', null],
      ['POST', '/logging?level=loud', 400, 'text/plain; charset=utf-8', null],
    ] as const) {
      const answer = await test.get(path, { ...ADMIN, method });
      const { headers } = answer;
      const name = `${method} ${path}`;
      assert.deepEqual([answer.status, headers.get('content-type')], [status, type], name);
      assert.equal(headers.get('content-security-policy'), policy, name);
      assert.deepEqual(Object.fromEntries(Object.keys(HEADERS).map((field) => [field, headers.get(field)])), HEADERS, name);
    }
  });

  it('to /ready is INITIALIZING until a cluster has a result, and DRAINING from the drain on', async () => {
    await using silent = await listening(createServer((socket) => socket.resume()));
    await using test = await TestBridge.start({
      clusters: [quickCluster('a', [`127.0.0.1:${silent.port}`], { type: 'http', timeout: '5s', http: { path: '/' } })],
      drain: { delay: '5s', timeout: '0s' },
    });
    const ready = async (): Promise<string> => {
      const { status, body } = await test.get('/ready', ADMIN);
      return `${status} ${body}`;
    };
    assert.equal(await ready(), '503 INITIALIZING\n');
    await test.get('/drain', { ...ADMIN, method: 'POST' });
    assert.equal(await ready(), '503 DRAINING\n');
  });

  it('is 500 where a page has a defect, which is told of', async () => {
    const errors: string[] = [];
    const onError = ({ message }: Error): void => void errors.push(message);
    const metrics = createMetricsApp({ render: () => Promise.reject(new Error('no metrics')), onError });
    const app = createAdminApp({
      access: new AdminAccess({ allow: [], token: null }),
      pages: new Map([['/page', { method: 'GET', answer: failing }]]),
      metrics,
      health: metrics,
      onError,
    });
    await app.ready();
    await using server = await listening(createHttpServer(app.handler));
    for (const path of ['/page', '/metrics']) {
      const response = await ask(server.port, path);
      assert.deepEqual([response.status, (await response.text()).trim()], [500, 'internal error'], path);
    }
    assert.deepEqual(errors, ['no page', 'no metrics']);
    await app.close();
  });
});

describe('the admin listener over HTTP/2', () => {
  it('asks of :authority and origin what it asks of Host over HTTP/1.1', async () => {
    await using backend = await GrpcBackend.start();
    await using test = await TestBridge.start({ clusters: [quickCluster('a', [backend.key])] });
    await test.untilHealthy(true);
    const { host, port } = new URL(test.url('admin'));
    const client = connect(test.url('admin'));
    const codeOf = async (headers: OutgoingHttpHeaders): Promise<unknown> => {
      const stream = client
        .request(headers, { signal: AbortSignal.timeout(5000) })
        .resume()
        .end();
      const [answer] = await once(stream, 'response');
      return answer[':status'];
    };
    for (const [headers, code] of [
      [{ ':path': '/config' }, 200],
      [{ ':path': '/config', ':authority': `localhost:${port}` }, 200],
      [{ ':path': '/config', ':authority': `evil.example:${port}` }, 403],
      [{ ':path': '/metrics', ':authority': 'evil.example' }, 403],
      [{ ':path': '/healthcheck/fail' }, 405],
      [{ ':path': '/healthcheck/fail', ':method': 'POST', origin: 'http://evil.example' }, 403],
      [{ ':path': '/healthcheck/fail', ':method': 'POST', ':authority': 'evil.example' }, 403],
      [{ ':path': '/ready' }, 200],
      [{ ':path': '/healthcheck/fail', ':method': 'POST', origin: `http://${host}` }, 200],
      [{ ':path': '/ready' }, 503],
    ] as const) {
      assert.equal(await codeOf(headers), code, JSON.stringify(headers));
    }
    client.destroy();
  });
});

describe('scrapes at the same time', () => {
  it('are answered by one run for each format', async () => {
    const runs: string[] = [];
    const release = Promise.withResolvers<void>();
    const render = async (format: string): Promise<MetricsPage> => {
      runs.push(format);
      await release.promise;
      return { contentType: 'text/plain', body: `${runs.length}` };
    };
    const app = createMetricsApp({ render, onError: (error) => assert.fail(error) });
    await app.ready();
    let asked = 0;
    const asking = Promise.withResolvers<void>();
    await using server = await listening(
      createHttpServer((request, response) => {
        app.handler(request, response);
        if (++asked === 10) {
          asking.resolve();
        }
      }),
    );
    const scrapes = Array.from({ length: 10 }, () => ask(server.port, '/metrics'));
    await asking.promise;
    release.resolve();
    await Promise.all(scrapes.map(async (scrape) => (await scrape).text()));
    await (await ask(server.port, '/metrics')).text();
    assert.deepEqual(runs, ['text', 'text']);
    await app.close();
  });
});
