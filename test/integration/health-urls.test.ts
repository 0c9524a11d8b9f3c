import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_PUBLIC_BODY_BYTES, MAX_URL_LENGTH } from '../../src/http/health-answer.ts';
import { MAX_IGNORED_BODY_BYTES } from '../../src/http/request-body.ts';
import { verdictOf } from '../support/health-answers.ts';
import { HealthListener, http2Get } from '../support/health-listener.ts';
import { endpointHealth, endpointsIn } from '../support/health-views.ts';
import { RawClient } from '../support/raw-client.ts';

const UP = verdictOf({ router: endpointsIn('healthy') });
const DOWN = verdictOf({ router: endpointsIn('unhealthy') });
const BIG = verdictOf({
  router: Array.from({ length: 1_000 }, (_, index) =>
    endpointHealth(`10.1.${Math.floor(index / 250)}.${index % 250}:50051`, 'unhealthy', { reason: 'connection refused' }),
  ),
});

/** One HTTP/1.x exchange on a connection that ends with it. */
async function exchange(port: number, request: string): Promise<{ readonly head: string; readonly body: string }> {
  using client = await RawClient.tcp(port);
  const all = await client.write(request).untilOver();
  const [head = '', body = ''] = all.split(/\r\n\r\n([^]*)/);
  return { head, body };
}

function get(path: string, ...fields: readonly string[]): string {
  return ['GET ', path, ' HTTP/1.1\r\n', ...['Connection: close', ...fields].map((field) => `${field}\r\n`), '\r\n'].join('');
}

function dateless(head: string): string {
  return head.replace(/date: .*\r\n/i, '');
}

