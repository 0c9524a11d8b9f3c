import assert from 'node:assert/strict';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { createEndpoint } from '../../src/model/endpoint.ts';
import type { OutlierOptions } from '../../src/outlier/options.ts';
import { EchoClient } from '../support/echo-client.ts';
import { ForwardBench, type ForwardOptions } from '../support/forward-bench.ts';
import { freePort } from '../support/free-port.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';

/** One failure is enough, so that each test is about one call. */
const OUTLIER: OutlierOptions = {
  consecutive5xx: 1,
  consecutiveGatewayFailure: 0,
  intervalMs: 60_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionPercent: 100,
  successRate: null,
  failurePercentage: null,
};

function startBench(backend: Pick<EchoBackend, 'endpoint'>, options: ForwardOptions = {}): Promise<ForwardBench> {
  return ForwardBench.start([backend.endpoint], { ...options, upstream: { outlier: OUTLIER } });
}

function ejections({ upstream }: ForwardBench): readonly string[] {
  return [...(upstream.cluster.outliers?.ejections.values() ?? [])].map(({ words }) => words);
}

async function callOnce(bench: ForwardBench, timeoutMs?: number): Promise<status> {
  using client = new EchoClient(bench.port);
  const { code } = await client.unary(Buffer.from('hi'), timeoutMs === undefined ? {} : { timeoutMs });
  await bench.untilEnded();
  return code;
}

describe('a gRPC status of a server', () => {
  const FAILURES: readonly number[] = [2, 4, 12, 13, 14, 15];
  const codes = Object.values(status).filter((code) => typeof code === 'number' && code !== status.OK);
  assert.equal(codes.length, 16);
  for (const code of codes) {
    const fails = FAILURES.includes(code);
    it(`${fails ? 'counts' : 'does not count'} as a failure where it is ${code}`, async () => {
      await using backend = await EchoBackend.start();
      backend.failure = code;
      await using bench = await startBench(backend);
      assert.equal(await callOnce(bench), code);
      assert.deepEqual(ejections(bench), fails ? ['1 consecutive 5xx'] : []);
    });
  }
});

describe('an answer of a server', () => {
  const cases: readonly (readonly [name: string, fails: boolean, answer: (stream: ServerHttp2Stream) => void])[] = [
    ['503', true, (stream) => stream.respond({ ':status': 503 }, { endStream: true })],
    ['404', false, (stream) => stream.respond({ ':status': 404 }, { endStream: true })],
    [
      'a gRPC status behind content, as with Envoy',
      false,
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '14' }));
        stream.end(Buffer.alloc(5));
      },
    ],
    ['RST_STREAM', true, (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
    [
      'RST_STREAM behind the header section',
      true,
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.write(Buffer.alloc(5), () => stream.destroy(new Error('the test wants a reset')));
      },
    ],
    ['an end of the connection', true, (stream) => stream.session?.destroy()],
    ['too many fields', true, (stream) => stream.respond(Object.fromEntries(manyFields()), { endStream: true })],
  ];
  for (const [name, fails, answer] of cases) {
    it(`${fails ? 'counts' : 'does not count'} as a failure where it is ${name}`, async () => {
      await using backend = await NodeHttp2Backend.start({ onStream: answer });
      await using bench = await startBench(backend);
      await callOnce(bench);
      assert.deepEqual(ejections(bench), fails ? ['1 consecutive 5xx'] : [], bench.log.localReplies.join());
    });
  }
});

