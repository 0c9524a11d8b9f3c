import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener } from 'node:http';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { EchoClient } from '../support/echo-client.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { RawClient } from '../support/raw-client.ts';
import { ask, portOf, restCluster, startRest, WAYS } from '../support/rest-bridge.ts';
import { quickCluster } from '../support/test-bridge.ts';

/** The content back, and in fields what was asked. */
const mirror: RequestListener = (request, response) => {
  response.setHeader('x-asked', `${request.method} ${request.url} of ${request.headers.host}`);
  response.setHeader('x-for', [request.headers['x-forwarded-for'], request.headers['x-forwarded-proto']].join(' '));
  request.pipe(response);
};

describe('a bridge before servers of HTTP/1.1', () => {
  for (const way of WAYS) {
    it(`passes GET, HEAD and POST on over ${way}`, async () => {
      await using endpoint = await Http1Endpoint.serve(mirror);
      await using bridge = await startRest([endpoint]);
      const body = Buffer.alloc(300_000, 'content ');
      const got = await ask(way, bridge, { path: '/a?b=c' });
      const head = await ask(way, bridge, { method: 'HEAD', path: '/a' });
      const posted = await ask(way, bridge, { method: 'POST', path: '/p', body });
      const host = `127.0.0.1:${portOf(bridge, way.endsWith('TLS') ? 'tls' : 'plain')}`;
      assert.deepEqual(
        [got, head, posted].map((answer) => [answer.status, answer.headers['x-asked'], answer.headers['x-for']]),
        [`GET /a?b=c`, 'HEAD /a', 'POST /p'].map((asked) => [
          200,
          `${asked} of ${host}`,
          `127.0.0.1 ${way.endsWith('TLS') ? 'https' : 'http'}`,
        ]),
      );
      assert.ok(posted.body.equals(body));
      assert.equal((await ask(way, bridge, { path: '/healthz' })).body.toString(), 'ok');
      assert.equal(endpoint.requests, 3);
    });
  }

  it('marks requests as each listener says', async () => {
    const seen: IncomingMessage[] = [];
    await using endpoint = await Http1Endpoint.serve((request, response) => {
      seen.push(request);
      response.end();
    });
    await using bridge = await startRest([endpoint], {
      listeners: [
        { name: 'plain', address: '127.0.0.1:0', routes: ['rest'], headers: { forwardedFor: 'keep', requestId: 'create' } },
        { name: 'other', address: '127.0.0.1:0', routes: ['rest'], headers: { forwardedFor: 'replace' } },
      ],
      tracing: { propagate: false },
    });
    const headers = { 'x-forwarded-for': '10.0.0.9', traceparent: '00-1-2-01' };
    await bridge.get('/', { headers });
    await bridge.get('/', { headers, listener: 'other' });
    assert.deepEqual(
      seen.map((each) => [each.headers['x-forwarded-for'], each.headers['x-request-id']?.length, each.headers['traceparent']]),
      [
        ['10.0.0.9', 36, undefined],
        ['127.0.0.1', undefined, undefined],
      ],
    );
  });

  it('shares a listener between REST and gRPC, by route', async () => {
    await using rest = await Http1Endpoint.serve(mirror);
    await using echo = await EchoBackend.start();
    await using bridge = await startRest([rest], {
      clusters: [restCluster('rest', [rest]), quickCluster('grpc', [echo.endpoint.key], { type: 'tcp' })],
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      routes: [
        { name: 'grpc', match: { prefix: '/test.Echo/' }, cluster: 'grpc' },
        { name: 'rest', cluster: 'rest' },
      ],
    });
    await bridge.untilLogged('cluster state changed', ({ cluster }) => cluster === 'grpc');
    using client = new EchoClient(portOf(bridge));
    for (let count = 0; count < 3; count++) {
      assert.equal((await client.unary(Buffer.from('hi'))).code, status.OK);
      assert.equal(
        (await ask('HTTP/1.1', bridge, { path: '/users' })).headers['x-asked'],
        `GET /users of 127.0.0.1:${portOf(bridge)}`,
      );
      assert.equal((await ask('h2c', bridge, { path: '/users' })).status, 200);
    }
    const wrong = await ask('HTTP/1.1', bridge, { method: 'POST', path: '/test.Echo/Once' });
    assert.deepEqual([wrong.status, wrong.headers['x-health-bridge-error']], [502, 'wrong_protocol']);
    assert.equal(rest.requests, 6);
  });

  it('routes by the authority of the absolute form, which is also the one that the endpoint gets', async () => {
    await using one = await Http1Endpoint.serve((request, response) => response.end(`one ${request.headers.host}`));
    await using two = await Http1Endpoint.serve((_request, response) => response.end('two'));
    await using bridge = await startRest([one, two], {
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      clusters: [restCluster('one', [one]), restCluster('two', [two])],
      routes: [
        { name: 'one', match: { authority: 'one.test' }, cluster: 'one' },
        { name: 'two', match: { authority: 'two.test' }, cluster: 'two' },
      ],
    });
    using client = await RawClient.tcp(portOf(bridge));
    client.write('GET http://one.test/x HTTP/1.1\r\nHost: two.test\r\nConnection: close\r\n\r\n');
    const text = await client.untilOver();
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(text, /one one\.test/);
  });
});

describe('what HTTP/1.x clients do differently, before servers of HTTP/1.1', () => {
  for (const [name, request, answer] of [
    [
      'chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      /^HTTP\/1\.1 200 OK\r\n[^]*\r\nabc\r\n0\r\n\r\n$/,
    ],
    [
      'a wait for 100',
      'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*\r\nabc\r\n0\r\n\r\n$/,
    ],
    [
      'an upgrade to h2c, which is not taken up',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n',
      /^HTTP\/1\.1 200 OK\r\nx-asked: GET \/ of a\r\n/,
    ],
  ] as const) {
    it(`works: ${name}`, async () => {
      await using endpoint = await Http1Endpoint.serve(mirror);
      await using bridge = await startRest([endpoint]);
      using client = await RawClient.tcp(portOf(bridge));
      client.write(request);
      assert.match(await client.until((text) => text.includes('200 OK') && text.endsWith('\r\n\r\n')), answer);
      // The connection is good for another one.
      client.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
      await client.until((text) => text.includes('x-asked: GET /next of a'));
    });
  }

  for (const [name, request, answer] of [
    ['HTTP/1.0, without Host', 'POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc', /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nabc$/],
    [
      'WebSocket, with 501',
      'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      /^HTTP\/1\.1 501 Not Implemented\r\n[^]*x-health-bridge-error: not_implemented\r\n[^]*\r\n\r\nWebSocket is not implemented\n$/,
    ],
    ['CONNECT, with 501', 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n', /^HTTP\/1\.1 501 Not Implemented\r\n/],
    [
      'two lengths, with 400',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc',
      /^HTTP\/1\.1 400 Bad Request\r\n/,
    ],
    ['more header than fits, with 431', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ] as const) {
    it(`ends with the answer: ${name}`, async () => {
      await using endpoint = await Http1Endpoint.serve(mirror);
      await using bridge = await startRest([endpoint]);
      using client = await RawClient.tcp(portOf(bridge));
      client.write(request);
      assert.match(await client.untilOver(), answer);
      assert.equal(endpoint.requests, name.startsWith('HTTP/1.0') ? 1 : 0);
    });
  }
});
