import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createEndpoint, type Endpoint } from '../../src/model/endpoint.ts';
import { http2Request } from '../support/forward-bench.ts';
import { askBoth, Http1Bench, http1Request, until } from '../support/http1-bench.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { RawClient } from '../support/raw-client.ts';

/** Nobody listens there. */
const NOBODY: Endpoint = createEndpoint({ kind: 'tcp', host: '127.0.0.1', port: 1 }, null);

describe('requests that reach no endpoint', () => {
  it('get 503 while none is healthy, or there is none', async () => {
    await using bench = await Http1Bench.start([]);
    assert.deepEqual(await askBoth(bench), [503, 'no_upstream', 'no healthy upstream\n']);
    bench.cluster.update([{ endpoint: NOBODY, state: 'unhealthy' }]);
    assert.deepEqual(await askBoth(bench), [503, 'no_upstream', 'no healthy upstream\n']);
    const head = await http1Request(bench.port, { method: 'HEAD' });
    assert.deepEqual([head.status, head.body.length], [503, 0]);
    assert.deepEqual(
      bench.log.localReplies,
      Array.from({ length: 5 }, () => 'no_upstream'),
    );
  });

  it('get 503 when all refuse the connection, and each was tried once', async () => {
    const other = createEndpoint({ kind: 'unix', path: '/nonexistent/http1.sock' }, null);
    await using bench = await Http1Bench.start([NOBODY, other]);
    assert.deepEqual(await askBoth(bench), [503, 'connect_failed', 'no upstream can be connected to\n']);
    assert.deepEqual(
      bench.events.toSorted(),
      [
        'failed connect_failed: connection refused',
        'failed connect_failed: connection refused',
        'failed connect_failed: no such socket file',
        'failed connect_failed: no such socket file',
      ].toSorted(),
    );
  });

  it('come back to an endpoint that refused the connection when a health check passes', async () => {
    const path = join(tmpdir(), `http1-back-${process.pid}.sock`);
    const ill = createEndpoint({ kind: 'unix', path }, null);
    await using good = await Http1Endpoint.serve((_request, response) => response.end());
    await using bench = await Http1Bench.start([ill, good.endpoint], {});
    for (let request = 0; request < 2; request++) {
      assert.equal((await http1Request(bench.port)).status, 200);
    }
    assert.equal(good.requests, 2);
    await using revived = await Http1Endpoint.serve((_request, response) => response.end(), { path });
    bench.cluster.onCheckPassed(ill.key);
    for (let request = 0; request < 2; request++) {
      assert.equal((await http1Request(bench.port)).status, 200);
    }
    assert.equal(revived.requests, 1);
  });

  it('try so many endpoints only', async () => {
    const nobodies = Array.from({ length: 9 }, (_, index) =>
      createEndpoint({ kind: 'tcp', host: '127.0.0.1', port: index + 1 }, null),
    );
    await using bench = await Http1Bench.start(nobodies);
    assert.equal((await http1Request(bench.port)).headers['x-health-bridge-error'], 'connect_failed');
    assert.equal(bench.events.length, 8);
  });

  it('go with all their content to another endpoint when one refuses the connection', async () => {
    await using endpoint = await Http1Endpoint.serve((request, response) => request.pipe(response));
    await using bench = await Http1Bench.start([NOBODY, endpoint.endpoint]);
    for (let count = 0; count < 4; count++) {
      assert.deepEqual((await askBoth(bench)).slice(0, 1), [200]);
    }
    assert.deepEqual([bench.events.filter((event) => event.startsWith('failed')).length, bench.log.retries], [1, 1]);
  });

  it('get 503 when the endpoint does not finish the handshake in time', async () => {
    await using endpoint = await Http1Endpoint.script(() => undefined);
    const tls = { ca: null, cert: null, key: null, serverName: null, insecureSkipVerify: true, subjectAltNames: [] };
    await using bench = await Http1Bench.start([endpoint.endpoint], { cluster: { tls, connectTimeoutMs: 50 } });
    assert.deepEqual((await askBoth(bench)).slice(0, 2), [503, 'connect_timeout']);
    assert.deepEqual(new Set(bench.events), new Set(['failed connect_timeout: no TLS handshake within 50 ms']));
  });
});

