import assert from 'node:assert/strict';
import type { ServerHttp2Stream } from 'node:http2';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { EchoClient, type EchoEnd, runCalls } from '../support/echo-client.ts';
import { METRICS, metricLines } from '../support/metrics-page.ts';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { portOf } from '../support/rest-bridge.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { EnvoyProcess, httpListener, prefixRoute } from './support/envoy.ts';
import { eventually } from './support/eventually.ts';
import { freePorts } from './support/free-ports.ts';
import { get } from './support/get.ts';
import { ALL_ONE, type Limits, limitedCluster } from './support/limits.ts';

const MESSAGE = Buffer.from('x');
/** One empty message. */
const EMPTY = Buffer.alloc(5);

/** A gRPC server of node:http2 that answers each call when the test says so, one stream per connection at a time if it is narrow. */
class HeldBackend implements AsyncDisposable {
  readonly server: NodeHttp2Backend;
  readonly #held: ServerHttp2Stream[];

  private constructor(server: NodeHttp2Backend, held: ServerHttp2Stream[]) {
    this.server = server;
    this.#held = held;
  }

  static async start(isNarrow: boolean): Promise<HeldBackend> {
    const held: ServerHttp2Stream[] = [];
    const server = isNarrow ? { settings: { maxConcurrentStreams: 1 } } : {};
    return new HeldBackend(await NodeHttp2Backend.start({ server, onStream: (stream) => void held.push(stream) }), held);
  }

  /** Calls that wait for their answer. */
  get held(): number {
    return this.#held.length;
  }

  answerAll(): void {
    for (const stream of this.#held.splice(0)) {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(EMPTY);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

/** One proxy before a backend of its own. */
interface Side extends AsyncDisposable {
  readonly name: string;
  readonly backend: HeldBackend;
  readonly client: EchoClient;
  /** Calls that it says it has refused for a limit. */
  refused(): Promise<number>;
}

async function startEnvoy(limits: Limits, isNarrow: boolean): Promise<Side> {
  const backend = await HeldBackend.start(isNarrow);
  const [port = 0] = await freePorts(1);
  const http2 = isNarrow ? { max_concurrent_streams: 1 } : {};
  const cluster = limitedCluster('echo', backend.server.endpoint.key, limits, { http2_protocol_options: http2 });
  const envoy = await EnvoyProcess.start({
    static_resources: { clusters: [cluster], listeners: [httpListener(port, [prefixRoute('/', 'echo')])] },
  });
  const client = new EchoClient(port);
  return {
    name: 'Envoy',
    backend,
    client,
    refused: async () => {
      const { body } = await get(`${envoy.adminUrl}/stats?filter=cluster.echo.upstream_rq_(pending|active)_overflow`);
      return body.split('\n').reduce((sum, line) => sum + Number(line.split(': ')[1] ?? 0), 0);
    },
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]();
      await envoy[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}

async function startBridge(limits: Limits, isNarrow: boolean): Promise<Side> {
  const backend = await HeldBackend.start(isNarrow);
  const discovery = { type: 'static', endpoints: [backend.server.endpoint.key] };
  const bridge = await TestBridge.start({
    ...METRICS,
    clusters: [{ name: 'echo', discovery, healthCheck: { type: 'none' }, connectionPool: limits }],
    routes: [{ name: 'echo', match: { prefix: '/test.Echo/' }, cluster: 'echo' }],
  });
  await bridge.untilHealthy(true);
  const client = new EchoClient(portOf(bridge));
  return {
    name: 'the bridge',
    backend,
    client,
    refused: async () => {
      const line = (await metricLines(bridge)).find((each) => each.startsWith('local_replies_total{reason="overflow"} '));
      return Number(line?.split(' ')[1] ?? Number.NaN);
    },
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]();
      await bridge[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}

/** A call, and that it has come to the backend. */
async function heldCall({ backend, client }: Side): Promise<{ readonly end: Promise<EchoEnd> }> {
  const before = backend.held;
  const end = client.unary(MESSAGE);
  await eventually(
    'the call is held',
    () => Promise.resolve(backend.held),
    (held) => held > before,
  );
  return { end };
}

/** What came of a number of calls, in the words of both proxies. */
interface Outcome {
  /** Calls at the backend when the others had been refused. */
  readonly held: number;
  readonly ok: number;
  readonly unavailable: number;
  readonly refused: number;
  readonly connections: number;
}

/** Holds as many calls as there may be, one after the other, makes more of them at once, and answers all when enough have been refused. */
async function overflow(side: Side, expected: Outcome): Promise<Outcome> {
  const ends: Promise<EchoEnd>[] = [];
  for (let count = 0; count < expected.held; count++) {
    ends.push((await heldCall(side)).end);
  }
  ends.push(...Array.from({ length: CALLS - expected.held }, () => side.client.unary(MESSAGE)));
  let over = 0;
  for (const end of ends) {
    void end.finally(() => over++);
  }
  await eventually(
    'calls are refused',
    () => over,
    (count) => count >= expected.refused,
  );
  const held = side.backend.held;
  while (over < ends.length) {
    side.backend.answerAll();
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  const codes = (await Promise.all(ends)).map(({ code }) => code);
  return {
    held,
    ok: codes.filter((code) => code === status.OK).length,
    unavailable: codes.filter((code) => code === status.UNAVAILABLE).length,
    refused: await side.refused(),
    connections: side.backend.server.opened,
  };
}

const CALLS = 26;

const CASES: readonly (readonly [name: string, limits: Limits, isNarrow: boolean, expected: Outcome])[] = [
  ['maxRequests', { maxRequests: 10 }, false, { held: 10, ok: 10, unavailable: 16, refused: 16, connections: 1 }],
  [
    'maxConnections and maxPendingRequests',
    { maxConnections: 2, maxPendingRequests: 3 },
    true,
    { held: 2, ok: 5, unavailable: 21, refused: 21, connections: 2 },
  ],
  ['1/1/1/1', ALL_ONE, false, { held: 1, ok: 2, unavailable: 24, refused: 24, connections: 2 }],
];

for (const [name, start] of [
  ['Envoy', startEnvoy],
  ['the bridge', startBridge],
] as const) {
  describe(`the limits of ${name}`, { timeout: 60_000 }, () => {
    for (const [limit, limits, isNarrow, expected] of CASES) {
      it(`refuse what is above ${limit}, and no more`, async () => {
        await using side = await start(limits, isNarrow);
        assert.deepEqual(await overflow(side, expected), expected);
      });
    }

    it('give each of 20 calls a connection of its own with 1/1/1/1', async () => {
      await using side = await start(ALL_ONE, false);
      for (let count = 1; count <= 20; count++) {
        const { end } = await heldCall(side);
        side.backend.answerAll();
        assert.equal((await end).code, status.OK);
        assert.equal(side.backend.server.opened, count);
      }
    });

    it('let 500 calls have five connections with 100 per connection', async () => {
      await using side = await start({ maxConnections: 50, maxRequestsPerConnection: 100 }, false);
      const timer = setInterval(() => side.backend.answerAll(), 2);
      await runCalls(500, 20, async () => {
        assert.equal((await side.client.unary(MESSAGE)).code, status.OK);
      });
      clearInterval(timer);
      assert.deepEqual([side.backend.server.requests, side.backend.server.opened], [500, 5]);
    });
  });
}