describe('a call without an answer', () => {
  const silent = { onStream: () => undefined };

  it('counts as a failure when the time of the route is over', async () => {
    await using backend = await NodeHttp2Backend.start(silent);
    await using bench = await startBench(backend, { routes: [{ timeoutMs: 50 }] });
    assert.equal(await callOnce(bench), status.DEADLINE_EXCEEDED);
    assert.deepEqual(ejections(bench), ['1 consecutive 5xx']);
  });

  it('does not count when the time of the client is over, which may be as short as it likes', async () => {
    await using backend = await NodeHttp2Backend.start(silent);
    await using bench = await startBench(backend);
    assert.equal(await callOnce(bench, 50), status.DEADLINE_EXCEEDED);
    assert.deepEqual(ejections(bench), []);
  });

  it('counts as a failure of the endpoint that could not be connected to', async () => {
    const closed = createEndpoint({ kind: 'tcp', host: '127.0.0.1', port: await freePort() }, null);
    await using backend = await EchoBackend.start();
    await using bench = await ForwardBench.start([closed], { isCold: true, upstream: { outlier: OUTLIER } });
    // A call that comes just after an attempt is answered without another one, of which there is at most one in 100 ms.
    for (let call = 0; call < 1000 && ejections(bench).length === 0; call++) {
      assert.equal(await callOnce(bench), status.UNAVAILABLE);
    }
    assert.deepEqual(ejections(bench), ['1 consecutive 5xx']);
    bench.upstream.use(closed, backend.endpoint);
    assert.equal(await callOnce(bench), status.OK);
  });
});

describe('an ejected endpoint', () => {
  it('gets no calls, while another does, until a sweep after its time', async () => {
    await using good = await EchoBackend.start();
    await using bad = await EchoBackend.start();
    bad.failure = status.UNAVAILABLE;
    const outlier = { ...OUTLIER, consecutive5xx: 3, intervalMs: 50, baseEjectionTimeMs: 200 };
    await using bench = await ForwardBench.start([good.endpoint, bad.endpoint], { upstream: { outlier } });
    using client = new EchoClient(bench.port);
    for (let call = 0; call < 40 && ejections(bench).length === 0; call++) {
      await client.unary(Buffer.from('hi'));
    }
    assert.equal(bad.executed.length, 3);
    const { code } = await client.unary(Buffer.from('hi'));
    assert.equal(code, status.OK);
    assert.equal(bad.executed.length, 3);
    bad.failure = null;
    await bench.upstream.until(() => ejections(bench).length === 0, 'returned');
    for (let call = 0; call < 40 && bad.executed.length === 3; call++) {
      assert.equal((await client.unary(Buffer.from('hi'))).code, status.OK);
    }
    assert.ok(bad.executed.length > 3);
    const told = bench.upstream.log.filter((line) => /^(?:ejected|returned)/.test(line));
    assert.deepEqual(told, [`ejected ${bad.endpoint.key} 3 consecutive 5xx`, `returned ${bad.endpoint.key} time`]);
  });

  it('gets calls while too few are left', async () => {
    await using backend = await EchoBackend.start();
    backend.failure = status.UNAVAILABLE;
    await using bench = await ForwardBench.start([backend.endpoint], {
      upstream: { outlier: OUTLIER, panicThresholdPercent: 50 },
    });
    using client = new EchoClient(bench.port);
    await client.unary(Buffer.from('hi'));
    assert.deepEqual(ejections(bench), ['1 consecutive 5xx']);
    assert.equal(bench.upstream.cluster.isPanic, true);
    backend.failure = null;
    assert.equal((await client.unary(Buffer.from('hi'))).code, status.OK);
  });

  it('leaves nobody where there is no other, and no panic', async () => {
    await using backend = await EchoBackend.start();
    backend.failure = status.UNAVAILABLE;
    await using bench = await startBench(backend);
    using client = new EchoClient(bench.port);
    await client.unary(Buffer.from('hi'));
    const { code, details } = await client.unary(Buffer.from('hi'));
    assert.deepEqual([code, details, backend.executed.length], [status.UNAVAILABLE, 'no healthy upstream', 1]);
    bench.upstream.cluster.onCheckPassed(backend.endpoint.key);
    backend.failure = null;
    assert.equal((await client.unary(Buffer.from('hi'))).code, status.OK);
  });
});

/** More than are taken, and not so many that the connection is ended for them. */
function* manyFields(): Generator<[string, string | number]> {
  yield [':status', 200];
  for (let index = 0; index < 150; index++) {
    yield [`x-${index}`, 'value'];
  }
}
