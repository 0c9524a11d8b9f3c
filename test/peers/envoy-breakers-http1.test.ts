import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { http1Request } from '../support/http1-bench.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { portOf } from '../support/rest-bridge.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { EnvoyProcess, httpListener, prefixRoute } from './support/envoy.ts';
import { eventually } from './support/eventually.ts';
import { freePorts } from './support/free-ports.ts';
import { ALL_ONE, type Limits, limitedCluster } from './support/limits.ts';

/** One proxy before an endpoint of its own, which answers when the test says so. */
interface Side extends AsyncDisposable {
  readonly port: number;
  readonly endpoint: Http1Endpoint;
  /** Requests that wait for their answer. */
  readonly held: ServerResponse[];
}

async function startEnvoy(limits: Limits): Promise<Side> {
  const held: ServerResponse[] = [];
  const endpoint = await Http1Endpoint.serve((_request, response) => held.push(response));
  const [port = 0] = await freePorts(1);
  const cluster = limitedCluster('rest', endpoint.endpoint.key, limits, { http_protocol_options: {} });
  const envoy = await EnvoyProcess.start({
    static_resources: { clusters: [cluster], listeners: [httpListener(port, [prefixRoute('/', 'rest')])] },
  });
  return { port, endpoint, held, [Symbol.asyncDispose]: () => endAll(envoy, endpoint) };
}

async function startBridge(limits: Limits): Promise<Side> {
  const held: ServerResponse[] = [];
  const endpoint = await Http1Endpoint.serve((_request, response) => held.push(response));
  const discovery = { type: 'static', endpoints: [endpoint.endpoint.key] };
  const bridge = await TestBridge.start({
    clusters: [{ name: 'rest', protocol: 'http1', discovery, healthCheck: { type: 'none' }, connectionPool: limits }],
    routes: [{ name: 'rest', cluster: 'rest' }],
    health: { paths: ['/healthz'] },
  });
  await bridge.untilHealthy(true);
  return { port: portOf(bridge), endpoint, held, [Symbol.asyncDispose]: () => endAll(bridge, endpoint) };
}

async function endAll(...parts: readonly AsyncDisposable[]): Promise<void> {
  for (const part of parts) {
    await part[Symbol.asyncDispose]();
  }
}

function untilHeld({ held }: Side, count: number): Promise<number> {
  return eventually(
    `${count} requests are held`,
    () => held.length,
    (seen) => seen >= count,
  );
}

function answerAll({ held }: Side): void {
  for (const response of held.splice(0)) {
    response.end('ok');
  }
}

/** Holds requests one after the other, makes more of them at once, and answers all when enough have been refused. Returns the codes by number. */
async function overflow(side: Side, begun: number, more: number, refused: number): Promise<Readonly<Record<number, number>>> {
  const codes: number[] = [];
  const ask = async (): Promise<void> => {
    codes.push((await http1Request(side.port)).status);
  };
  const requests: Promise<void>[] = [];
  for (let count = 1; count <= begun; count++) {
    requests.push(ask());
    await untilHeld(side, count);
  }
  requests.push(...Array.from({ length: more }, ask));
  await eventually(
    'requests are refused',
    () => codes.length,
    (seen) => seen >= refused,
  );
  assert.equal(side.held.length, begun);
  await eventually(
    'all are over',
    () => {
      answerAll(side);
      return codes.length;
    },
    (seen) => seen === requests.length,
  );
  return Object.fromEntries(Object.entries(Object.groupBy(codes, String)).map(([code, list]) => [code, list?.length ?? 0]));
}

const CASES: readonly (readonly [name: string, limits: Limits, held: number, ok: number])[] = [
  ['maxConnections and maxPendingRequests', { maxConnections: 2, maxPendingRequests: 3 }, 2, 5],
  ['maxRequests', { maxRequests: 2 }, 2, 2],
  ['1/1/1/1', ALL_ONE, 1, 2],
];

for (const [name, start] of [
  ['Envoy', startEnvoy],
  ['the bridge', startBridge],
] as const) {
  describe(`the limits of ${name} before HTTP/1.1`, { timeout: 60_000 }, () => {
    for (const [limit, limits, held, ok] of CASES) {
      it(`refuse what is above ${limit}, and no more`, async () => {
        await using side = await start(limits);
        assert.deepEqual(await overflow(side, held, 16 - held, 16 - ok), { 200: ok, 503: 16 - ok });
      });
    }

    it('give a connection as many requests as it may have', async () => {
      await using side = await start({ maxRequestsPerConnection: 3 });
      const accepted: number[] = [];
      for (let count = 1; count <= 7; count++) {
        const answer = http1Request(side.port);
        await untilHeld(side, 1);
        answerAll(side);
        assert.equal((await answer).status, 200);
        accepted.push(side.endpoint.accepted);
      }
      assert.deepEqual(accepted, [1, 1, 1, 2, 2, 2, 3]);
    });
  });
}
