import assert from 'node:assert/strict';
import type { SecureServerOptions } from 'node:http2';
import { describe, it } from 'node:test';
import { createEndpoint, type Endpoint } from '../../src/model/endpoint.ts';
import type { UpstreamTlsOptions } from '../../src/upstream/options.ts';
import { UpstreamTls } from '../../src/upstream/upstream-tls.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { RawH2Peer } from '../support/peers/raw-h2-peer.ts';
import { SPIFFE_ID, testTls } from '../support/tls.ts';
import { UpstreamBench } from '../support/upstream-bench.ts';

const tls = await testTls();

const PLAIN: UpstreamTlsOptions = {
  ca: tls.ca,
  cert: null,
  key: null,
  serverName: null,
  insecureSkipVerify: false,
  subjectAltNames: [],
};

/** The endpoint as discovery by that name would have found it. */
const named = ({ address }: Endpoint, hostname: string): Endpoint => createEndpoint(address, hostname);

interface Case {
  readonly name: string;
  readonly server?: SecureServerOptions;
  readonly client?: Partial<UpstreamTlsOptions>;
  readonly hostname?: string;
  /** What the failure says; absent when the call succeeds. */
  readonly fails?: RegExp;
}

const { server, wrongName, expired, untrusted, client, spiffe, untrustedClient } = tls;
const MTLS: SecureServerOptions = { ...server, requestCert: true, rejectUnauthorized: true, ca: tls.ca };

const CASES: readonly Case[] = [
  { name: 'trusts the CA and checks the address' },
  { name: 'checks the discovered name', hostname: 'app.test' },
  { name: 'takes a discovered name with its closing dot', hostname: 'app.test.' },
  { name: 'refuses another discovered name', hostname: 'nobody.test', fails: /is for another name/ },
  { name: 'prefers serverName', client: { serverName: 'app.test' }, hostname: 'nobody.test' },
  { name: 'refuses a wrong serverName', client: { serverName: 'nobody.test' }, fails: /is for another name: .*nobody\.test/ },
  { name: 'refuses a certificate for another name', server: wrongName, fails: /is for another name/ },
  { name: 'refuses an expired certificate', server: expired, fails: /has expired/ },
  { name: 'refuses a certificate of another CA', server: untrusted, fails: /not from a trusted CA/ },
  { name: 'refuses a certificate of no CA it knows', client: { ca: null }, fails: /not from a trusted CA/ },
  {
    name: 'accepts anything with insecureSkipVerify',
    server: untrusted,
    client: { insecureSkipVerify: true },
    hostname: 'nobody.test',
  },
  { name: 'accepts one of the subjectAltNames', client: { subjectAltNames: ['nobody.test', 'APP.test'] }, hostname: 'x.test' },
  { name: 'accepts an address among them', client: { subjectAltNames: ['127.0.0.1'] }, hostname: 'x.test' },
  { name: 'refuses when none is there', client: { subjectAltNames: ['p.test'] }, fails: /none of p\.test is among/ },
  { name: 'accepts a SPIFFE ID among them', server: spiffe, client: { subjectAltNames: [SPIFFE_ID], serverName: 'other.test' } },
  {
    name: 'refuses a SPIFFE ID with other capitals',
    server: spiffe,
    client: { subjectAltNames: [SPIFFE_ID.toLowerCase(), `${SPIFFE_ID}/x`] },
    fails: /none of spiffe:.* is among/,
  },
  { name: 'shows its client certificate', server: MTLS, client: { cert: client.cert, key: client.key } },
  { name: 'says that a client certificate is wanted', server: MTLS, fails: /client certificate/ },
  {
    name: 'says that its client certificate was refused',
    server: MTLS,
    client: { cert: untrustedClient.cert, key: untrustedClient.key },
    fails: /may have refused the client certificate$/,
  },
];

describe('TLS towards endpoints', () => {
  for (const { name, server: serverOptions, client: clientOptions, hostname, fails } of CASES) {
    it(name, async () => {
      await using backend = await NodeHttp2Backend.start({ tls: serverOptions ?? server });
      await using bench = new UpstreamBench({ tls: { ...PLAIN, ...clientOptions } });
      bench.use(hostname === undefined ? backend.endpoint : named(backend.endpoint, hostname));
      const call = bench.call({ content: Buffer.alloc(100_000, 'x') });
      if (fails === undefined) {
        assert.equal(await call.done, '200', bench.log.join('\n'));
        assert.equal(Buffer.concat(call.content).length, 100_000);
      } else {
        assert.equal(await call.done, 'no connection: tls_failed');
        assert.match(bench.log[0] ?? '', fails);
        assert.equal(backend.requests, 0);
      }
    });
  }

  it('names servers without ALPN, without h2, and without TLS', async () => {
    await using silent = await RawH2Peer.start({ tls: server });
    await using old = await RawH2Peer.start({ tls: { ...server, ALPNProtocols: ['http/1.1'] } });
    await using plain = await RawH2Peer.start();
    await using bench = new UpstreamBench({ tls: PLAIN });
    bench.use(silent.endpoint);
    assert.equal(await bench.call().done, 'no connection: tls_failed');
    assert.match(bench.log[0] ?? '', /TLS handshake failed: the server does not offer HTTP\/2 \(ALPN h2\)$/);
    bench.use(old.endpoint);
    assert.equal(await bench.call().done, 'no connection: tls_failed');
    assert.match(bench.log[1] ?? '', /TLS handshake failed: the server does not offer HTTP\/2 \(ALPN h2\)$/);
    bench.use(plain.endpoint);
    assert.equal(await bench.call().done, 'no connection: tls_failed');
    assert.match(bench.log[2] ?? '', /TLS handshake failed: the backend speaks plaintext$/);
  });

  it('counts the handshake in connectTimeoutMs', async () => {
    await using plain = await RawH2Peer.start({ settings: null });
    await using bench = new UpstreamBench({ tls: PLAIN, connectTimeoutMs: 1000 });
    bench.use(plain.endpoint);
    const call = bench.call();
    await plain.session();
    await bench.until(() => plain.sessions[0]?.socket.bytesRead !== 0, 'the ClientHello');
    await bench.shift(1100);
    assert.equal(await call.done, 'no connection: connect_timeout');
    assert.match(bench.log[0] ?? '', /no answer within 1000 ms: the TLS handshake is missing$/);
  });

  it('speaks with grpc-js', async () => {
    await using backend = await GrpcBackend.start({ tls: server, clientCa: tls.ca });
    await using bench = new UpstreamBench({ tls: { ...PLAIN, cert: client.cert, key: client.key } });
    bench.use(backend.endpoint);
    assert.equal(await bench.call({ content: Buffer.alloc(5) }).done, '200');
  });

  it('refuses unusable certificates when it is set up', () => {
    assert.throws(() => new UpstreamTls({ ...PLAIN, cert: client.cert, key: tls.server.key }), /key values mismatch/);
  });
});
