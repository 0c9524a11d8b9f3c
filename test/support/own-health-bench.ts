import assert from 'node:assert/strict';
import { computeVerdict } from '../../src/aggregation/bridge-verdict.ts';
import { frameMessage } from '../../src/grpc/message.ts';
import { GrpcHealthService } from '../../src/grpc-health/grpc-health-service.ts';
import type { ServingState } from '../../src/grpc-health/serving-names.ts';
import { Turn } from '../../src/transport/turn.ts';
import { FakeClock } from './fake-clock.ts';
import { H2_START } from './forward-client.ts';
import { clusterHealth, endpointHealth } from './health-views.ts';
import { block, callFields } from './http2/wire.ts';
import { RawClient } from './raw-client.ts';
import { TestListener } from './test-listener.ts';

/** A cluster `app` that is up or down and checks these services as well as the whole server. */
export function servingState(
  up: boolean,
  { isHeldDown = false, services = [] }: { isHeldDown?: boolean; services?: readonly string[] } = {},
): ServingState {
  const word = up ? 'healthy' : 'unhealthy';
  const named = Object.fromEntries(['', ...services].map((service) => [service, word] as const));
  const health = {
    ...clusterHealth('app', [endpointHealth('10.0.0.1:1', word, { services: named })]),
    services: Object.keys(named),
  };
  const verdict = computeVerdict(
    { clusters: new Map([['app', health]]) },
    {
      clusters: [{ name: 'app', healthyWhen: 'any', whenEmpty: 'unhealthy' }],
      health: { healthyWhen: 'any', clusters: [{ name: 'app', optional: false }], groups: [] },
    },
  );
  return { verdict, isHeldDown };
}

/** The health service alone behind a listener, in a time of its own. */
export class OwnHealthBench implements AsyncDisposable {
  readonly clock: FakeClock = new FakeClock();
  readonly answers: string[] = [];
  readonly service: GrpcHealthService;
  state: ServingState = servingState(true);
  #listener: TestListener | null = null;

  static async start(): Promise<OwnHealthBench> {
    const bench = new OwnHealthBench();
    const routes = bench.service.withRoutes([], { grpc: 'auto', grpcStatusPath: '/health.Probe/Check' });
    bench.#listener = await TestListener.start({ routes });
    return bench;
  }

  private constructor() {
    this.service = new GrpcHealthService({
      turn: new Turn(this.clock),
      clock: this.clock,
      state: () => this.state,
      onAnswer: (path, code) => this.answers.push(`${path} ${code}`),
    });
  }

  get listener(): TestListener {
    assert.ok(this.#listener !== null);
    return this.#listener;
  }

  /** A client that has begun. */
  async open(start: Buffer = H2_START): Promise<RawClient> {
    const client = await RawClient.tcp(this.listener.port);
    client.write(start);
    return client;
  }

  /** Another state, which those who watch are told of. */
  become(state: ServingState): void {
    this.state = state;
    this.service.tell();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener[Symbol.asyncDispose]();
    assert.equal(this.service.watches, 0);
    assert.equal(this.clock.pendingTimers, 0);
  }
}

/** The header section of a call. `method` is one of the health service, or a path. */
export function callBlock(method: string, extra: readonly (readonly [string, string])[] = []): Buffer {
  const path = method.startsWith('/') ? method : `/grpc.health.v1.Health/${method}`;
  return block([...new Map([...callFields(path), ...extra])]);
}

/** A request message, framed. */
export function requestOf(service: string): Buffer {
  const name = Buffer.from(service);
  const length = name.length < 128 ? [name.length] : [(name.length & 127) | 128, name.length >> 7];
  return frameMessage(Buffer.concat([Buffer.from([0x0a, ...length]), name]));
}
