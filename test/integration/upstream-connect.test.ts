import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createEndpoint, type Endpoint } from '../../src/model/endpoint.ts';
import { headers, responseBlock } from '../support/http2/wire.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { RawH2Peer, type RawH2PeerOptions } from '../support/peers/raw-h2-peer.ts';
import { UpstreamBench } from '../support/upstream-bench.ts';

/** An endpoint at which nobody listens. */
async function closedEndpoint(): Promise<Endpoint> {
  const backend = await NodeHttp2Backend.start();
  const { endpoint } = backend;
  await backend[Symbol.asyncDispose]();
  return endpoint;
}

const portOf = ({ address }: Endpoint): number => (address.kind === 'tcp' ? address.port : 0);

/** Peers that never become ready, and what is said of them. */
const BAD_PEERS: readonly (readonly [name: string, options: RawH2PeerOptions, said: RegExp])[] = [
  [
    'closes at once',
    { settings: null, onConnection: ({ socket }) => socket.end() },
    /^connect_failed: the endpoint closed the connection$/,
  ],
  [
    'resets at once',
    { settings: null, onConnection: ({ socket }) => socket.resetAndDestroy() },
    /^connect_failed: (?:connection reset|the endpoint closed the connection)$/,
  ],
  [
    'speaks HTTP/1.1',
    {
      settings: null,
      onConnection: (session) => session.send(Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')),
    },
    /^connect_failed: HTTP\/2 (?:FRAME_SIZE_ERROR|PROTOCOL_ERROR): /,
  ],
  [
    'sends garbage',
    { settings: null, onConnection: (session) => session.send(Buffer.alloc(64, 0xff)) },
    /^connect_failed: HTTP\/2 (?:FRAME_SIZE_ERROR|PROTOCOL_ERROR): /,
  ],
  [
    'answers before its SETTINGS',
    { settings: null, onConnection: (session) => session.send(headers(1, responseBlock(), 0x5)) },
    /^connect_failed: HTTP\/2 PROTOCOL_ERROR: /,
  ],
];

describe('connecting to endpoints', () => {
  for (const [name, options, said] of BAD_PEERS) {
    it(`counts a peer that ${name} as failed, and leads calls elsewhere`, async () => {
      await using bad = await RawH2Peer.start(options);
      await using good = await NodeHttp2Backend.start();
      await using bench = new UpstreamBench();
      bench.use(bad.endpoint);
      assert.equal(await bench.call().done, 'no connection: connect_failed');
      assert.match(bench.log[0] ?? '', new RegExp(`^failed ${bad.endpoint.key} `));
      assert.match((bench.log[0] ?? '').replace(/^failed \S+ /, ''), said);
      bench.use(good.endpoint, bad.endpoint);
      const calls = Array.from({ length: 6 }, () => bench.call().done);
      assert.deepEqual(new Set(await Promise.all(calls)), new Set(['200']));
      assert.equal(good.requests, 6);
    });
  }

  it('fails at once at an endpoint that refuses, and says so in words', async () => {
    const endpoint = await closedEndpoint();
    await using bench = new UpstreamBench();
    bench.use(endpoint);
    assert.equal(await bench.call().done, 'no connection: connect_failed');
    assert.deepEqual(bench.log, [`failed ${endpoint.key} connect_failed: connection refused`]);
  });

  it('leads the calls that wait for an endpoint to the others, until all were tried', async () => {
    const closed = await Promise.all([closedEndpoint(), closedEndpoint()]);
    await using good = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    bench.use(...closed, good.endpoint);
    const calls = Array.from({ length: 9 }, () => bench.call());
    assert.deepEqual(new Set(await Promise.all(calls.map(({ done }) => done))), new Set(['200']));
    assert.equal(good.requests, 9);
    bench.use(...closed);
    assert.equal(await bench.call().done, 'no connection: connect_failed');
  });

  it('gives a silent endpoint connectTimeoutMs for TCP and its first frame', async () => {
    await using silent = await RawH2Peer.start({ settings: null });
    await using bench = new UpstreamBench({ connectTimeoutMs: 1000 });
    bench.use(silent.endpoint);
    const call = bench.call();
    await silent.session();
    await bench.shift(500);
    assert.deepEqual(call.heard, []);
    await bench.shift(600);
    assert.equal(await call.done, 'no connection: connect_timeout');
    assert.deepEqual(bench.log, [
      `failed ${silent.endpoint.key} connect_timeout: no answer within 1000 ms: its first HTTP/2 frame is missing`,
    ]);
    await (await silent.session()).ended();
  });

  it('leaves a failed endpoint alone for a while, longer each time, and then tries again', async () => {
    const endpoint = await closedEndpoint();
    await using bench = new UpstreamBench();
    bench.use(endpoint);
    assert.equal(await bench.call().done, 'no connection: connect_failed');
    for (const pauseMs of [1000, 1600, 2560]) {
      const attempts = bench.log.length;
      await bench.shift(pauseMs * 0.75);
      assert.equal(bench.log.length, attempts, 'no attempt during the pause');
      await bench.shift(pauseMs * 0.5);
      await bench.until(() => bench.log.length === attempts + 1, 'the next attempt');
    }
    await using revived = await NodeHttp2Backend.start({ port: portOf(endpoint) });
    await bench.shift(6000);
    await bench.connected(1);
    assert.equal(await bench.call().done, '200');
    assert.equal(revived.requests, 1);
  });

  it('tries an endpoint that is left alone for calls that have nowhere else to go, ten times a second at most', async () => {
    const endpoint = await closedEndpoint();
    await using bench = new UpstreamBench();
    bench.use(endpoint);
    assert.equal(await bench.call().done, 'no connection: connect_failed');
    const attempts = bench.log.length;
    assert.equal(await bench.call().done, 'no connection: connect_failed', 'at once');
    assert.equal(bench.log.length, attempts, 'too soon for another attempt');
    await bench.shift(150);
    const together = await Promise.all([bench.call().done, bench.call().done]);
    assert.deepEqual(together, ['no connection: connect_failed', 'no connection: connect_failed']);
    assert.equal(bench.log.length, attempts + 1, 'one attempt for both');
    await using revived = await NodeHttp2Backend.start({ port: portOf(endpoint) });
    await bench.shift(150);
    assert.equal(await bench.call().done, '200');
    assert.equal(revived.requests, 1);
  });

  it('leaves it alone while another endpoint takes the calls', async () => {
    const endpoint = await closedEndpoint();
    await using backend = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    bench.use(endpoint, backend.endpoint);
    await bench.until(() => bench.log.some((line) => line.startsWith('failed')), 'the failure');
    await bench.connected(1);
    const attempts = bench.log.length;
    await bench.shift(150);
    for (let call = 0; call < 4; call++) {
      assert.equal(await bench.call().done, '200');
    }
    assert.equal(bench.log.length, attempts);
  });

  it('tries at once when the health of a failed endpoint returns', async () => {
    const endpoint = await closedEndpoint();
    await using bench = new UpstreamBench();
    bench.use(endpoint);
    assert.equal(await bench.call().done, 'no connection: connect_failed');
    await using revived = await NodeHttp2Backend.start({ port: portOf(endpoint) });
    bench.health([[endpoint, 'unhealthy']]);
    bench.use(endpoint);
    assert.equal(await bench.call().done, '200');
    assert.equal(revived.requests, 1);
  });

  it('tries at once when a health check of a failed endpoint passes', async () => {
    const endpoint = await closedEndpoint();
    await using other = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    bench.use(endpoint, other.endpoint);
    const failures = (): number => bench.log.filter((line) => line.startsWith('failed')).length;
    // The seventh pause is longer than the bench waits for anything.
    for (let count = 1; count <= 7; count++) {
      await bench.until(() => failures() === count, 'a failure');
      await bench.shift(count < 7 ? 20_000 : 0);
    }
    await using revived = await NodeHttp2Backend.start({ port: portOf(endpoint) });
    bench.cluster.onCheckPassed(endpoint.key);
    await bench.connected(2);
    assert.equal(await bench.call().done, '200');
    assert.equal(await bench.call().done, '200');
    assert.equal(revived.requests, 1);
  });

  it('does not loop at a peer that becomes ready and ends, again and again', async () => {
    await using peer = await RawH2Peer.start();
    peer.events.on('session', (session) => session.socket.end());
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    await bench.until(() => bench.log.some((line) => line.startsWith('closed')), 'the first end');
    assert.equal(await bench.call().done, 'no connection: connect_failed');
    assert.equal(peer.sessions.length, 1);
    await bench.shift(1500);
    await peer.session(2);
  });

  it('opens sixteen connections at once when many endpoints are found', async () => {
    await using peers = await manySilent(20);
    await using bench = new UpstreamBench();
    bench.use(...peers.endpoints);
    assert.equal(bench.cluster.connecting, 16);
    const call = bench.call();
    assert.ok(bench.cluster.connecting >= 16);
    call.cancel();
  });

  it('reaches unix sockets', async () => {
    const path = join(tmpdir(), `upstream-${process.pid}.sock`);
    after(() => rm(path, { force: true }));
    await using backend = await NodeHttp2Backend.start({ path });
    await using bench = new UpstreamBench();
    bench.use(backend.endpoint);
    assert.equal(await bench.call({ content: Buffer.from('over a unix socket') }).done, '200');
    assert.equal(backend.requests, 1);
    const missing = createEndpoint({ kind: 'unix', path: `${path}.missing` }, null);
    bench.use(missing);
    assert.equal(await bench.call().done, 'no connection: connect_failed');
    assert.equal(bench.log.at(-1), `failed ${missing.key} connect_failed: no such socket file`);
  });

  it('speaks with grpc-js', async () => {
    await using backend = await GrpcBackend.start();
    await using bench = new UpstreamBench();
    bench.use(backend.endpoint);
    const call = bench.call({ content: Buffer.from([0, 0, 0, 0, 0]) });
    assert.equal(await call.done, '200');
    assert.equal(call.grpcStatus || 'in headers', 'in headers', 'an unknown method is answered by trailers alone');
  });
});

interface ManySilent extends AsyncDisposable {
  readonly endpoints: readonly Endpoint[];
}

/** Endpoints that accept nothing more than TCP does: one server, many loopback addresses. */
async function manySilent(count: number): Promise<ManySilent> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => {
    server.listen(0, '0.0.0.0', resolve);
  });
  const bound = server.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  const endpoints = Array.from({ length: count }, (_, index) =>
    createEndpoint({ kind: 'tcp', host: `127.0.0.${index + 1}`, port: bound.port }, null),
  );
  return {
    endpoints,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
