import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import { FrameType, frame, getRequest, H2_PREFACE, RawClient } from '../support/raw-client.ts';
import { TestListener } from '../support/test-listener.ts';
import { testTls } from '../support/tls.ts';

const GET = 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n';
const H2_GET = Buffer.concat([H2_PREFACE, frame(FrameType.SETTINGS, 0, 0), getRequest()]);

async function assertHttp1(client: RawClient): Promise<void> {
  assert.match(await client.write(GET).untilOver(), /^HTTP\/1\.1 200 OK\r\n[^]*1\.1 GET \/ $/);
}

async function assertHttp2(client: RawClient): Promise<void> {
  assert.equal((await client.write(H2_GET).untilFrame(FrameType.DATA, 1)).payload.toString(), '2.0 GET / ');
}

describe('ALPN', () => {
  const rows: readonly (readonly [offered: readonly string[] | undefined, agreed: string | null])[] = [
    [undefined, null],
    [['h2'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [['http/1.0'], 'http/1.0'],
    [['http/1.1', 'h2'], 'h2'],
    [['h2', 'http/1.1'], 'h2'],
    [['grpc-exp', 'h2'], 'h2'],
  ];
  for (const [offered, agreed] of rows) {
    for (const [version, speak] of [
      ['HTTP/1.1', assertHttp1],
      ['HTTP/2', assertHttp2],
    ] as const) {
      it(`${offered?.join(', ') ?? 'without an offer'}: the first octets decide for ${version}`, async () => {
        await using peer = await TestListener.start({ tls: true });
        using client = await RawClient.tls(peer.port, offered === undefined ? {} : { ALPNProtocols: [...offered] });
        assert.equal(client.alpnProtocol, agreed);
        await speak(client);
        assert.deepEqual(peer.refusals, []);
      });
    }
  }

  it('without anything in common ends with the alert no_application_protocol', async () => {
    await using peer = await TestListener.start({ tls: true });
    await assert.rejects(RawClient.tls(peer.port, { ALPNProtocols: ['foo'] }), {
      code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    });
    await peer.untilRefusals(1);
    assert.deepEqual(peer.reasons, ['tls']);
  });
});

describe('a TLS listener', () => {
  it('shows its certificate and chain, without SNI, with SNI and for a name it has not', async () => {
    await using peer = await TestListener.start({ tls: true });
    const { ca } = await testTls();
    for (const servername of ['', 'app.test', 'localhost']) {
      using client = await RawClient.tls(peer.port, { ca, rejectUnauthorized: servername !== '', servername });
      await assertHttp1(client);
    }
    using stranger = await RawClient.tls(peer.port, { servername: 'unknown.test' });
    await assertHttp1(stranger);
  });

  it('tells when its certificate ends, a cleartext one that it has none', async () => {
    await using secure = await TestListener.start({ tls: true });
    await using plain = await TestListener.start();
    assert.ok((secure.listener.certificateExpiryMs ?? 0) > Date.now());
    assert.equal(plain.listener.certificateExpiryMs, null);
  });

  it('takes suites of TLS 1.2 with an ephemeral key and AEAD, and no other', async () => {
    await using peer = await TestListener.start({ tls: true });
    const tls12: ConnectionOptions = { maxVersion: 'TLSv1.2' };
    for (const ciphers of ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305']) {
      using client = await RawClient.tls(peer.port, { ...tls12, ciphers });
      await assertHttp2(client);
    }
    for (const ciphers of [
      'ECDHE-ECDSA-AES128-SHA256',
      'ECDHE-ECDSA-AES256-SHA',
      'AES128-GCM-SHA256',
      'DHE-RSA-AES128-GCM-SHA256',
    ]) {
      await assert.rejects(RawClient.tls(peer.port, { ...tls12, ciphers: `${ciphers}:@SECLEVEL=0` }), /handshake failure/);
    }
  });

  it('H2-1.1-tls: refuses what is older than minVersion', async () => {
    await using peer = await TestListener.start({ tls: true, minVersion: 'TLSv1.3' });
    using client = await RawClient.tls(peer.port);
    await assertHttp2(client);
    await assert.rejects(RawClient.tls(peer.port, { maxVersion: 'TLSv1.2' }), /protocol version/);
    await using older = await TestListener.start({ tls: true });
    await assert.rejects(
      RawClient.tls(older.port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
      /protocol version|internal error/,
    );
  });

  it('refuses to negotiate anew, as HTTP/2 forbids it', async () => {
    await using peer = await TestListener.start({ tls: true });
    using client = await RawClient.tls(peer.port, { maxVersion: 'TLSv1.2' });
    const { socket } = client;
    assert.ok(socket instanceof TLSSocket);
    const error = await new Promise<Error | null>((resolve) => {
      socket.once('error', resolve);
      socket.renegotiate({ rejectUnauthorized: false }, resolve);
    });
    assert.match(String(error), /no renegotiation/i);
  });

  it('resumes sessions', async () => {
    await using peer = await TestListener.start({ tls: true });
    using first = await RawClient.tls(peer.port);
    const session = new Promise<Buffer>((resolve) => {
      first.socket.once('session', resolve);
    });
    await assertHttp1(first);
    using second = await RawClient.tls(peer.port, { session: await session });
    assert.equal(second.resumed, true);
    await assertHttp1(second);
  });

  it('answers cleartext with a word on what it speaks', async () => {
    await using peer = await TestListener.start({ tls: true });
    using http1 = await RawClient.tcp(peer.port);
    assert.match(
      await http1.write(GET).untilOver(),
      /^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n[^]*this port speaks TLS: use https\n$/,
    );
    using http2 = await RawClient.tcp(peer.port);
    assert.match(await http2.write(H2_GET).untilOver(), /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.deepEqual(peer.reasons, ['cleartextOnTls', 'cleartextOnTls']);
  });

  it('closes what is neither TLS nor HTTP, before and after the handshake', async () => {
    await using peer = await TestListener.start({ tls: true });
    using before = await RawClient.tcp(peer.port);
    assert.equal(await before.write('\x00\x01\x02').untilOver(), '');
    using after = await RawClient.tls(peer.port);
    assert.equal(await after.write('\x00\x01\x02').untilOver(), '');
    using twice = await RawClient.tls(peer.port);
    assert.match(await twice.write('\x16\x03\x01').untilOver(), /not TLS/);
    assert.deepEqual(peer.reasons, ['garbage', 'garbage', 'tlsOnCleartext']);
  });

  it('counts handshakes that fail and goes on', async () => {
    await using peer = await TestListener.start({ tls: true });
    using broken = await RawClient.tcp(peer.port);
    broken.write('\x16\x03\x01\x00\x04\xff\x00\x00\x00');
    await broken.untilOver();
    using left = await RawClient.tcp(peer.port);
    await peer.untilConnections({ detecting: 1 });
    left.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc').end();
    await left.untilOver();
    using reset = await RawClient.tcp(peer.port);
    await peer.untilConnections({ detecting: 1 });
    reset.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc');
    reset.reset();
    await peer.untilRefusals(2);
    await peer.untilConnections({});
    assert.ok(
      peer.reasons.every((reason) => reason === 'tls'),
      String(peer.reasons),
    );
    using fine = await RawClient.tls(peer.port);
    await assertHttp1(fine);
  });
});

describe('a cleartext listener', () => {
  it('tells TLS clients what it speaks', async () => {
    await using peer = await TestListener.start();
    await assert.rejects(RawClient.tls(peer.port), { code: 'ERR_SSL_WRONG_VERSION_NUMBER' });
    assert.deepEqual(peer.reasons, ['tlsOnCleartext']);
  });
});
