/**
 * What a pick costs by policy and number of endpoints, with weights and without, and what a new set of endpoints costs:
 * `node bench/balancing/picks.ts`. Picks must stay below 300 ns at 1,000 endpoints, grow with no more than the logarithm of their number,
 * and make no garbage (octets of heap near 0).
 */

import type { BalancedEndpoint, PickContext } from '../../src/balancing/balancer.ts';
import { createBalancer, type PolicyName } from '../../src/balancing/create-balancer.ts';
import { FieldList } from '../../src/http2/index.ts';
import { createEndpoint } from '../../src/model/endpoint.ts';
import { RequestHash } from '../../src/upstream/request-hash.ts';

const PICKS = 1_000_000;
const WARM_UP = 100_000;
const UPDATES = 20;
/** The hash of the next call: it leads anywhere on the ring, in no order that a cache would know. */
const STRIDE = 2_654_435_769;

function createEndpoints(size: number, isWeighted: boolean): readonly BalancedEndpoint[] {
  return Array.from({ length: size }, (_, index) => ({
    endpoint: {
      ...createEndpoint({ kind: 'tcp', host: `10.0.${index >> 8}.${index & 255}`, port: 50_051 }, null),
      weight: isWeighted ? 1 + (index % 5) : 1,
    },
    activeRequests: index % 7,
  }));
}

/** Runs it that often and gives nanoseconds and octets of heap for one time. */
function measure(times: number, run: () => void): { readonly ns: number; readonly octets: number } {
  const heapBefore = process.memoryUsage().heapUsed;
  const before = process.hrtime.bigint();
  for (let count = 0; count < times; count++) {
    run();
  }
  const ns = Number(process.hrtime.bigint() - before) / times;
  return { ns, octets: (process.memoryUsage().heapUsed - heapBefore) / times };
}

function measurePolicy(policy: PolicyName, size: number, isWeighted: boolean): void {
  const endpoints = createEndpoints(size, isWeighted);
  const balancer = createBalancer<BalancedEndpoint>(policy, Math.random);
  const picker = balancer.update(endpoints);
  const context = { excluded: null, hash: 0 } satisfies PickContext;
  const pick = (): void => {
    context.hash = (context.hash + STRIDE) >>> 0;
    picker.pick(context);
  };
  measure(WARM_UP, pick);
  const { ns, octets } = measure(PICKS, pick);
  const update = measure(UPDATES, () => void balancer.update(endpoints));
  const weights = isWeighted ? ', weights 1 to 5' : '';
  const updateMs = (update.ns / 1e6).toFixed(2);
  console.log(`${policy} of ${size}${weights}: ${ns.toFixed(0)} ns, ${octets.toFixed(2)} octets of heap; update ${updateMs} ms`);
}

for (const policy of ['roundRobin', 'leastRequest', 'random', 'ringHash'] as const) {
  for (const size of [10, 100, 1000]) {
    measurePolicy(policy, size, false);
    measurePolicy(policy, size, true);
  }
}

const fields = new FieldList();
fields.pushText(':path', '/pkg.Service/Method');
fields.pushText('x-user', 'user-0123456789');
const requestHash = new RequestHash([{ kind: 'header', name: 'x-user' }], Math.random);
const hash = (): void => void requestHash.of(fields, '10.1.2.3');
measure(WARM_UP, hash);
const hashed = measure(PICKS, hash);
console.log(`hash of a header of 15 octets: ${hashed.ns.toFixed(0)} ns, ${hashed.octets.toFixed(2)} octets of heap`);
