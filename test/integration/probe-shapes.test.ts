import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { verdictOf } from '../support/health-answers.ts';
import { HealthListener, http2Get } from '../support/health-listener.ts';
import { endpointsIn } from '../support/health-views.ts';
import { FrameFlag, FrameType, frame, getRequest, H2_PREFACE, RawClient } from '../support/raw-client.ts';

const UP = verdictOf({ router: endpointsIn('healthy') });
const DOWN = verdictOf({ router: endpointsIn('unhealthy') });

/** A prober that speaks HTTP/1.1. */
interface Http1Shape {
  readonly name: string;
  readonly tls: boolean;
  readonly path: string;
  readonly fields: readonly string[];
}

const HTTP1_SHAPES: readonly Http1Shape[] = [
  {
    name: 'kubelet over HTTP',
    tls: false,
    path: '/readyz',
    fields: ['Host: 10.0.0.7:8080', 'User-Agent: kube-probe/1.37', 'Accept: */*', 'Connection: close'],
  },
  {
    name: 'GKE, type HTTP',
    tls: false,
    path: '/',
    fields: ['Host: 10.0.0.7', 'User-Agent: GoogleHC/1.0', 'Connection: Keep-alive'],
  },
  {
    name: 'GKE, type HTTPS',
    tls: true,
    path: '/',
    fields: ['Host: 10.0.0.7', 'User-Agent: GoogleHC/1.0', 'Connection: Keep-alive'],
  },
  {
    name: 'ALB, target group HTTP1',
    tls: false,
    path: '/',
    fields: [
      'Host: 10.0.0.7:8080',
      'Connection: close',
      'User-Agent: ELB-HealthChecker/2.0',
      'Accept-Encoding: gzip, compressed',
    ],
  },
  {
    name: 'Azure Application Gateway for Containers',
    tls: false,
    path: '/',
    fields: ['Host: localhost', 'User-Agent: Microsoft-Azure-Application-LB/AGC'],
  },
  {
    name: 'Envoy, HTTP/1.1',
    tls: false,
    path: '/healthz',
    fields: ['host: router', 'user-agent: Envoy/HC', 'x-envoy-expected-rq-timeout-ms: 1000'],
  },
  {
    name: 'a liveness probe for Envoy',
    tls: true,
    path: '/',
    fields: ['Host: 10.0.0.7:8443', 'x-envoy-livenessprobe: healthz', 'User-Agent: kube-probe/1.29'],
  },
  { name: 'HAProxy without Host', tls: false, path: '/healthz', fields: [] },
];

/** A whole response whose length is known, on a connection that may stay open. */
const COMPLETE = /\r\ncontent-length: (\d+)\r\n[^]*\r\n\r\n([^]*)$/i;

async function probe(port: number, { tls, path, fields }: Http1Shape): Promise<string> {
  // No name is asked for: probers connect by address.
  using client = tls ? await RawClient.tls(port) : await RawClient.tcp(port);
  client.write(['GET ', path, ' HTTP/1.1\r\n', ...fields.map((field) => `${field}\r\n`), '\r\n'].join(''));
  return await client.until((text) => {
    const [, length = '-1', body = ''] = COMPLETE.exec(text) ?? [];
    return body.length === Number(length);
  });
}

