import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BridgeProcess } from './support/bridge.ts';
import { Child } from './support/child.ts';
import { curl } from './support/curl.ts';
import { freePort } from './support/free-ports.ts';
import { HealthPeer } from './support/health-peer.ts';

interface Ways {
  readonly bridge: BridgeProcess;
  readonly plain: string;
  readonly tls: string;
}

/** A bridge that listens in cleartext and with TLS, before one server. */
async function start(peer: HealthPeer): Promise<Ways> {
  const tlsPort = await freePort();
  const plainPort = await freePort();
  const bridge = await BridgeProcess.start(
    {
      listeners: [
        { name: 'plain', address: `127.0.0.1:${plainPort}` },
        { name: 'tls', address: `127.0.0.1:${tlsPort}`, tls: { selfSigned: true } },
      ],
      clusters: [
        {
          name: 'app',
          discovery: { type: 'static', endpoints: [peer.address] },
          healthCheck: { interval: '200ms', intervalJitter: '0s' },
        },
      ],
    },
    { url: `http://127.0.0.1:${plainPort}` },
  );
  return { bridge, plain: bridge.url, tls: `https://127.0.0.1:${tlsPort}` };
}

describe('curl', { timeout: 60_000 }, () => {
  it('gets the same answers over HTTP/1.0, HTTP/1.1, h2c and HTTP/2 with TLS', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    const { bridge, plain, tls } = await start(peer);
    await using _bridge = bridge;
    const ways: readonly (readonly [version: string, origin: string, ...flags: string[]])[] = [
      ['1.1', plain],
      ['1.1', plain, '--http1.0'],
      ['2', plain, '--http2-prior-knowledge'],
      ['2', tls, '-k', '--http2'],
      ['1.1', tls, '-k', '--http1.1'],
      ['1.1', tls, '-k', '--no-alpn'],
      ['2', tls, '-k', '--http2', '--tls-max', '1.2'],
    ];
    const askAll = async (status: number, body: string): Promise<void> => {
      for (const [version, origin, ...flags] of ways) {
        for (const path of ['/', '/healthz', '/healthz/app']) {
          const answer = await curl(...flags, origin + path);
          const what = `${flags.join(' ')} ${path}: ${answer.stderr}`;
          assert.equal(answer.exitCode, 0, what);
          assert.deepEqual([answer.status, answer.httpVersion, answer.body], [status, version, body], what);
          assert.equal(answer.headers.get('cache-control'), 'no-store', what);
          assert.equal(answer.headers.has('retry-after'), status === 503, what);
        }
      }
    };
    await askAll(200, 'ok');
    await peer.set({ statuses: { '': 'NOT_SERVING' } });
    await bridge.untilStatus('/healthz', 503);
    await askAll(503, 'unavailable');
  });

  it('gets headers alone for HEAD, and is told which methods there are', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    const { bridge, plain, tls } = await start(peer);
    await using _bridge = bridge;
    for (const way of [[plain], [plain, '--http2-prior-knowledge'], [tls, '-k', '--http2']]) {
      const [origin = '', ...flags] = way;
      const head = await curl(...flags, '--head', `${origin}/healthz`);
      const full = await curl(...flags, `${origin}/healthz`);
      assert.deepEqual([head.status, head.body, full.body], [200, '', 'ok']);
      assert.equal(head.headers.get('content-type'), full.headers.get('content-type'));
      const post = await curl(...flags, '-d', 'x=1', `${origin}/healthz`);
      assert.equal(post.status, 405);
      assert.match(post.headers.get('allow') ?? '', /GET.*HEAD/);
      assert.equal((await curl(...flags, `${origin}/nothing-here`)).status, 404);
    }
  });

  it('reads health+json, verbose text and parts of the whole', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    const { bridge, plain, tls } = await start(peer);
    await using _bridge = bridge;
    for (const flags of [[plain], [tls, '-k', '--http2']]) {
      const [origin = '', ...more] = flags;
      const json = await curl(...more, '-H', 'Accept: application/health+json', `${origin}/healthz`);
      assert.match(json.headers.get('content-type') ?? '', /^application\/health\+json/);
      const body: {
        readonly status: string;
        readonly checks: Readonly<Record<string, readonly { readonly componentId: string }[]>>;
      } = JSON.parse(json.body);
      assert.equal(body.status, 'pass');
      assert.deepEqual(
        body.checks['app']?.map(({ componentId }) => componentId),
        [peer.address],
      );
      const verbose = await curl(...more, `${origin}/healthz?verbose`);
      assert.match(verbose.body, /^\[\+\]app ok\n[^]*healthz check passed\n$/);
      assert.equal((await curl(...more, `${origin}/healthz/app/${peer.address}`)).body, 'ok');
      assert.equal((await curl(...more, `${origin}/healthz/none`)).status, 404);
      assert.equal((await curl(...more, `${origin}/healthz?exclude=app`)).status, 200);
    }
  });
});

describe('nghttp', { timeout: 60_000 }, () => {
  it('gets 200 ok over h2c and over TLS, several streams on one connection', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    const { bridge, plain, tls } = await start(peer);
    await using _bridge = bridge;
    for (const origin of [plain, tls]) {
      const requests = 20;
      await using child = await Child.start('nghttp', [
        '--no-verify-peer',
        '--verbose',
        '--timeout=5',
        `--multiply=${requests}`,
        `${origin}/`,
      ]);
      assert.equal((await child.exit()).code, 0, child.stderr);
      assert.equal(child.stdout.match(/:status: 200/g)?.length, requests, child.stdout);
      assert.equal(child.stdout.match(/recv DATA frame <length=2,/g)?.length, requests, child.stdout);
      assert.doesNotMatch(child.stdout, /GOAWAY frame <[^>]*>\s+\(last_stream_id=\d+, error_code=(?!NO_ERROR)/);
    }
  });

  it('is not taken up on the upgrade from HTTP/1.1, and answered all the same', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    const { bridge, plain } = await start(peer);
    await using _bridge = bridge;
    // RFC 9113 dropped `Upgrade: h2c`; a server that does not know it answers over HTTP/1.1.
    const answer = await curl('--http2', `${plain}/`);
    assert.deepEqual([answer.status, answer.httpVersion, answer.body], [200, '1.1', 'ok']);
  });
});
