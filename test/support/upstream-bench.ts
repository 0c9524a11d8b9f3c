import assert from 'node:assert/strict';
import { type FieldList, type Http2Stream, type ResetCause, SlabPool, UPSTREAM_LIMITS } from '../../src/http2/index.ts';
import type { Endpoint } from '../../src/model/endpoint.ts';
import type { HealthState } from '../../src/model/health-view.ts';
import { Turn } from '../../src/transport/turn.ts';
import type { UpstreamClusterOptions, UpstreamObserver } from '../../src/upstream/options.ts';
import type {
  ClusterSubset,
  NoConnectionReason,
  StreamWaiter,
  UpstreamStreamHandler,
} from '../../src/upstream/stream-handler.ts';
import { UpstreamCluster } from '../../src/upstream/upstream-cluster.ts';
import type { UpstreamConnection } from '../../src/upstream/upstream-connection.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { request, valueOf } from './http2/fields.ts';
import { poolLimits } from './pool-limits.ts';
import { seededRandom } from './seeded-random.ts';

/** The real clock, which a test may put forward: what would happen in an hour happens at the next tick. */
export class ShiftedClock implements Clock {
  #shiftMs = 0;

  now(): number {
    return systemClock.now() + this.#shiftMs;
  }

  wallNow(): number {
    return systemClock.wallNow() + this.#shiftMs;
  }

  setTimer: Clock['setTimer'] = (delayMs, run) => systemClock.setTimer(delayMs, run);
  sleep: Clock['sleep'] = (delayMs, signal) => systemClock.sleep(delayMs, signal);

  shift(byMs: number): void {
    this.#shiftMs += byMs;
  }
}

/** A call of which nothing has been heard for so long is given up, so that no test hangs. Milliseconds. */
const CALL_DEADLINE_MS = 10_000;

/** How a call may be made. */
export interface CallOptions {
  readonly excluded?: Endpoint;
  /** Default 0. */
  readonly hash?: number;
  /** Default null: all endpoints. */
  readonly subset?: ClusterSubset | null;
  /** Content of the request; the stream stays open for more when `isOpen`. */
  readonly content?: Buffer;
  readonly isOpen?: boolean;
  /** Whether received content is given back; default true. */
  readonly isConsuming?: boolean;
}

/** One call as the forwarder would make it. */
export class TestCall implements StreamWaiter, UpstreamStreamHandler {
  readonly excluded: Endpoint | null;
  readonly hash: number;
  readonly subset: ClusterSubset | null;
  /** Resolves when all is over: `200`, `reset 7 unprocessed`, `no connection: queue_full`. */
  readonly done: Promise<string>;
  connection: UpstreamConnection | null = null;
  stream: Http2Stream | null = null;
  status = '';
  grpcStatus = '';
  content: Buffer[] = [];
  sent = 0;
  /** What the waiter has heard, and in which order. */
  readonly heard: string[] = [];
  readonly #cluster: UpstreamCluster;
  readonly #options: CallOptions;
  readonly #finish: (how: string) => void;
  #reset = '';

  constructor(cluster: UpstreamCluster, options: CallOptions) {
    const { promise, resolve } = Promise.withResolvers<string>();
    const timer = setTimeout(() => resolve('no word'), CALL_DEADLINE_MS);
    this.excluded = options.excluded ?? null;
    this.hash = options.hash ?? 0;
    this.subset = options.subset ?? null;
    this.done = promise;
    this.#finish = (how) => {
      clearTimeout(timer);
      resolve(how);
    };
    this.#cluster = cluster;
    this.#options = options;
  }

  /** Makes the call; returns itself. */
  begin(): this {
    const connection = this.#cluster.acquire(this);
    assert.deepEqual(this.heard, [], 'never from within acquire');
    if (connection !== null) {
      this.#open(connection);
    }
    return this;
  }

  cancel(): void {
    this.#cluster.cancel(this);
    this.#finish('cancelled');
  }

  onConnection(connection: UpstreamConnection): void {
    this.heard.push('connection');
    this.#open(connection);
  }

  onNoConnection(reason: NoConnectionReason): void {
    this.heard.push(reason);
    this.#finish(`no connection: ${reason}`);
  }

  onUpstreamHeaders(fields: FieldList): void {
    this.status = valueOf(fields, ':status');
  }

  onUpstreamInterim(fields: FieldList): void {
    this.heard.push(`interim ${valueOf(fields, ':status')}`);
  }

  onUpstreamHeadersOverLimit(): void {
    this.heard.push('over limit');
    this.stream?.reset(8);
  }

  onUpstreamData(octets: Buffer, start: number, end: number): void {
    this.content.push(Buffer.from(octets.subarray(start, end)));
    if (this.#options.isConsuming !== false) {
      this.stream?.consume(end - start);
    }
  }

  onUpstreamTrailers(fields: FieldList): void {
    this.grpcStatus = valueOf(fields, 'grpc-status');
  }

  onUpstreamSent(octets: number): void {
    this.sent += octets;
  }

  onUpstreamReset(code: number, cause: ResetCause): void {
    this.#reset = `reset ${code} ${cause}`;
  }

  onUpstreamClosed(): void {
    this.stream = null;
    this.#finish(this.#reset === '' ? this.status : this.#reset);
  }

  #open(connection: UpstreamConnection): void {
    const { content, isOpen } = this.#options;
    this.connection = connection;
    const isEnd = content === undefined && isOpen !== true;
    this.stream = connection.open(request(), isEnd, this);
    assert.ok(this.stream !== null, 'a connection that was acquired has a place');
    if (content !== undefined) {
      this.sent += this.stream.sendData(content, 0, content.length, isOpen !== true);
    }
  }
}