describe('probes over HTTP/1.1', () => {
  for (const shape of HTTP1_SHAPES) {
    it(`${shape.name} gets exactly 200, and 503`, async () => {
      await using listener = await HealthListener.start(UP, { tls: shape.tls });
      const up = await probe(listener.port, shape);
      assert.match(up, /^HTTP\/1\.1 200 OK\r\n/);
      assert.doesNotMatch(up, /content-encoding|location|set-cookie/i);
      listener.verdict = DOWN;
      const expected = shape.path === '/readyz' ? 200 : 503;
      assert.match(await probe(listener.port, shape), new RegExp(`^HTTP/1\\.1 ${expected} `));
    });
  }

  it('may all come on one connection', async () => {
    await using listener = await HealthListener.start(UP);
    using client = await RawClient.tcp(listener.port);
    for (let count = 1; count <= 5; count += 1) {
      client.write('GET / HTTP/1.1\r\nHost: 10.0.0.7\r\nUser-Agent: GoogleHC/1.0\r\n\r\n');
      await client.until((text) => text.match(/\r\n\r\nok/g)?.length === count);
    }
    await listener.peer.untilConnections({ http1: 1 });
  });

  it('may be cut off after the header, as a prober does that reads no body', async () => {
    await using listener = await HealthListener.start(UP);
    for (let count = 0; count < 20; count += 1) {
      using client = await RawClient.tcp(listener.port);
      client.write('GET /healthz?verbose HTTP/1.1\r\nHost: x\r\n\r\n');
      await client.until((text) => text.startsWith('HTTP/1.1 200'));
      client.reset();
    }
    await listener.peer.untilConnections({});
  });
});

const HTTP2_SHAPES: readonly (readonly [name: string, scheme: 'http' | 'https', headers: Readonly<Record<string, string>>])[] = [
  ['GKE, type HTTP2', 'https', { ':path': '/', 'user-agent': 'GoogleHC/1.0' }],
  ['kubelet over HTTPS', 'https', { ':path': '/', 'user-agent': 'kube-probe/1.37', accept: '*/*', 'accept-encoding': 'gzip' }],
  ['ALB, target group HTTP2', 'http', { ':path': '/', 'user-agent': 'ELB-HealthChecker/2.0' }],
  ['Envoy, codec HTTP2', 'http', { ':path': '/healthz', ':authority': 'router', 'user-agent': 'Envoy/HC' }],
];

describe('probes over HTTP/2', () => {
  for (const [name, scheme, headers] of HTTP2_SHAPES) {
    it(`${name} gets exactly 200, and 503`, async () => {
      await using listener = await HealthListener.start(UP, { tls: scheme === 'https' });
      const origin = `${scheme}://127.0.0.1:${listener.port}`;
      assert.equal((await http2Get(origin, headers)).status, 200);
      listener.verdict = DOWN;
      assert.equal((await http2Get(origin, headers)).status, 503);
    });
  }

  for (const [what, field] of [
    ['host in place of :authority', ['host', 'router']],
    ['an :authority that is a bare address', [':authority', '10.0.0.7']],
    ['an :authority of another site', [':authority', 'contour-envoy-healthcheck']],
  ] as const) {
    it(`take ${what}`, async () => {
      await using listener = await HealthListener.start(UP);
      using client = await RawClient.tcp(listener.port);
      const fields = [[':method', 'GET'], [':scheme', 'http'], [':path', '/healthz'], field] as const;
      client.write(Buffer.concat([H2_PREFACE, frame(FrameType.SETTINGS, 0, 0), getRequest(1, fields)]));
      client.write(frame(FrameType.SETTINGS, FrameFlag.ACK, 0));
      // RFC 7541, appendix A: entry 8 is `:status: 200`, and 0x88 stands for it.
      assert.equal((await client.untilFrame(FrameType.HEADERS, 1)).payload[0], 0x88);
      assert.equal((await client.untilFrame(FrameType.DATA, 1)).payload.toString(), 'ok');
    });
  }

  it('may be HTTP/1.1 on a connection that agreed on h2, as health checks of Envoy are', async () => {
    await using listener = await HealthListener.start(UP, { tls: true });
    using client = await RawClient.tls(listener.port, { ALPNProtocols: ['h2'] });
    assert.equal(client.alpnProtocol, 'h2');
    client.write('GET /healthz HTTP/1.1\r\nhost: router\r\nuser-agent: Envoy/HC\r\nconnection: close\r\n\r\n');
    assert.match(await client.untilOver(), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/);
  });
});
