import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import type { Http1Cluster } from '../../src/http1/http1-cluster.ts';
import { Http1Cluster as Cluster } from '../../src/http1/http1-cluster.ts';
import { createHttp1Route, type Http1RouteOptions } from '../../src/http1/http1-route.ts';
import { DEFAULT_HTTP1_TIMEOUTS, type Http1ClusterOptions, type Http1PoolOptions } from '../../src/http1/options.ts';
import { SlabPool } from '../../src/http2/index.ts';
import type { Endpoint } from '../../src/model/endpoint.ts';
import { DEFAULT_FORWARDED_HEADERS } from '../../src/proxy/forwarded-headers.ts';
import { Listener } from '../../src/proxy/listener.ts';
import type { ListenerOptions } from '../../src/proxy/listener-options.ts';
import { Turn } from '../../src/transport/turn.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { ForwardLog, http2Request } from './forward-bench.ts';
import { seededRandom } from './seeded-random.ts';
import { echo } from './test-listener.ts';

/** What a test says differently. */
export interface Http1BenchOptions {
  readonly cluster?: Partial<Omit<Http1ClusterOptions, 'pool'>> & { readonly pool?: Partial<Http1PoolOptions> };
  readonly route?: Partial<Http1RouteOptions>;
  readonly listener?: Partial<Omit<ListenerOptions, 'routes' | 'turn' | 'slabs'>>;
  readonly clock?: Clock;
}

const DEFAULT_POOL: Http1PoolOptions = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRequestsPerConnection: 0,
  idleTimeoutMs: 60_000,
};

/** What no test waits for longer. Milliseconds. */
const DEADLINE_MS = 5000;

/** A listener whose one route leads to HTTP/1.1 endpoints, over real sockets. Disposing it fails on anything left behind. */
export class Http1Bench implements AsyncDisposable {
  readonly cluster: Http1Cluster;
  readonly listener: Listener;
  readonly port: number;
  readonly log: ForwardLog;
  /** What happened to connections: `opened`, `closed`, `failed connect_failed`, `defect …`. */
  readonly events: readonly string[];
  readonly #turn: Turn;

  /** The endpoints are healthy. */
  static async start(endpoints: readonly Endpoint[], options: Http1BenchOptions = {}): Promise<Http1Bench> {
    const clock = options.clock ?? systemClock;
    const events: string[] = [];
    const cluster = new Cluster(
      {
        name: 'test',
        connectTimeoutMs: 2000,
        tls: null,
        panicThresholdPercent: 0,
        policy: 'roundRobin',
        hashOn: [],
        timeouts: DEFAULT_HTTP1_TIMEOUTS,
        ...options.cluster,
        pool: { ...DEFAULT_POOL, ...options.cluster?.pool },
      },
      {
        clock,
        random: seededRandom(1),
        observer: {
          onConnectionOpened: () => events.push('opened'),
          onConnectionClosed: () => events.push('closed'),
          onConnectFailed: (_cluster, _endpoint, failure, message) => events.push(`failed ${failure}: ${message}`),
          onUpstreamDefect: (_cluster, error) => events.push(`defect ${error.stack}`),
        },
      },
    );
    cluster.update(endpoints.map((endpoint) => ({ endpoint, state: 'healthy' })));
    const log = new ForwardLog();
    const turn = new Turn(systemClock);
    const listener = new Listener({
      name: 'test',
      address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      tls: null,
      requestHandler: echo,
      observer: log,
      callObserver: log,
      clock: systemClock,
      ...options.listener,
      routes: [
        createHttp1Route(cluster, {
          name: 'all',
          match: { path: { kind: 'prefix', value: '/' }, authority: null, headers: [] },
          timeoutMs: 0,
          forwardedHeaders: DEFAULT_FORWARDED_HEADERS,
          callObserver: log,
          ...options.route,
        }),
      ],
      turn,
      slabs: new SlabPool(),
    });
    const address = await listener.listen();
    assert.ok(address.kind === 'tcp');
    return new Http1Bench({ cluster, listener, log, events, turn, port: address.port });
  }

  private constructor(parts: {
    readonly cluster: Http1Cluster;
    readonly listener: Listener;
    readonly log: ForwardLog;
    readonly events: readonly string[];
    readonly turn: Turn;
    readonly port: number;
  }) {
    this.cluster = parts.cluster;
    this.listener = parts.listener;
    this.log = parts.log;
    this.events = parts.events;
    this.port = parts.port;
    this.#turn = parts.turn;
  }

  /** How often a connection was opened. */
  get opened(): number {
    return this.events.filter((event) => event === 'opened').length;
  }

  /** Resolves once nothing of any request is left. */
  untilQuiet(): Promise<void> {
    const { cluster, listener, log } = this;
    return until(
      () => cluster.activeRequests === 0 && listener.requestsInFlight === 0 && log.started.length === log.ended.length,
      () =>
        `${cluster.activeRequests} requests, ${listener.requestsInFlight} in flight, ${log.started.length - log.ended.length} not ended`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.close();
    await this.untilQuiet();
    assert.equal(this.cluster.pendingRequests, 0);
    await this.cluster.close();
    assert.equal(this.cluster.connections, 0);
    this.#turn.close();
    assert.deepEqual(this.log.errors, []);
    assert.deepEqual(
      this.events.filter((event) => event.startsWith('defect')),
      [],
    );
  }
}

/** Looks again with each turn of the event loop. */
export async function until(holds: () => boolean, otherwise: () => string): Promise<void> {
  for (const started = performance.now(); !holds(); ) {
    assert.ok(performance.now() - started < DEADLINE_MS, otherwise());
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** What a client of node:http got. */
export interface Http1Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly trailers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** Whether the response came to its end. */
  readonly isComplete: boolean;
  readonly interims: readonly number[];
}

/** Makes one request with node:http, on a connection of its own unless an agent is given. */
export async function http1Request(
  port: number,
  options: RequestOptions = {},
  body: Buffer | string | null = null,
): Promise<Http1Answer> {
  const agent = options.agent ?? new Agent({ keepAlive: false });
  const request = httpRequest({ host: '127.0.0.1', port, agent, ...options });
  const interims: number[] = [];
  request.on('information', ({ statusCode }) => interims.push(statusCode));
  if (body !== null && request.getHeader('content-length') === undefined) {
    request.setHeader('content-length', Buffer.byteLength(body));
  }
  request.end(body ?? undefined);
  const [response] = await once(request, 'response', { signal: AbortSignal.timeout(DEADLINE_MS) });
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    response.once('close', () => resolve());
  });
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    trailers: response.trailers,
    body: Buffer.concat(chunks),
    isComplete: response.complete,
    interims,
  };
}

/** What clients of both versions get for a POST, which must be the same: status, reason and content. */
export async function askBoth({ port }: Http1Bench): Promise<readonly unknown[]> {
  const one = await http1Request(port, { method: 'POST' }, 'content');
  const two = await http2Request(port, { ':method': 'POST' }, Buffer.from('content'));
  assert.deepEqual([one.status, one.headers['x-health-bridge-error']], [two.status, two.headers['x-health-bridge-error']]);
  assert.equal(one.body.toString(), two.body.toString());
  return [one.status, one.headers['x-health-bridge-error'], one.body.toString()];
}
