import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, it } from 'node:test';
import type { HealthClusterOptions, HttpCheckRequest } from '../../src/health/options.ts';
import { createEndpoint } from '../../src/model/endpoint.ts';
import { CheckerBench, localEndpoint } from '../support/health/checker-bench.ts';
import { httpCluster } from '../support/health/options.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { writeTestFiles } from '../support/test-files.ts';

const GOOD = { word: 'serving', reason: '', reached: 'answered' };

function benchOf({ endpoint }: Http1Endpoint, cluster: HealthClusterOptions = httpCluster()): CheckerBench {
  return new CheckerBench(endpoint, cluster);
}

function asking(http: Partial<HttpCheckRequest>): HealthClusterOptions {
  return httpCluster({ http: { path: '/health', host: null, expectedStatuses: [{ from: 200, to: 200 }], ...http } });
}

describe('http health checks', () => {
  it('ask by GET, on one connection that is kept', async () => {
    const asked: unknown[] = [];
    await using server = await Http1Endpoint.serve(({ method, url, headers }, response) => {
      asked.push([method, url, headers.host, headers['user-agent']]);
      response.end('fine');
    });
    await using bench = benchOf(server, asking({ path: '/health?full=1' }));
    for (let index = 0; index < 3; index += 1) {
      assert.deepEqual(await bench.check(), GOOD);
    }
    const { key } = server.endpoint;
    const request = ['GET', '/health?full=1', key, 'bridge-test/1'];
    assert.deepEqual(asked, [request, request, request]);
    assert.equal(server.accepted, 1);
  });

  for (const [name, cluster, hostname, wanted] of [
    ['the host of the configuration', asking({ host: 'app:8080' }), 'router.example.', 'app:8080'],
    ['the name that the endpoint was found by', asking({}), 'router.example.', 'router.example'],
  ] as const) {
    it(`name ${name}`, async () => {
      let host: string | undefined;
      await using server = await Http1Endpoint.serve(({ headers }, response) => {
        host = headers.host;
        response.end();
      });
      await using bench = new CheckerBench(createEndpoint(server.endpoint.address, hostname), cluster);
      assert.deepEqual(await bench.check(), GOOD);
      assert.equal(host, wanted);
    });
  }

  it('send metadata as headers, those of files too', async () => {
    await using files = await writeTestFiles({ token: 'Bearer s3cret\n' });
    const path = files.path('token');
    let headers: IncomingHttpHeaders = {};
    await using server = await Http1Endpoint.serve((request, response) => {
      ({ headers } = request);
      response.end();
    });
    const metadata = [
      { name: 'x-probe', value: { kind: 'text', text: 'bridge' } },
      { name: 'authorization', value: { kind: 'file', path } },
    ] as const;
    await using bench = benchOf(server, httpCluster({ metadata }));
    assert.deepEqual(await bench.check(), GOOD);
    assert.deepEqual([headers['x-probe'], headers.authorization], ['bridge', 'Bearer s3cret']);
  });

  it('say that metadata cannot be read, and ask nothing', async () => {
    await using server = await Http1Endpoint.serve(() => assert.fail('asked'));
    const metadata = [{ name: 'authorization', value: { kind: 'file', path: '/no/such/file' } }] as const;
    await using bench = benchOf(server, httpCluster({ metadata }));
    assert.deepEqual(await bench.check(), {
      word: 'setup_failed',
      reason: 'metadata authorization: /no/such/file cannot be read (ENOENT)',
      reached: 'none',
    });
  });

  for (const [status, expected, wanted] of [
    [200, [{ from: 200, to: 200 }], ''],
    [204, [{ from: 200, to: 200 }], 'HTTP 204'],
    [299, [{ from: 200, to: 299 }], ''],
    [300, [{ from: 200, to: 299 }], 'HTTP 300 (redirects are not followed)'],
    [503, [{ from: 200, to: 299 }], 'HTTP 503'],
    [
      401,
      [
        { from: 200, to: 204 },
        { from: 401, to: 401 },
      ],
      '',
    ],
  ] as const) {
    it(`take ${status} for ${wanted === '' ? 'healthy' : 'a clear no'} where ${JSON.stringify(expected)} is expected`, async () => {
      await using server = await Http1Endpoint.serve((_, response) => response.writeHead(status).end());
      await using bench = benchOf(server, asking({ expectedStatuses: expected }));
      const no = { word: 'not_serving', reason: wanted, reached: 'answered' };
      assert.deepEqual(await bench.check(), wanted === '' ? GOOD : no);
      assert.deepEqual(await bench.check(), wanted === '' ? GOOD : no);
      assert.equal(server.accepted, 1, 'an answer is no reason to connect again');
    });
  }

  it('judge a redirect, and do not follow it', async () => {
    await using server = await Http1Endpoint.serve((_, response) => response.writeHead(302, { location: '/other' }).end());
    await using bench = benchOf(server);
    assert.equal((await bench.check()).reason, 'HTTP 302 (redirects are not followed)');
    assert.equal(server.requests, 1);
  });

  it('find degraded what says so with an expected status', async () => {
    let status = 200;
    await using server = await Http1Endpoint.serve((_, response) => response.writeHead(status, { 'X-Envoy-Degraded': '' }).end());
    await using bench = benchOf(server);
    assert.deepEqual(await bench.check(), { word: 'degraded', reason: 'HTTP 200 with x-envoy-degraded', reached: 'answered' });
    status = 503;
    assert.equal(await bench.word(), 'not_serving');
  });

  it('take interim responses for no answer', async () => {
    await using server = await Http1Endpoint.serve((_, response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      response.end();
    });
    await using bench = benchOf(server);
    assert.deepEqual(await bench.check(), GOOD);
  });

  it('connect again for every check where the endpoint wants it so', async () => {
    await using server = await Http1Endpoint.serve((_, response) => response.setHeader('connection', 'close').end('x'));
    await using bench = benchOf(server);
    assert.deepEqual([await bench.check(), await bench.check()], [GOOD, GOOD]);
    assert.equal(server.accepted, 2);
  });

  it('take an answer of HTTP/1.0, which ends with its connection', async () => {
    await using server = await Http1Endpoint.script((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nfine'));
    await using bench = benchOf(server);
    assert.deepEqual([await bench.check(), await bench.check()], [GOOD, GOOD]);
  });

  it('connect again where the kept connection has ended between two checks', async () => {
    await using server = await Http1Endpoint.serve((_, response) => response.end());
    await using bench = benchOf(server);
    assert.deepEqual(await bench.check(), GOOD);
    for (const socket of server.sockets) {
      socket.destroy();
      await once(socket, 'close');
    }
    assert.deepEqual(await bench.check(), GOOD);
  });

  it('ask again on a fresh connection where a kept one breaks at the request', async () => {
    let answers = 1;
    await using server = await Http1Endpoint.script((socket) => {
      if (answers-- > 0) {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      } else {
        answers = 1;
        socket.destroy();
      }
    });
    await using bench = benchOf(server);
    assert.deepEqual([await bench.check(), await bench.check()], [GOOD, GOOD]);
    assert.equal(server.accepted, 2);
  });

  it('go to another port where one is given, and to unix sockets', async () => {
    await using files = await writeTestFiles({});
    const path = files.path('app.sock');
    await using onPort = await Http1Endpoint.serve((_, response) => response.end());
    let host: string | undefined;
    await using onPath = await Http1Endpoint.serve(
      ({ headers }, response) => {
        host = headers.host;
        response.end();
      },
      { path },
    );
    const { address } = onPort.endpoint;
    assert.ok(address.kind === 'tcp');
    await using elsewhere = new CheckerBench(localEndpoint(1), httpCluster({ port: address.port }));
    assert.deepEqual(await elsewhere.check(), GOOD);
    await using local = benchOf(onPath);
    assert.deepEqual(await local.check(), GOOD);
    assert.equal(host, 'localhost');
  });
});
