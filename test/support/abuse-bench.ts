import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { EchoClient } from './echo-client.ts';
import { block, callFields, data, describeFrame, headers } from './http2/wire.ts';
import { metricLines } from './metrics-page.ts';
import { EchoBackend } from './peers/echo-service.ts';
import { FrameType, type RawClient } from './raw-client.ts';
import { portOf } from './rest-bridge.ts';
import { quickCluster, TestBridge } from './test-bridge.ts';

type Fields = readonly (readonly [string, string])[];

/** END_STREAM. */
const END = 1;

/** A bridge that is attacked by clients, and a well-behaved one whose connection outlives them all. */
export class AbuseBench implements AsyncDisposable {
  readonly bridge: TestBridge;
  readonly #backend: EchoBackend;
  readonly #honest: EchoClient;

  /** Listeners: `plain` for anybody, where a stream that was reset counts as open for long; `hasty` with short times and without memory of resets, `small` for three connections. */
  static async start(): Promise<AbuseBench> {
    const backend = await EchoBackend.start();
    const edge = { profile: 'edge', stallTimeout: '1s' };
    const times = { prefaceTimeout: '150ms', settingsTimeout: '150ms', headerBlockTimeout: '150ms', firstRequestTimeout: '1s' };
    const here = { address: '127.0.0.1:0', routes: ['short', 'a'] };
    const bridge = await TestBridge.start({
      listeners: [
        { name: 'plain', ...here, limits: { ...edge, resetHold: '10s' } },
        { name: 'hasty', ...here, limits: { ...edge, ...times, resetHold: '0s' } },
        { name: 'small', ...here, limits: { maxConnections: 3 } },
      ],
      metrics: { address: '127.0.0.1:0' },
      clusters: [{ ...quickCluster('a', [backend.endpoint.key]), healthCheck: { type: 'none' } }],
      routes: [
        { name: 'short', match: { prefix: '/', headers: [{ name: 'x-short', present: true }] }, cluster: 'a', timeout: '300ms' },
        { name: 'a', match: { prefix: '/' }, cluster: 'a' },
      ],
    });
    await bridge.untilHealthy(true);
    return new AbuseBench(bridge, backend);
  }

  private constructor(bridge: TestBridge, backend: EchoBackend) {
    this.bridge = bridge;
    this.#backend = backend;
    this.#honest = new EchoClient(portOf(bridge));
  }

  port(listener = 'plain'): number {
    return portOf(this.bridge, listener);
  }

  /** The well-behaved client is served, on the connection that it has had from the start. */
  async checkHonest(): Promise<void> {
    const { code, message } = await this.#honest.unary(Buffer.from('hello'));
    assert.deepEqual([code, message?.toString()], [status.OK, 'hello']);
  }

  /** How often a client was turned away for that. */
  refusals(detail: string): number {
    return this.bridge.lines.filter((line) => line['msg'] === 'peer refused' && line['detail'] === detail).length;
  }

  /** Calls that have been forwarded, or were to be. */
  async forwarded(): Promise<number> {
    const lines = (await metricLines(this.bridge)).filter((line) => line.startsWith('calls_started_total'));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#honest[Symbol.dispose]();
    await this.bridge[Symbol.asyncDispose]();
    await this.#backend[Symbol.asyncDispose]();
  }
}

/** The field section of a call to EchoBackend. */
export function callBlock(path: string, extra: Fields = []): Buffer {
  return block([...callFields(path), ...extra]);
}

/** A call that does not end by itself. */
export function hang(streamId: number, extra: Fields = []): Buffer {
  return headers(streamId, callBlock('/test.Echo/Hang', extra));
}

/** A call that is answered with its message of so many octets. */
export function echo(streamId: number, octets: number): Buffer {
  const message = Buffer.concat([Buffer.from([0, 0, 0, octets >> 8, octets & 255]), Buffer.alloc(octets, 'x')]);
  return Buffer.concat([headers(streamId, callBlock('/test.Echo/Once')), data(streamId, message, END)]);
}

/** The `index`th stream of a client. */
export function odd(index: number): number {
  return 2 * index + 1;
}

export function times(count: number, make: (index: number) => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));
}

/** The last GOAWAY that a client got, as code and debug data. */
export function goawayOf(client: RawClient): string {
  const last = client
    .frames()
    .filter(({ type }) => type === FrameType.GOAWAY)
    .at(-1);
  return last === undefined ? 'none' : describeFrame(last).replace(/^GOAWAY \d+ /, '');
}
