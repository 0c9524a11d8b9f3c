import assert from 'node:assert/strict';
import { createServer as createHttpsServer } from 'node:https';
import { before, describe, it } from 'node:test';
import type { HealthTlsOptions } from '../../src/health/options.ts';
import type { OutcomeWord } from '../../src/health/outcome.ts';
import { CheckerBench, localEndpoint } from '../support/health/checker-bench.ts';
import { grpcCluster, tlsOptions } from '../support/health/options.ts';
import { RawServer } from '../support/health/raw-server.ts';
import { GrpcBackend, type GrpcBackendOptions } from '../support/peers/grpc-backend.ts';
import { SPIFFE_ID, type TestTls, testTls } from '../support/tls.ts';

interface Case {
  readonly name: string;
  readonly server: (tls: TestTls) => GrpcBackendOptions;
  readonly client: (tls: TestTls) => HealthTlsOptions | null;
  readonly hostname?: string;
  readonly word: OutcomeWord;
  readonly reason: RegExp;
}

const TLS = (tls: TestTls): GrpcBackendOptions => ({ tls: tls.server });
const MUTUAL = (tls: TestTls): GrpcBackendOptions => ({ tls: tls.server, clientCa: tls.ca });

const CASES: readonly Case[] = [
  { name: 'a certificate for the address', server: TLS, client: (tls) => tlsOptions(tls), word: 'serving', reason: /^$/ },
  {
    name: 'a certificate for the discovered name, with its closing dot',
    server: TLS,
    client: (tls) => tlsOptions(tls),
    hostname: 'app.test.',
    word: 'serving',
    reason: /^$/,
  },
  {
    name: 'a certificate for the configured name rather than the discovered one',
    server: TLS,
    client: (tls) => tlsOptions(tls, { serverName: 'app.test' }),
    hostname: 'other.test',
    word: 'serving',
    reason: /^$/,
  },
  {
    name: 'any certificate when not verified',
    server: (tls) => ({ tls: tls.selfSigned }),
    client: (tls) => tlsOptions(tls, { insecureSkipVerify: true, ca: null, serverName: 'web.test' }),
    word: 'serving',
    reason: /^$/,
  },
  {
    name: 'a certificate with the SPIFFE ID that is wanted, whatever its host names',
    server: (tls) => ({ tls: tls.spiffe }),
    client: (tls) => tlsOptions(tls, { serverName: 'elsewhere.test', subjectAltNames: [SPIFFE_ID] }),
    word: 'serving',
    reason: /^$/,
  },
  {
    name: 'none of the names that are wanted',
    server: TLS,
    client: (tls) => tlsOptions(tls, { subjectAltNames: [SPIFFE_ID] }),
    word: 'tls_failed',
    reason: /is for another name: none of spiffe:\S+ is among its subject alternative names$/,
  },
  { name: 'mutual TLS', server: MUTUAL, client: (tls) => tlsOptions(tls, tls.client), word: 'serving', reason: /^$/ },
  {
    name: 'the wrong CA',
    server: TLS,
    client: (tls) => tlsOptions(tls, { ca: tls.otherCa }),
    word: 'tls_failed',
    reason: /^TLS handshake failed: the server's certificate is not from a trusted CA \(tls\.caFile\)$/,
  },
  {
    name: 'a CA that the system does not know',
    server: TLS,
    client: (tls) => tlsOptions(tls, { ca: null }),
    word: 'tls_failed',
    reason: /not from a trusted CA/,
  },
  {
    name: 'a self-signed certificate',
    server: (tls) => ({ tls: tls.selfSigned }),
    client: (tls) => tlsOptions(tls),
    word: 'tls_failed',
    reason: /not from a trusted CA/,
  },
  {
    name: 'a name that the certificate is not for',
    server: TLS,
    client: (tls) => tlsOptions(tls, { serverName: 'web.test' }),
    word: 'tls_failed',
    reason: /^TLS handshake failed: the server's certificate is for another name: .*web\.test.*DNS:app\.test/,
  },
  {
    name: 'a certificate that is not for the address',
    server: (tls) => ({ tls: tls.wrongName }),
    client: (tls) => tlsOptions(tls),
    word: 'tls_failed',
    reason: /is for another name: .*127\.0\.0\.1/,
  },
  {
    name: 'an expired certificate',
    server: (tls) => ({ tls: tls.expired }),
    client: (tls) => tlsOptions(tls),
    word: 'tls_failed',
    reason: /certificate has expired$/,
  },
  {
    name: 'a missing client certificate',
    server: MUTUAL,
    client: (tls) => tlsOptions(tls),
    word: 'tls_failed',
    reason: /want[s a]* client certificate/,
  },
  {
    name: 'a client certificate of a stranger',
    server: MUTUAL,
    client: (tls) => tlsOptions(tls, tls.untrustedClient),
    word: 'tls_failed',
    reason: /refused the client certificate/,
  },
  {
    name: 'a server that speaks plaintext',
    server: () => ({}),
    client: (tls) => tlsOptions(tls),
    word: 'tls_failed',
    reason: /^TLS handshake failed: the backend speaks plaintext$/,
  },
  {
    name: 'plaintext to a server that expects TLS',
    server: TLS,
    client: () => null,
    word: 'connect_failed',
    reason: /^the server closed the connection at once.*: it may expect TLS$/,
  },
];

describe('grpc health checks over TLS', () => {
  let tls: TestTls;

  before(async () => {
    tls = await testTls();
  });

  for (const { name, server, client, hostname, word, reason } of CASES) {
    for (const mode of ['check', 'auto'] as const) {
      it(`find ${name}, mode ${mode}`, async () => {
        await using backend = await GrpcBackend.start(server(tls));
        const cluster = grpcCluster({ mode }, { tls: client(tls) });
        await using bench = new CheckerBench(localEndpoint(backend.port, hostname), cluster);
        const outcome = await bench.check();
        assert.deepEqual([outcome.word, outcome.reached], [word, word === 'serving' ? 'answered' : 'none']);
        assert.match(outcome.reason, reason);
      });
    }
  }

  it('find a server that offers HTTP/1.1 alone', async () => {
    const server = createHttpsServer({ key: tls.server.key, cert: tls.server.cert });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const bound = server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    await using bench = new CheckerBench(localEndpoint(bound.port), grpcCluster({}, { tls: tlsOptions(tls) }));
    const outcome = await bench.check();
    server.close();
    assert.deepEqual(outcome, {
      word: 'tls_failed',
      reason: 'TLS handshake failed: the server does not offer HTTP/2 (ALPN h2)',
      reached: 'none',
    });
  });

  it('find a server that does not answer the handshake', async () => {
    await using server = await RawServer.start(() => undefined);
    const cluster = grpcCluster({}, { tls: tlsOptions(tls), connectTimeoutMs: 50 });
    await using bench = new CheckerBench(localEndpoint(server.port), cluster);
    assert.equal((await bench.check()).reason, 'TLS handshake failed: no answer to it within 50 ms');
  });
});
