/**
 * What picking an endpoint, taking its connection and opening a stream cost, without sockets on the way: `node bench/balancing/acquire.ts`.
 * Prints nanoseconds and heap octets per call; the latter must be 0 for picks and near the engine's own for acquires.
 */

import { createBalancer } from '../../src/balancing/create-balancer.ts';
import { createEndpoint } from '../../src/model/endpoint.ts';
import type { StreamWaiter } from '../../src/upstream/stream-handler.ts';
import { NodeHttp2Backend } from '../../test/support/peers/node-http2-backend.ts';
import { UpstreamBench } from '../../test/support/upstream-bench.ts';

const PICKS = 5_000_000;

function measure(name: string, run: () => void): void {
  for (let warmUp = 0; warmUp < 100_000; warmUp++) {
    run();
  }
  const heapBefore = process.memoryUsage().heapUsed;
  const before = process.hrtime.bigint();
  for (let count = 0; count < PICKS; count++) {
    run();
  }
  const ns = Number(process.hrtime.bigint() - before) / PICKS;
  const octets = (process.memoryUsage().heapUsed - heapBefore) / PICKS;
  console.log(`${name}: ${ns.toFixed(1)} ns, ${octets.toFixed(2)} octets of heap`);
}

const waiter: StreamWaiter = { excluded: null, hash: 0, onConnection: () => undefined, onNoConnection: () => undefined };

for (const size of [1, 10, 1000]) {
  const endpoints = Array.from({ length: size }, (_, index) => ({
    endpoint: createEndpoint({ kind: 'tcp', host: `10.0.${index >> 8}.${index & 255}`, port: 50_051 }, null),
    activeRequests: 0,
  }));
  const picker = createBalancer('roundRobin', Math.random).update(endpoints);
  measure(`pick of ${size}`, () => void picker.pick(waiter));
}

await using one = await NodeHttp2Backend.start();
await using two = await NodeHttp2Backend.start();
await using bench = new UpstreamBench();
bench.use(one.endpoint, two.endpoint);
await bench.connected(2);
measure('acquire of two endpoints', () => void bench.cluster.acquire(waiter));
