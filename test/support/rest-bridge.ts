import { once } from 'node:events';
import { type RequestOptions, request as requestPlain } from 'node:http';
import { connect } from 'node:http2';
import { request as requestTls } from 'node:https';
import { buffer } from 'node:stream/consumers';
import type { Http1Endpoint } from './peers/http1-endpoint.ts';
import { quickCluster, type RawConfig, TestBridge } from './test-bridge.ts';

/** How a client may come to a bridge of `startRest`. */
export const WAYS = ['HTTP/1.1', 'h2c', 'HTTP/1.1 over TLS', 'HTTP/2 over TLS'] as const;
export type Way = (typeof WAYS)[number];

/** A request in words that both versions have. */
export interface RestRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** What no test waits for longer. Milliseconds. */
const DEADLINE_MS = 5000;

/** A cluster of HTTP/1.1 endpoints, checked quickly. */
export function restCluster(name: string, endpoints: readonly Http1Endpoint[], healthCheck: RawConfig = {}): RawConfig {
  const keys = endpoints.map(({ endpoint }) => endpoint.key);
  return { ...quickCluster(name, keys, { healthyThreshold: 1, unhealthyThreshold: 1, ...healthCheck }), protocol: 'http1' };
}

/**
 * A bridge with the listeners `plain` and `tls`, which lead everything but /healthz to the cluster `rest`; `changes` go before that. Resolves
 * when these endpoints are healthy.
 */
export async function startRest(endpoints: readonly Http1Endpoint[], changes: RawConfig = {}): Promise<TestBridge> {
  const bridge = await TestBridge.start({
    listeners: [
      { name: 'plain', address: '127.0.0.1:0', routes: ['rest'] },
      { name: 'tls', address: '127.0.0.1:0', tls: { selfSigned: true }, routes: ['rest'] },
    ],
    clusters: [restCluster('rest', endpoints)],
    routes: [{ name: 'rest', cluster: 'rest' }],
    health: { paths: ['/healthz'] },
    drain: { delay: '0s', timeout: '5s' },
    ...changes,
  });
  for (const { endpoint } of endpoints) {
    await bridge.untilLogged(
      'endpoint state changed',
      (line) => line['endpoint'] === endpoint.key && line['toState'] === 'healthy',
    );
  }
  return bridge;
}

export function portOf(bridge: TestBridge, listener = 'plain'): number {
  return Number(new URL(bridge.url(listener)).port);
}

/** Makes one request, on a connection of its own. */
export function ask(way: Way, bridge: TestBridge, request: RestRequest = {}): Promise<RestAnswer> {
  switch (way) {
    case 'HTTP/1.1':
    case 'HTTP/1.1 over TLS':
      return askHttp1(way === 'HTTP/1.1' ? portOf(bridge) : portOf(bridge, 'tls'), way !== 'HTTP/1.1', request);
    case 'h2c':
      return askHttp2(`http://127.0.0.1:${portOf(bridge)}`, request);
    case 'HTTP/2 over TLS':
      return askHttp2(`https://127.0.0.1:${portOf(bridge, 'tls')}`, request);
  }
}

async function askHttp1(
  port: number,
  isTls: boolean,
  { method = 'GET', path = '/', headers = {}, body }: RestRequest,
): Promise<RestAnswer> {
  const options: RequestOptions = { host: '127.0.0.1', port, method, path, headers, agent: false };
  const sent = isTls ? requestTls({ ...options, rejectUnauthorized: false }) : requestPlain(options);
  sent.end(body);
  const [response] = await once(sent, 'response', { signal: AbortSignal.timeout(DEADLINE_MS) });
  return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
}

async function askHttp2(origin: string, { method = 'GET', path = '/', headers = {}, body }: RestRequest): Promise<RestAnswer> {
  const session = connect(origin, { rejectUnauthorized: false });
  try {
    const stream = session.request({ ':method': method, ':path': path, ...headers }, { endStream: body === undefined });
    if (body !== undefined) {
      stream.end(body);
    }
    const [received] = await once(stream, 'response', { signal: AbortSignal.timeout(DEADLINE_MS) });
    return { status: Number(received[':status']), headers: received, body: await buffer(stream) };
  } finally {
    session.close();
  }
}
