/**
 * What a pick costs by policy and number of endpoints, with weights and without, and what a new set of endpoints costs:
 * `node bench/balancing/picks.ts`. Picks must stay below 300 ns at 1,000 endpoints, not grow with their number,
 * and make no garbage (octets of heap near 0). What they grow by is what memory asks for: the first rows are reads of as many numbers and
 * objects as a weighted pick looks at, in an order that no cache and no branch predictor knows.
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

/** Two entries, each in the five arrays that a weighted pick finds it in; which one is read next is known when the one before has been read. */
function measureReads(size: number): void {
  const numbers = Array.from({ length: 2 }, () => Float64Array.from({ length: size }, Math.random));
  const nexts = Int32Array.from(shuffled(size));
  const objects = Array.from({ length: 2 }, () => createEndpoints(size, false));
  let at = 0;
  let sum = 0;
  const read = (entry: number): number => {
    sum += (numbers[0]?.[entry] ?? 0) + (numbers[1]?.[entry] ?? 0);
    sum += (objects[0]?.[entry]?.activeRequests ?? 0) + (objects[1]?.[entry]?.activeRequests ?? 0);
    return nexts[entry] ?? 0;
  };
  const readTwo = (): void => {
    at = (read(read(at)) + (sum > 0 ? 1 : 0)) % size;
  };
  measure(WARM_UP, readTwo);
  console.log(`reads alone, of ${size}: ${measure(PICKS, readTwo).ns.toFixed(0)} ns`);
}

function shuffled(size: number): readonly number[] {
  return Array.from({ length: size }, (_, index) => ({ index, at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ index }) => index);
}

const SIZES = [10, 100, 1000, 10_000];
for (const size of SIZES) {
  measureReads(size);
}
for (const policy of ['roundRobin', 'leastRequest', 'random', 'ringHash'] as const) {
  for (const size of SIZES) {
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