describe('health URLs over sockets', () => {
  it('answer the same over HTTP/1.0, HTTP/1.1 and HTTP/2, cleartext and TLS', async () => {
    for (const tls of [false, true]) {
      await using listener = await HealthListener.start(UP, { tls });
      const origin = `${tls ? 'https' : 'http'}://127.0.0.1:${listener.port}`;
      for (const [verdict, code, body] of [
        [UP, 200, 'ok'],
        [DOWN, 503, 'unavailable'],
      ] as const) {
        listener.verdict = verdict;
        const answer = await http2Get(origin, { ':path': '/healthz' });
        assert.deepEqual([answer.status, answer.body], [code, body]);
        assert.deepEqual(
          [answer.headers['cache-control'], answer.headers['retry-after']],
          ['no-store', code === 503 ? '5' : undefined],
        );
        for (const request of ['GET /healthz HTTP/1.0\r\n\r\n', get('/healthz')]) {
          using client = tls ? await RawClient.tls(listener.port) : await RawClient.tcp(listener.port);
          const text = await client.write(request).untilOver();
          assert.match(text, new RegExp(`^HTTP/1\\.1 ${code} [^]*cache-control: no-store\r\n[^]*\r\n\r\n${body}$`));
          assert.equal(/\r\nretry-after: 5\r\n/.test(text), code === 503);
        }
      }
    }
  });

  for (const [what, host] of [
    ['none', []],
    ['an empty one', ['Host:']],
    ['an unknown one', ['Host: contour-envoy-healthcheck']],
    ['an odd one', ['Host: [::1]:8080']],
    ['one that is no host', ['Host: a b/c?d']],
  ] as const) {
    it(`take any Host: ${what}`, async () => {
      await using listener = await HealthListener.start(UP);
      assert.match((await exchange(listener.port, get('/healthz', ...host))).head, /^HTTP\/1\.1 200 OK\r\n/);
    });
  }

  for (const [path, code] of [
    ['/%68ealthz', 200],
    ['/healthz?verbose=%zz&%', 200],
    ['/healthz/%72outer', 200],
    ['/healthz/router%2F', 404],
    ['/healthz/%ff', 400],
    ['/healthz/../livez', 404],
    ['//healthz', 404],
    ['http://other.example/healthz', 200],
    ['/healthz#fragment', 404],
    [`/healthz?${'a=%41&'.repeat(600)}`, 200],
    [`/${'a'.repeat(MAX_URL_LENGTH)}`, 414],
    [`/healthz?${'exclude=a&'.repeat(65)}`, 400],
  ] as const) {
    it(`answer ${path.slice(0, 40)} with ${code}`, async () => {
      await using listener = await HealthListener.start(UP);
      assert.match((await exchange(listener.port, get(path))).head, new RegExp(`^HTTP/1\\.1 ${code} `));
      if (path.startsWith('/')) {
        const answer = await http2Get(`http://127.0.0.1:${listener.port}`, { ':path': path });
        assert.equal(answer.status, code);
      }
    });
  }

  it('give HEAD the header of GET without its body', async () => {
    await using listener = await HealthListener.start(DOWN);
    for (const path of ['/', '/healthz?verbose', '/healthz?format=json', '/livez']) {
      const full = await exchange(listener.port, get(path));
      const head = await exchange(listener.port, get(path).replace('GET', 'HEAD'));
      assert.equal(head.body, '');
      assert.equal(dateless(head.head), dateless(full.head));
      const http2 = await http2Get(`http://127.0.0.1:${listener.port}`, { ':method': 'HEAD', ':path': path });
      assert.equal(http2.body, '');
      assert.match(full.head, new RegExp(`content-length: ${http2.headers['content-length']}`, 'i'));
    }
  });

  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY']) {
    it(`answer ${method} with 405 and Allow, on what is no health URL with 404`, async () => {
      await using listener = await HealthListener.start(UP);
      const { head } = await exchange(listener.port, get('/healthz').replace('GET', method));
      assert.match(head, /^HTTP\/1\.1 405 [^]*\r\nallow: GET, HEAD(\r\n|$)/i);
      assert.match((await exchange(listener.port, get('/other').replace('GET', method))).head, /^HTTP\/1\.1 404 /);
      const http2 = await http2Get(`http://127.0.0.1:${listener.port}`, { ':method': method, ':path': '/healthz' });
      assert.deepEqual([http2.status, http2.headers['allow']], [405, 'GET, HEAD']);
    });
  }

  it('read bodies away, and cut off what goes on for too long', async () => {
    await using listener = await HealthListener.start(UP);
    using client = await RawClient.tcp(listener.port);
    const body = 'x'.repeat(MAX_IGNORED_BODY_BYTES);
    client.write(
      `GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    client.write(get('/livez', 'Host: x'));
    const text = await client.untilOver();
    assert.equal(text.match(/HTTP\/1\.1 200 OK/g)?.length, 2);
    using endless = await RawClient.tcp(listener.port);
    endless.write('POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    endless.write(`${(MAX_IGNORED_BODY_BYTES + 1).toString(16)}\r\n${body}xx`);
    await endless.untilOver();
  });

  it('keep bodies below 10 KiB', async () => {
    await using listener = await HealthListener.start(BIG);
    for (const path of ['/healthz?verbose', '/healthz?format=json']) {
      const { head, body } = await exchange(listener.port, get(path));
      assert.match(head, /^HTTP\/1\.1 503 /);
      assert.ok(body.length > 9_000 && body.length <= MAX_PUBLIC_BODY_BYTES, `${body.length}`);
      assert.match(body, /omitted/);
    }
  });

  it('are counted by the template of their path', async () => {
    await using listener = await HealthListener.start(UP);
    for (const path of [
      '/',
      '/healthz?x=1',
      '/healthz/router',
      '/healthz/none',
      '/healthz/router/10.0.0.1:1',
      '/secret/path',
      '/livez',
    ]) {
      await exchange(listener.port, get(path));
    }
    assert.deepEqual(listener.probes, [
      ['/', 200],
      ['/healthz', 200],
      ['/healthz/:part', 200],
      ['/healthz/:part', 404],
      ['/healthz/:cluster/:address', 200],
      ['other', 404],
      ['/livez', 200],
    ]);
  });
});
