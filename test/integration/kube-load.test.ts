import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { COALESCE_MS } from '../../src/discovery/kubernetes/kubernetes.ts';
import type { DiscoveryUpdate } from '../../src/model/discovery-update.ts';
import { kubeconfig } from '../support/kubeconfig.ts';
import { KubeApi, sliceOf } from '../support/peers/kube-api.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';
import { plainAccess, WatchedService } from '../support/watched-service.ts';

const SLICES = 10;
const SLICE_ENDPOINTS = 100;
const CHANGE_EVERY_MS = 20;
/** Of one core. The stand-in, which writes and sends the slices, is in the same process. */
const MAX_SOURCE_SHARE = 0.5;
/** The same with checks, verdicts and log lines of a whole bridge, and endpoints that are all new each time. */
const MAX_BRIDGE_SHARE = 0.9;

function address(slice: number, round: number, index: number): string {
  return `10.${round}.${slice}.${index}`;
}

function put(api: KubeApi, slice: number, round: number): void {
  const addresses = Array.from({ length: SLICE_ENDPOINTS }, (_, index) => address(slice, round, index));
  api.put(`app-${slice}`, sliceOf(addresses));
}

/** Changes one slice after the other, 50 times a second. */
async function churn(api: KubeApi, changes: number): Promise<void> {
  const startedAt = performance.now();
  for (let change = 0; change < changes; change += 1) {
    put(api, change % SLICES, 1 + Math.floor(change / SLICES));
    await sleep(Math.max(0, startedAt + (change + 1) * CHANGE_EVERY_MS - performance.now()));
  }
}

/** What there is after so many changes. */
function wanted(changes: number): string {
  const round = changes / SLICES;
  return Array.from({ length: SLICES * SLICE_ENDPOINTS }, (_, index) =>
    address(Math.floor(index / SLICE_ENDPOINTS), round, index % SLICE_ENDPOINTS),
  ).join(' ');
}

/** A source that has seen all slices, and each of its updates as it came. */
async function start(api: KubeApi, onUpdate: (update: DiscoveryUpdate) => void): Promise<WatchedService> {
  for (let slice = 0; slice < SLICES; slice += 1) {
    put(api, slice, 0);
  }
  const access = () => Promise.resolve({ kind: 'access', access: plainAccess(api.url) } as const);
  const service = new WatchedService(access, { onUpdate });
  await service.until((last) => api.watches === 1 && last.split(' ').length === SLICES * SLICE_ENDPOINTS);
  return service;
}

/** Waits for a URL that changes with nothing that is logged. */
async function untilHealthy(bridge: TestBridge, path: string): Promise<void> {
  const deadline = AbortSignal.timeout(5_000);
  while ((await bridge.get(path)).status !== 200) {
    deadline.throwIfAborted();
  }
}

describe('1,000 endpoints in 10 slices that change 50 times a second', () => {
  it('lose no update, are told at most 20 times a second, and cost little', async () => {
    await using api = await KubeApi.start();
    await using service = await start(api, () => undefined);
    const [before, startedAt, cpuBefore] = [service.said.length, performance.now(), process.cpuUsage()];
    await churn(api, 100);
    await service.until(wanted(100));
    const [elapsedMs, { user, system }] = [performance.now() - startedAt, process.cpuUsage(cpuBefore)];
    const told = service.said.slice(before);
    assert.ok(told.length <= elapsedMs / COALESCE_MS + 2, `told ${told.length} times`);
    const share = (user + system) / 1_000 / elapsedMs;
    assert.ok(share < MAX_SOURCE_SHARE, `${Math.round(share * 100)} % of a core`);
    // Never less than whole slices, each in its newest form or the one before.
    assert.deepEqual([...new Set(told.map((each) => each.split(' ').length))], [SLICES * SLICE_ENDPOINTS]);
  });

  it('reach the health answer of a bridge as they are in the end, at a bounded cost', async () => {
    await using api = await KubeApi.start();
    for (let slice = 0; slice < SLICES; slice += 1) {
      put(api, slice, 0);
    }
    await using files = await writeTestFiles({ config: kubeconfig(api.url) });
    process.env['KUBECONFIG'] = files.path('config');
    const discovery = { type: 'kubernetes', service: 'app', port: 'grpc' };
    await using bridge = await TestBridge.start({ clusters: [{ name: 'app', discovery, healthCheck: { type: 'none' } }] });
    delete process.env['KUBECONFIG'];
    await bridge.untilHealthy(true);
    const [startedAt, cpuBefore] = [performance.now(), process.cpuUsage()];
    await churn(api, 60);
    const [elapsedMs, { user, system }] = [performance.now() - startedAt, process.cpuUsage(cpuBefore)];
    const share = (user + system) / 1_000 / elapsedMs;
    assert.ok(share < MAX_BRIDGE_SHARE, `${Math.round(share * 100)} % of a core`);
    const last = address(SLICES - 1, 60 / SLICES, 0);
    await untilHealthy(bridge, `/healthz/app/${last}:50051`);
    const { body } = await bridge.get('/healthz?format=json');
    assert.match(body, /"status":"pass"/);
    // The set of before is gone as a whole.
    assert.equal((await bridge.get(`/healthz/app/${address(0, 0, 0)}:50051`)).status, 404);
  });

  it('reach a consumer that is slower than they are in their last form, without a queue', async () => {
    await using api = await KubeApi.start();
    let told = 0;
    await using service = await start(api, () => {
      told += 1;
      for (const until = performance.now() + 100; performance.now() < until; ) {
        // Nothing else runs in this thread meanwhile.
      }
    });
    const before = told;
    const startedAt = performance.now();
    await churn(api, 40);
    await service.until(wanted(40));
    assert.ok(told - before <= (performance.now() - startedAt) / 100 + 1, `told ${told - before} times`);
  });
});
