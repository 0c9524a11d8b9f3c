import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, ServerResponse } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { describe, it } from 'node:test';
import type { RequestHandler } from '../../src/proxy/request-handler.ts';
import { FrameType, frame, getRequest, H2_PREFACE, RawClient } from '../support/raw-client.ts';
import { TestListener } from '../support/test-listener.ts';

const GET_10 = 'GET /a HTTP/1.0\r\n\r\n';
const GET_11 = 'GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const KEPT = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const H2_START = Buffer.concat([H2_PREFACE, frame(FrameType.SETTINGS, 0, 0)]);

/** Answers only after the turn of the event loop in which the request came. */
const later: RequestHandler = (request, response) => {
  setImmediate(() => response.end(`late ${request.url}`));
};

const broken: RequestHandler = (request, response) => {
  if (request.url === '/late' && response instanceof ServerResponse) {
    response.write('begun');
  }
  throw new Error('a defect');
};

for (const tls of [false, true]) {
  const open = (port: number): Promise<RawClient> => (tls ? RawClient.tls(port) : RawClient.tcp(port));

  describe(`a listener ${tls ? 'with TLS' : 'in cleartext'}`, () => {
    it('answers HTTP/1.0 without Host, HTTP/1.1 and HTTP/2', async () => {
      await using peer = await TestListener.start({ tls });
      using http10 = await open(peer.port);
      assert.match(await http10.write(GET_10).untilOver(), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n1\.0 GET \/a $/);
      using http11 = await open(peer.port);
      assert.match(await http11.write(GET_11).untilOver(), /\r\n\r\n1\.1 GET \/a $/);
      using noHost = await open(peer.port);
      assert.match(await noHost.write('GET /a HTTP/1.1\r\nConnection: close\r\n\r\n').untilOver(), /\r\n\r\n1\.1 GET \/a $/);
      using http2 = await open(peer.port);
      http2.write(Buffer.concat([H2_START, getRequest()]));
      assert.equal((await http2.untilFrame(FrameType.DATA, 1)).payload.toString(), '2.0 GET / ');
    });

    it('is told the protocol by octets that come one by one', async () => {
      await using peer = await TestListener.start({ tls });
      using http1 = await open(peer.port);
      await http1.writeSingly(GET_11);
      assert.match(await http1.untilOver(), /\r\n\r\n1\.1 GET \/a $/);
      using http2 = await open(peer.port);
      await http2.writeSingly(Buffer.concat([H2_START, getRequest()]));
      assert.equal((await http2.untilFrame(FrameType.DATA, 1)).payload.toString(), '2.0 GET / ');
    });

    it('takes a method that begins like the preface for HTTP/1', async () => {
      await using peer = await TestListener.start({ tls });
      using client = await open(peer.port);
      await client.writeSingly('PR');
      assert.match(
        await client.write('X / HTTP/1.1\r\n\r\n').untilOver(),
        /^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/,
      );
      using put = await open(peer.port);
      await put.writeSingly('P');
      assert.match(await put.write('UT /b HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi').untilOver(), /\r\n\r\n1\.0 PUT \/b hi$/);
    });

    it('ends without an answer what is a line of neither HTTP/1 nor HTTP/2', async () => {
      await using peer = await TestListener.start({ tls });
      using client = await open(peer.port);
      assert.equal(await client.write('INVALID CONNECTION PREFACE\r\n\r\n').untilOver(), '');
      assert.deepEqual(peer.reasons, ['garbage']);
      using other = await open(peer.port);
      assert.match(await other.write('INVALID /METHOD HTTP/1.1\r\n\r\n').untilOver(), /^HTTP\/1\.1 400 /);
    });

    it('answers pipelined requests in their order, and what follows them last', async () => {
      await using peer = await TestListener.start({ tls, requestHandler: later });
      using client = await open(peer.port);
      client.write(`${KEPT('/1')}${KEPT('/2')}${KEPT('/3')}\x00garbage\r\n\r\n`);
      const text = await client.untilOver();
      assert.deepEqual(text.match(/late \/\d|HTTP\/1\.1 \d+/g), [
        'HTTP/1.1 200',
        'late /1',
        'HTTP/1.1 200',
        'late /2',
        'HTTP/1.1 200',
        'late /3',
        'HTTP/1.1 400',
      ]);
      assert.deepEqual(peer.reasons, ['badRequest']);
    });

    it('answers a client that has ended its side, over HTTP/1 and HTTP/2', async () => {
      await using peer = await TestListener.start({ tls, requestHandler: later });
      using http1 = await open(peer.port);
      assert.match(
        await http1
          .write(`${KEPT('/1')}${KEPT('/2')}`)
          .end()
          .untilOver(),
        /late \/1[^]*late \/2$/,
      );
      using http10 = await open(peer.port);
      assert.match(await http10.write(GET_10).end().untilOver(), /late \/a$/);
      using http2 = await open(peer.port);
      http2.write(Buffer.concat([H2_START, getRequest()])).end();
      await http2.untilOver();
      assert.equal(
        http2
          .frames()
          .find(({ type }) => type === FrameType.DATA)
          ?.payload.toString(),
        'late /',
      );
      await peer.untilConnections({});
    });

    it('loses nothing of a body that came with the first octets', async () => {
      await using peer = await TestListener.start({ tls });
      const body = 'x'.repeat(300_000);
      using http1 = await open(peer.port);
      http1.write(`POST /b HTTP/1.1\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
      assert.ok((await http1.untilOver()).endsWith(`1.1 POST /b ${body}`));
    });

    it('closes in silence what connects and leaves, as TCP health checks do', async () => {
      await using peer = await TestListener.start({ tls });
      using silent = await RawClient.tcp(peer.port);
      assert.equal(await silent.end().untilOver(), '');
      using undecided = await open(peer.port);
      assert.equal(await undecided.write('PRI * HT').end().untilOver(), '');
      using reset = await RawClient.tcp(peer.port);
      await peer.untilConnections({ detecting: 1 });
      reset.reset();
      await peer.untilConnections({});
      assert.deepEqual(peer.refusals, []);
    });

    it('ignores Upgrade, so also h2c, and refuses CONNECT', async () => {
      await using peer = await TestListener.start({ tls });
      using upgrade = await open(peer.port);
      upgrade.write(
        'GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
      );
      assert.match(await upgrade.untilOver(), /^HTTP\/1\.1 200 OK\r\n[^]*1\.1 GET \/a $/);
      using tunnel = await open(peer.port);
      tunnel.write('CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n');
      assert.match(await tunnel.untilOver(), /^HTTP\/1\.1 501 Not Implemented\r\nConnection: close\r\n/);
      await using session = await openSession(peer.port, { tls });
      const stream = session.client.request({ ':method': 'CONNECT', ':authority': 'other:443' });
      const [headers] = await once(stream, 'response');
      assert.equal(headers[':status'], 501);
    });

    it('answers 500 for a handler that throws, tells the observer, and goes on', async () => {
      await using peer = await TestListener.start({ tls, requestHandler: broken });
      using http1 = await open(peer.port);
      assert.match(await http1.write(GET_11).untilOver(), /^HTTP\/1\.1 500 /);
      using cut = await open(peer.port);
      await cut.write(KEPT('/late')).untilOver();
      using http2 = await open(peer.port);
      http2.write(Buffer.concat([H2_START, getRequest()]));
      await http2.untilFrame(FrameType.HEADERS, 1);
      assert.deepEqual(
        peer.errors.splice(0).map(({ message }) => message),
        ['a defect', 'a defect', 'a defect'],
      );
    });

    it('counts connections by protocol', async () => {
      await using peer = await TestListener.start({ tls });
      using waiting = await open(peer.port);
      await peer.untilConnections({ detecting: 1 });
      using http1 = await open(peer.port);
      await http1.write(KEPT('/')).until((text) => text.includes('GET /'));
      using http2 = await open(peer.port);
      await http2.write(H2_START).untilFrame(FrameType.SETTINGS);
      assert.deepEqual(
        [...peer.listener.connections],
        [
          ['detecting', 1],
          ['http1', 1],
          ['http2', 1],
        ],
      );
      waiting[Symbol.dispose]();
      http1[Symbol.dispose]();
      http2[Symbol.dispose]();
      await peer.untilConnections({});
    });

    it('says what it is in its SETTINGS', async () => {
      await using peer = await TestListener.start({ tls });
      await using session = await openSession(peer.port, { tls });
      const [settings] = await once(session.client, 'remoteSettings');
      assert.equal(settings.headerTableSize, 4096);
      assert.equal(settings.maxConcurrentStreams, 250);
      assert.equal(settings.initialWindowSize, 65_535);
      assert.equal(settings.maxFrameSize, 16_384);
      assert.equal(settings.maxHeaderListSize, 65_536);
      // RFC 9218, section 2.1.
      assert.deepEqual(settings.customSettings, { 9: 1 });
    });
  });
}

interface Session extends AsyncDisposable {
  readonly client: ClientHttp2Session;
}

async function openSession(port: number, { tls }: { readonly tls: boolean }): Promise<Session> {
  const client = connectHttp2(`${tls ? 'https' : 'http'}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    remoteCustomSettings: [9],
  });
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.destroy();
      if (!client.socket.closed) {
        await once(client, 'close');
      }
    },
  };
}

describe('node:http as a client', () => {
  it('reuses its connection', async () => {
    await using peer = await TestListener.start();
    using client = await RawClient.tcp(peer.port);
    await client.write(KEPT('/1')).until((text) => text.includes('GET /1'));
    await client.write(KEPT('/2')).until((text) => text.includes('GET /2'));
    assert.doesNotMatch(client.text, /connection: close/i);
    const request = httpRequest({ host: '127.0.0.1', port: peer.port, path: '/3' }).end();
    const [response] = await once(request, 'response');
    assert.equal(response.headers.connection, 'keep-alive');
    response.resume();
    await once(response, 'end');
    request.destroy();
  });
});