describe('requests whose endpoint fails', () => {
  it('get 502 when it is lost before it answers, and are not tried again', async () => {
    await using endpoint = await Http1Endpoint.script((socket) => socket.destroy());
    await using other = await Http1Endpoint.script((socket) => socket.resetAndDestroy());
    await using bench = await Http1Bench.start([endpoint.endpoint, other.endpoint]);
    assert.deepEqual((await askBoth(bench)).slice(0, 2), [502, 'connection_lost']);
    assert.equal(endpoint.accepted + other.accepted, 2);
  });

  for (const [name, head] of [
    ['its length', 'Content-Length: 10'],
    ['its chunks', 'Transfer-Encoding: chunked'],
  ] as const) {
    it(`are cut off when it is lost before the end of ${name}`, async () => {
      const octets = `HTTP/1.1 200 OK\r\n${head}\r\n\r\n${head.startsWith('C') ? '' : '5\r\n'}hello`;
      await using endpoint = await Http1Endpoint.script((socket) => socket.end(octets));
      await using bench = await Http1Bench.start([endpoint.endpoint]);
      const one = await http1Request(bench.port);
      assert.deepEqual([one.status, one.isComplete], [200, false]);
      const two = await http2Request(bench.port, {});
      // INTERNAL_ERROR.
      assert.deepEqual([two.status, two.code], [200, 2]);
      await bench.untilQuiet();
      assert.equal(
        bench.log.ended.every(({ localReason }) => localReason !== null),
        true,
      );
    });
  }

  it('get 504 after the timeout of their route, or an end if it has begun to answer', async () => {
    let count = 0;
    await using endpoint = await Http1Endpoint.serve((_request, response) => {
      if (++count > 2) {
        response.write('half');
      }
    });
    await using bench = await Http1Bench.start([endpoint.endpoint], { route: { timeoutMs: 60 } });
    assert.deepEqual((await askBoth(bench)).slice(0, 2), [504, 'route_timeout']);
    const one = await http1Request(bench.port);
    assert.deepEqual([one.status, one.isComplete], [200, false]);
    const two = await http2Request(bench.port, {});
    assert.deepEqual([two.status, two.code], [200, 2]);
    await until(
      () => endpoint.sockets.size === 0,
      () => 'the endpoint still works for nobody',
    );
  });

  it('get 504, or an end, when it is silent for too long', async () => {
    await using endpoint = await Http1Endpoint.serve((request, response) => {
      if (request.url === '/half') {
        response.write('half');
      }
    });
    await using bench = await Http1Bench.start([endpoint.endpoint], {
      cluster: { timeouts: { contentMs: 50, headersMs: 50, bodyMs: 50 } },
    });
    const [one, two, half, halfToo] = await Promise.all([
      http1Request(bench.port),
      http2Request(bench.port, {}),
      http1Request(bench.port, { path: '/half' }),
      http2Request(bench.port, { ':path': '/half' }),
    ]);
    assert.deepEqual([one.status, one.headers['x-health-bridge-error']], [504, 'route_timeout']);
    assert.deepEqual([two.status, two.headers['x-health-bridge-error']], [504, 'route_timeout']);
    assert.deepEqual([half.isComplete, halfToo.code], [false, 2]);
  });
});

/** All is over, at the endpoint too, as the clients wanted it. */
async function untilCancelled(endpoint: Http1Endpoint, bench: Http1Bench): Promise<void> {
  await bench.untilQuiet();
  await until(
    () => endpoint.sockets.size === 0,
    () => `${endpoint.sockets.size} connections to the endpoint`,
  );
  assert.equal(
    bench.log.ended.every(({ isCancelled }) => isCancelled),
    true,
  );
}

describe('clients that leave', () => {
  it('end their requests at the endpoint: HTTP/1.1, pipelined ones too', async () => {
    await using endpoint = await Http1Endpoint.serve(() => undefined);
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    using client = await RawClient.tcp(bench.port);
    client.write(
      'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nPOST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx',
    );
    await until(
      () => endpoint.requests === 3,
      () => `${endpoint.requests} requests`,
    );
    client.reset();
    await untilCancelled(endpoint, bench);
  });

  it('end their requests at the endpoint: HTTP/2', async () => {
    await using endpoint = await Http1Endpoint.serve((_request, response) => void response.write('x'));
    await using bench = await Http1Bench.start([endpoint.endpoint]);
    const session = connectHttp2(`http://127.0.0.1:${bench.port}`);
    const one = session.request({ ':method': 'POST' });
    const two = session.request({});
    one.write('x');
    one.on('error', () => undefined);
    two.on('error', () => undefined);
    await Promise.all([once(one, 'response'), once(two, 'response')]);
    one.close(8);
    two.close(8);
    await untilCancelled(endpoint, bench);
    session.close();
  });

  it('end their requests while a connection is still being made', async () => {
    await using endpoint = await Http1Endpoint.script(() => undefined);
    const tls = { ca: null, cert: null, key: null, serverName: null, insecureSkipVerify: true, subjectAltNames: [] };
    await using bench = await Http1Bench.start([endpoint.endpoint], { cluster: { tls } });
    using client = await RawClient.tcp(bench.port);
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(
      () => bench.cluster.pendingRequests === 1 && endpoint.sockets.size === 1,
      () => 'no connection is being made',
    );
    client.reset();
    await untilCancelled(endpoint, bench);
    assert.equal(bench.cluster.connections, 0);
  });
});
