import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import type { HealthClusterOptions } from '../../src/health/options.ts';
import { formatAddress } from '../../src/model/address.ts';
import { createEndpoint, type Endpoint } from '../../src/model/endpoint.ts';
import { EchoClient } from '../support/echo-client.ts';
import { CheckerBench } from '../support/health/checker-bench.ts';
import { DeafPort } from '../support/health/deaf-port.ts';
import { grpcCluster, httpCluster, TIMING, tlsOptions } from '../support/health/options.ts';
import { Http1Bench, http1Request } from '../support/http1-bench.ts';
import { DnsServer } from '../support/peers/dns-server.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { portOf } from '../support/rest-bridge.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { testTls } from '../support/tls.ts';
import { UpstreamBench } from '../support/upstream-bench.ts';

const tls = await testTls();
/** An address of this machine where the servers of these tests are not. */
const BROKEN = '127.0.0.2';
/** What the first address has to itself, less what a timer may be early. Milliseconds. */
const ATTEMPT_MS = 249;
/** Long before anything else gives up: a connection attempt has 5 s. Milliseconds. */
const SOON_MS = 1500;

/** Puts a broken address before the endpoint's own. */
type Break = (endpoint: Endpoint) => Promise<Endpoint>;

/** Ways to come to an endpoint; each resolves to how long that took. Milliseconds. */
const WAYS: Readonly<Record<string, (put: Break) => Promise<number>>> = {
  'calls over HTTP/2': (put) => call(put, false),
  'calls over HTTP/2 with TLS': (put) => call(put, true),
  'requests over HTTP/1.1': (put) => request(put, false),
  'requests over HTTP/1.1 with TLS': (put) => request(put, true),
  'checks of type tcp': (put) => check(put, { ...grpcCluster(), healthCheck: { ...TIMING, type: 'tcp', port: null } }),
  'checks of type http': (put) => check(put, httpCluster()),
  'checks of type grpc': (put) => check(put, grpcCluster()),
  'checks of type grpc that watch': (put) => check(put, grpcCluster({ mode: 'watch' })),
};

describe('an endpoint with two addresses, the first of which is broken', { concurrency: true }, () => {
  for (const [way, come] of Object.entries(WAYS)) {
    it(`is reached by ${way}, at once where connections are refused`, async () => {
      const took = await come((endpoint) => Promise.resolve(behindBroken(endpoint)));
      assert.ok(took < SOON_MS, `${took} ms`);
    });

    it(`is reached by ${way}, after a quarter of a second where packets are lost`, async () => {
      await using faults = new AsyncDisposableStack();
      const took = await come(async (endpoint) => {
        const { address } = endpoint;
        faults.use(await DeafPort.start(BROKEN, address.kind === 'tcp' ? address.port : 0));
        return behindBroken(endpoint);
      });
      assert.ok(took >= ATTEMPT_MS && took < SOON_MS, `${took} ms`);
    });
  }
});

describe('an endpoint with two addresses that are both broken', () => {
  it('is said to refuse connections, or to be silent, as any other', async () => {
    await using backend = await GrpcBackend.start();
    const endpoint = createEndpoint({ kind: 'tcp', host: BROKEN, port: backend.port, otherHost: '127.0.0.3' }, 'app.test');
    for (const [cluster, reason] of [
      [grpcCluster(), 'no connection, neither over IPv6 nor over IPv4'],
      [httpCluster(), 'connection refused'],
    ] as const) {
      await using checks = new CheckerBench(endpoint, cluster);
      assert.deepEqual(await checks.check(), { word: 'connect_failed', reason, reached: 'none' });
    }
    await using bench = new UpstreamBench({ connectTimeoutMs: 400 });
    bench.use(endpoint);
    assert.equal(await bench.call().done, 'no connection: connect_failed');
    assert.equal(bench.log[0], `failed ${endpoint.key} connect_failed: connection refused`);
    await using deaf = await DeafPort.start('127.0.0.4');
    bench.use(createEndpoint({ kind: 'tcp', host: '127.0.0.4', port: deaf.port, otherHost: '127.0.0.4' }, null));
    assert.equal(await bench.call().done, 'no connection: connect_timeout');
  });
});

describe('a name with an IPv6 and an IPv4 address', () => {
  it('loses no call where only one of them works, and is one endpoint', async () => {
    await using backend = await EchoBackend.start();
    const { address } = backend.endpoint;
    const port = address.kind === 'tcp' ? address.port : 0;
    await using dns = await DnsServer.start(() => ({ addresses: ['::1', '127.0.0.1'] }));
    await using bridge = await TestBridge.start({
      clusters: [
        {
          name: 'a',
          discovery: { type: 'dns', host: 'app.example.', port, resolvers: [formatAddress(dns.address)] },
          healthCheck: { type: 'tcp', interval: '100ms' },
        },
      ],
      routes: [{ name: 'a', match: { prefix: '/test.Echo/' }, cluster: 'a' }],
    });
    const { endpoint } = await bridge.untilLogged('endpoint state changed', ({ toState }) => toState === 'healthy');
    assert.equal(endpoint, `[::1]:${port}`);
    using client = new EchoClient(portOf(bridge));
    for (let calls = 0; calls < 20; calls++) {
      assert.equal((await client.unary(Buffer.from('hello'))).code, status.OK);
    }
    assert.equal(backend.executed.length, 20);
    assert.deepEqual(
      bridge.lines.filter(({ msg }) => msg === 'endpoint state changed').map((line) => [line['endpoint'], line['toState']]),
      [[endpoint, 'healthy']],
      'one endpoint, never unhealthy',
    );
  });
});

function behindBroken({ address }: Endpoint): Endpoint {
  assert.ok(address.kind === 'tcp');
  return createEndpoint({ ...address, host: BROKEN, otherHost: address.host }, 'app.test');
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

async function call(put: Break, isTls: boolean): Promise<number> {
  await using backend = await NodeHttp2Backend.start(isTls ? { tls: tls.server } : {});
  await using bench = new UpstreamBench({ tls: isTls ? tlsOptions(tls) : null });
  const endpoint = await put(backend.endpoint);
  return await timed(async () => {
    bench.use(endpoint);
    // Content in both directions, through the buffer that is read into.
    const one = bench.call({ content: Buffer.alloc(100_000, 'x') });
    assert.equal(await one.done, '200');
    assert.equal(Buffer.concat(one.content).toString(), 'x'.repeat(100_000));
  });
}

async function request(put: Break, isTls: boolean): Promise<number> {
  await using backend = await Http1Endpoint.serve(
    (_, response) => response.end('x'.repeat(100_000)),
    isTls ? { tls: tls.server } : {},
  );
  const endpoint = await put(backend.endpoint);
  await using bench = await Http1Bench.start([endpoint], { cluster: { tls: isTls ? tlsOptions(tls) : null } });
  return await timed(async () => {
    const answer = await http1Request(bench.port);
    assert.deepEqual([answer.status, answer.body.length], [200, 100_000]);
  });
}

async function check(put: Break, cluster: HealthClusterOptions): Promise<number> {
  await using backend =
    cluster.healthCheck.type === 'http' ? await Http1Endpoint.serve((_, response) => response.end()) : await GrpcBackend.start();
  await using bench = new CheckerBench(await put(backend.endpoint), cluster);
  return await timed(async () => assert.equal(await bench.word(), 'serving'));
}