/** Options that a test may change one by one. */
export type BenchOptions = Partial<Omit<UpstreamClusterOptions, 'pool'>> & {
  readonly pool?: Partial<UpstreamClusterOptions['pool']>;
};

/** A cluster over real sockets, with a clock that can be put forward; disposal fails on anything that is left. */
export class UpstreamBench implements AsyncDisposable {
  readonly clock = new ShiftedClock();
  readonly turn: Turn = new Turn(this.clock);
  readonly slabs = new SlabPool();
  readonly cluster: UpstreamCluster;
  /** What the observer was told: `opened KEY`, `closed KEY reason`, `failed KEY connect_failed: reason`. */
  readonly log: string[] = [];
  readonly defects: Error[] = [];

  constructor(options: BenchOptions = {}) {
    const { pool, ...others } = options;
    const observer: UpstreamObserver = {
      onConnectionOpened: (_cluster, { key }) => void this.log.push(`opened ${key}`),
      onConnectionClosed: (_cluster, { key }, reason) => void this.log.push(`closed ${key} ${reason}`.trimEnd()),
      onConnectFailed: (_cluster, { key }, failure, message) => void this.log.push(`failed ${key} ${failure}: ${message}`),
      onEjection: (_cluster, { kind, key, ...more }) =>
        void this.log.push(`${kind} ${key} ${'ejection' in more ? more.ejection.words : more.cause}`),
      onUpstreamAbuse: (_cluster, kind) => void this.log.push(`abuse ${kind}`),
      onUpstreamDefect: (_cluster, error) => void this.defects.push(error),
    };
    this.cluster = new UpstreamCluster(
      {
        name: 'test',
        connectTimeoutMs: 5000,
        tls: null,
        panicThresholdPercent: 0,
        policy: 'roundRobin',
        hashOn: [],
        keepalive: { timeMs: 0, timeoutMs: 20_000 },
        limits: UPSTREAM_LIMITS,
        ...others,
        pool: poolLimits(pool),
      },
      { turn: this.turn, clock: this.clock, random: seededRandom(1), slabs: this.slabs, observer },
    );
  }

  /** All of these endpoints, healthy. */
  use(...endpoints: readonly Endpoint[]): void {
    this.health(endpoints.map((endpoint) => [endpoint, 'healthy']));
  }

  health(states: readonly (readonly [Endpoint, HealthState])[]): void {
    this.cluster.update(states.map(([endpoint, state]) => ({ endpoint, state })));
  }

  /** As a reload does; the rest is as it is where nothing is said. */
  changeLimits(limits: Partial<UpstreamClusterOptions['pool']>): void {
    this.cluster.changeLimits(poolLimits(limits));
  }

  call(options: CallOptions = {}): TestCall {
    return new TestCall(this.cluster, options).begin();
  }

  /** Resolves when the condition holds, which is looked at in every few turns of the loop; fails after five seconds. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + 5000;
    while (!condition()) {
      assert.ok(performance.now() < deadline, `still not: ${what}\n${this.log.join('\n')}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 2);
      });
    }
  }

  /** Puts the clock forward and lets a tick see it. */
  async shift(byMs: number): Promise<void> {
    this.clock.shift(byMs);
    const seen = this.clock.now();
    await this.until(() => this.turn.nowMs >= seen, 'a tick');
  }

  /** Waits until so many connections are ready. */
  async connected(count: number): Promise<void> {
    await this.until(() => this.log.filter((line) => line.startsWith('opened')).length >= count, `${count} connections`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.close();
    assert.equal(this.cluster.connections, 0);
    assert.deepEqual(this.cluster.taken, { connections: 0, requests: 0 }, 'what was counted in was counted out');
    assert.deepEqual(this.defects, []);
    this.turn.close();
  }
}
