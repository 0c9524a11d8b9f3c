import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { beforeEach, describe, it, mock } from 'node:test';
import { createEndpoint } from '../../src/model/endpoint.ts';
import { Http1Bench } from '../support/http1-bench.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { RawH2Peer } from '../support/peers/raw-h2-peer.ts';
import { getRequest, H2_PREFACE, RawClient } from '../support/raw-client.ts';
import { TestListener } from '../support/test-listener.ts';
import { testTls } from '../support/tls.ts';
import { UpstreamBench } from '../support/upstream-bench.ts';

interface TcpHandle {
  setKeepAlive(isOn: boolean, afterSeconds: number): number;
}

const { ca, server } = await testTls();
const CLIENT_TLS = { ca, cert: null, key: null, serverName: null, insecureSkipVerify: false, subjectAltNames: [] };
/** On, a minute after the last octet. */
const A_MINUTE: readonly (readonly unknown[])[] = [[true, 60]];

/** What is said to the kernel of a socket; there is no way to ask for it. */
const asked = mock.method(await tcpHandles(), 'setKeepAlive');

describe('TCP keepalive, which finds peers that have vanished while no PING is sent', () => {
  beforeEach(() => asked.mock.resetCalls());

  it('is on towards endpoints that are reached at the second of two addresses', async () => {
    await using peer = await RawH2Peer.start();
    const { address } = peer.endpoint;
    assert.ok(address.kind === 'tcp');
    await using bench = new UpstreamBench();
    bench.use(createEndpoint({ ...address, host: '127.0.0.2', otherHost: address.host }, null));
    await bench.connected(1);
    assert.deepEqual(askedFor(), A_MINUTE);
  });

  for (const tls of [false, true]) {
    it(`is on towards HTTP/2 endpoints, ${tls ? 'TLS' : 'cleartext'}`, async () => {
      await using peer = await RawH2Peer.start(tls ? { tls: { ...server, ALPNProtocols: ['h2'] } } : {});
      await using bench = new UpstreamBench(tls ? { tls: CLIENT_TLS } : {});
      bench.use(peer.endpoint);
      await bench.connected(1);
      assert.deepEqual(askedFor(), A_MINUTE);
    });

    it(`is on towards HTTP/1.1 endpoints, ${tls ? 'TLS' : 'cleartext'}`, async () => {
      await using endpoint = await Http1Endpoint.serve((_request, response) => response.end('x'), tls ? { tls: server } : {});
      await using bench = await Http1Bench.start([endpoint.endpoint], tls ? { cluster: { tls: CLIENT_TLS } } : {});
      using client = await RawClient.tcp(bench.port);
      assert.deepEqual(askedFor(), A_MINUTE, 'the client was accepted');
      await client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n').until((text) => text.includes('200 OK'));
      assert.deepEqual(askedFor(), [...A_MINUTE, ...A_MINUTE]);
    });

    it(`is on towards clients, ${tls ? 'TLS' : 'cleartext'}`, async () => {
      await using listener = await TestListener.start({ tls });
      using client = tls ? await RawClient.tls(listener.port, { ALPNProtocols: ['h2'] }) : await RawClient.tcp(listener.port);
      client.write(Buffer.concat([H2_PREFACE, Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]), getRequest()]));
      await client.untilFrame(1, 1);
      assert.deepEqual(askedFor(), A_MINUTE);
    });
  }
});

function askedFor(): unknown[] {
  return asked.mock.calls.map((call) => call.arguments.slice(0, 2));
}

/** The prototype of the handles of all TCP sockets of this process, TLS on them or not. */
async function tcpHandles(): Promise<TcpHandle> {
  const listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const bound = listener.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  const socket = connect(bound.port, '127.0.0.1');
  await once(socket, 'connect');
  const prototype: unknown = Object.getPrototypeOf(Reflect.get(socket, '_handle'));
  socket.destroy();
  listener.close();
  assert.ok(isTcpHandle(prototype));
  return prototype;
}

function isTcpHandle(handle: unknown): handle is TcpHandle {
  return typeof handle === 'object' && handle !== null && 'setKeepAlive' in handle;
}
