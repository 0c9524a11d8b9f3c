import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { BalancingPair } from './support/balancing-pair.ts';
import { grpcCheck } from './support/envoy.ts';
import { eventually } from './support/eventually.ts';

const SERVING = Buffer.from('00000000020801', 'hex');
const NOT_SERVING = Buffer.from('00000000020802', 'hex');
const CALLS = 400;

/** A server of grpc.health.v1 that answers all other calls with its number, whatever it says of its health. */
class CheckedBackend implements AsyncDisposable {
  isServing = true;
  readonly #server: NodeHttp2Backend;

  private constructor(server: NodeHttp2Backend) {
    this.#server = server;
  }

  static async start(index: number): Promise<CheckedBackend> {
    let backend: CheckedBackend | null = null;
    const server = await NodeHttp2Backend.start({
      onStream: (stream, headers) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        const health = backend?.isServing === false ? NOT_SERVING : SERVING;
        stream.end(headers[':path'] === '/grpc.health.v1.Health/Check' ? health : Buffer.of(index));
      },
    });
    backend = new CheckedBackend(server);
    return backend;
  }

  get address(): string {
    return this.#server.endpoint.key;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

const healthCheck = { type: 'grpc', mode: 'check', interval: '200ms', intervalJitter: '0s', healthyThreshold: 1 };
const cluster = (name: string, percent: number) => ({
  name,
  weights: [1, 1, 1, 1],
  loadBalancing: { panicThreshold: `${percent}%` },
  healthCheck,
  envoy: { health_checks: [grpcCheck('')], common_lb_config: { healthy_panic_threshold: { value: percent } } },
});

/** How many endpoints of four are healthy, and which get calls. */
const CASES = [
  { healthy: 4, panicky: '0 1 2 3', calm: '0 1 2 3' },
  { healthy: 2, panicky: '0 1', calm: '0 1' },
  { healthy: 1, panicky: '0 1 2 3', calm: '0' },
  // -1 is a call that got no endpoint.
  { healthy: 0, panicky: '0 1 2 3', calm: '-1' },
  { healthy: 3, panicky: '0 1 2', calm: '0 1 2' },
];

describe('panic below 50 % healthy endpoints', { timeout: 120_000 }, () => {
  it('sends calls where an Envoy with the same checks and thresholds sends them', async () => {
    const backends = await Promise.all([0, 1, 2, 3].map((index) => CheckedBackend.start(index)));
    const addresses = backends.map(({ address }) => address);
    await using pair = await BalancingPair.over(addresses, [cluster('panicky', 50), cluster('calm', 0)], backends);
    for (const { healthy, ...expected } of CASES) {
      for (const [index, backend] of backends.entries()) {
        backend.isServing = index < healthy;
      }
      for (const side of pair.sides) {
        for (const name of ['panicky', 'calm'] as const) {
          const call = (): Promise<readonly number[]> => side.call({ cluster: name, count: CALLS, atATime: 10 });
          await eventually(
            `${side.name} sends calls of ${name} with ${healthy} healthy to ${expected[name]}`,
            call,
            (seen) => [...new Set(seen)].toSorted((one, other) => one - other).join(' ') === expected[name],
            { deadlineMs: 10_000 },
          );
          // Once more, as the first calls may have been made before the checks.
          const homes = await call();
          const counts = [...new Set(homes)].map((home) => homes.filter((each) => each === home).length);
          const most = Math.max(...counts);
          assert.ok(most - Math.min(...counts) <= 1, `${side.name} shares ${name} with ${healthy} healthy: ${counts.join(' ')}`);
        }
      }
    }
  });
});
