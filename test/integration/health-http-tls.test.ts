import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TlsOptions } from 'node:tls';
import type { HealthTlsOptions } from '../../src/health/options.ts';
import type { Outcome } from '../../src/health/outcome.ts';
import { createEndpoint } from '../../src/model/endpoint.ts';
import { CheckerBench, localEndpoint } from '../support/health/checker-bench.ts';
import { httpCluster, tlsOptions } from '../support/health/options.ts';
import { RawServer } from '../support/health/raw-server.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { testTls } from '../support/tls.ts';

const GOOD: Outcome = { word: 'serving', reason: '', reached: 'answered' };

interface Case {
  readonly server?: TlsOptions;
  readonly client?: Partial<HealthTlsOptions>;
  readonly hostname?: string;
}

/** What two checks find, the second on the connection of the first if there is one. */
async function check({ server, client, hostname }: Case): Promise<readonly Outcome[]> {
  const tls = await testTls();
  await using peer = await Http1Endpoint.serve((_, response) => response.end(), { tls: { ...tls.server, ...server } });
  const endpoint = createEndpoint(peer.endpoint.address, hostname ?? null);
  await using bench = new CheckerBench(endpoint, httpCluster({}, { tls: tlsOptions(tls, client) }));
  const outcomes = [await bench.check(), await bench.check()];
  if (outcomes[0]?.word === 'serving') {
    assert.equal(peer.accepted, 1);
  }
  return outcomes;
}

describe('http health checks over TLS', () => {
  it('trust the CA of the cluster, and keep the connection', async () => {
    assert.deepEqual(await check({}), [GOOD, GOOD]);
  });

  it('speak HTTP/1.1 where the server could do HTTP/2 as well', async () => {
    assert.deepEqual(await check({ server: { ALPNProtocols: ['h2', 'http/1.1'] } }), [GOOD, GOOD]);
  });

  for (const [name, make, reason] of [
    [
      'a certificate of another CA',
      async () => ({ server: (await testTls()).untrusted }),
      "the server's certificate is not from a trusted CA (tls.caFile)",
    ],
    [
      'a certificate for another name',
      () => Promise.resolve({ hostname: 'elsewhere.test' }),
      "the server's certificate is for another name: Host: elsewhere.test. is not in the cert's altnames",
    ],
    [
      'a certificate whose time is over',
      async () => ({ server: (await testTls()).expired }),
      "the server's certificate has expired",
    ],
    [
      'a server of HTTP/2 alone',
      () => Promise.resolve({ server: { ALPNProtocols: ['h2'] } }),
      'the server does not offer HTTP/1.1 (ALPN http/1.1)',
    ],
  ] as const satisfies readonly (readonly [string, () => Promise<Case>, string])[]) {
    it(`tell ${name}`, async () => {
      for (const outcome of await check(await make())) {
        assert.deepEqual([outcome.word, outcome.reached], ['tls_failed', 'none'], outcome.reason);
        assert.ok(outcome.reason.startsWith(`TLS handshake failed: ${reason}`), outcome.reason);
      }
    });
  }

  it('accept any certificate where that is wanted, and the name of the configuration before that of the endpoint', async () => {
    const { untrusted } = await testTls();
    assert.deepEqual(await check({ server: untrusted, client: { insecureSkipVerify: true } }), [GOOD, GOOD]);
    assert.deepEqual(await check({ hostname: 'elsewhere.test', client: { serverName: 'app.test' } }), [GOOD, GOOD]);
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`show a client certificate, and tell where one is wanted, with ${version}`, async () => {
      const { ca, client, untrustedClient } = await testTls();
      const server = { ca, requestCert: true, rejectUnauthorized: true, minVersion: version, maxVersion: version };
      assert.deepEqual(await check({ server, client }), [GOOD, GOOD]);
      const [without] = await check({ server });
      assert.deepEqual([without?.word, without?.reached], ['tls_failed', 'none'], without?.reason);
      assert.match(without?.reason ?? '', /client certificate/);
      const [wrong] = await check({ server, client: untrustedClient });
      assert.match(`${wrong?.word}: ${wrong?.reason}`, /^tls_failed: TLS handshake failed: .*client certificate/);
    });
  }

  it('tell a server that speaks plaintext, and one that is silent', async () => {
    const tls = await testTls();
    await using plain = await RawServer.start((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    await using loud = new CheckerBench(localEndpoint(plain.port), httpCluster({}, { tls: tlsOptions(tls) }));
    const { word, reason } = await loud.check();
    assert.deepEqual([word, reason], ['tls_failed', 'TLS handshake failed: the backend speaks plaintext']);
    await using mute = await RawServer.start(() => undefined);
    await using silent = new CheckerBench(localEndpoint(mute.port), httpCluster({ timeoutMs: 100 }, { tls: tlsOptions(tls) }));
    assert.deepEqual(await silent.check(), {
      word: 'tls_failed',
      reason: 'TLS handshake failed: no answer to it within 100 ms',
      reached: 'none',
    });
  });
});
