import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { BridgeProcess } from '../peers/support/bridge.ts';
import { CallLoad } from '../peers/support/call-load.ts';
import { RecordedBackend } from '../peers/support/call-record.ts';
import { freePort } from '../peers/support/free-ports.ts';
import { WorkFolder } from '../peers/support/work-folder.ts';
import { L4Balancer, type SlotAddress } from './support/l4-balancer.ts';

/** .ci/run, whose time is limited, sets fewer. */
const ROUNDS = Number(process.env['ROLLING_ROUNDS'] ?? 10);
const BACKENDS = 6;
const BRIDGES = 2;

/** k8s/base in small: preStop 5 s, drain delay 5 s and timeout 20 s, and a balancer that asks every second, all ten times as fast. */
const SCALE = 10;
const PRE_STOP_MS = 5000 / SCALE;
const DRAIN = { delay: `${5000 / SCALE}ms`, timeout: `${20_000 / SCALE}ms` };
const CHECK_EVERY_MS = 1000 / SCALE;
const LOAD = { channels: 4, unary: 4, streams: 2, delayMs: 20 };

/** How many bridges there may be at once: maxSurge is 1. */
const SLOTS = BRIDGES + 1;

/** The places where bridges run, one after the other. */
class Bridges implements AsyncDisposable {
  readonly slots: SlotAddress[] = [];
  readonly #running = new Map<number, BridgeProcess>();
  readonly #list: string;

  private constructor(list: string) {
    this.#list = list;
  }

  static async create(list: string): Promise<Bridges> {
    const bridges = new Bridges(list);
    for (let slot = 0; slot < SLOTS; slot++) {
      const port = await freePort();
      bridges.slots.push({ port, checkPort: port });
    }
    return bridges;
  }

  get freeSlot(): number {
    return this.slots.findIndex((_, slot) => !this.#running.has(slot));
  }

  async start(slot: number): Promise<void> {
    const port = this.slots[slot]?.port ?? 0;
    const healthCheck = { interval: '200ms', intervalJitter: '0s', unhealthyInterval: '100ms', timeout: '1s' };
    const bridge = await BridgeProcess.start(
      {
        listeners: [{ name: 'in', address: `127.0.0.1:${port}` }],
        clusters: [{ name: 'app', discovery: { type: 'file', path: this.#list }, healthCheck }],
        routes: [{ name: 'all', match: { prefix: '/' }, cluster: 'app' }],
        drain: DRAIN,
      },
      { url: `http://127.0.0.1:${port}` },
    );
    this.#running.set(slot, bridge);
  }

  /** What kubelet does to a pod: preStop, SIGTERM, and nothing more if it ends in time. */
  async stop(slot: number): Promise<void> {
    const bridge = this.#running.get(slot);
    assert.ok(bridge !== undefined);
    await sleep(PRE_STOP_MS);
    bridge.child.signal('SIGTERM');
    assert.deepEqual(await bridge.child.exit(10_000), { code: 0, signal: null }, bridge.child.stderr);
    await bridge[Symbol.asyncDispose]();
    this.#running.delete(slot);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const bridge of this.#running.values()) {
      await bridge[Symbol.asyncDispose]();
    }
  }
}

/** Lists the backends anew in one step, as ConfigMaps are swapped. */
async function list(folder: WorkFolder, backends: readonly RecordedBackend[]): Promise<void> {
  const next = await folder.write('next.json', JSON.stringify(backends.map(({ address }) => address)));
  await rename(next, join(folder.path, 'backends.json'));
}

describe('a rolling update', { timeout: 180_000 }, () => {
  it(`of ${BRIDGES} bridges and a backend under load, ${ROUNDS} times, fails no call`, async (t) => {
    await using folder = await WorkFolder.create();
    await using stack = new AsyncDisposableStack();
    const backends: RecordedBackend[] = [];
    for (let index = 0; index < BACKENDS; index++) {
      const backend = stack.use(await RecordedBackend.create(folder, `backend${index}`));
      await backend.start();
      backends.push(backend);
    }
    await list(folder, backends);
    const bridges = stack.use(await Bridges.create(join(folder.path, 'backends.json')));
    for (let slot = 0; slot < BRIDGES; slot++) {
      await bridges.start(slot);
    }
    await using balancer = await L4Balancer.start(bridges.slots, CHECK_EVERY_MS);
    await balancer.until(bridges.freeSlot, 'DOWN');
    await using load = new CallLoad(balancer.port, LOAD);
    for (let round = 0; round < ROUNDS; round++) {
      const leaving = backends[round % BACKENDS];
      assert.ok(leaving !== undefined);
      await list(
        folder,
        backends.filter((backend) => backend !== leaving),
      );
      for (let replaced = 0; replaced < BRIDGES; replaced++) {
        const free = bridges.freeSlot;
        await bridges.start(free);
        await balancer.until(free, 'UP');
        await bridges.stop((free + 1) % SLOTS);
      }
      await leaving.stop();
      await leaving.start();
      await list(folder, backends);
    }
    const results = await load.stop();
    const failed = results.filter(({ code }) => code !== status.OK);
    const perBackend = await Promise.all(backends.map(async (backend) => (await backend.begun()).length));
    t.diagnostic(
      `${results.length} calls, ${failed.length} failed; ${ROUNDS * BRIDGES} bridges replaced; calls per backend ${perBackend.join(' ')}`,
    );
    assert.ok(results.length > 100 * ROUNDS);
    assert.deepEqual(failed, []);
    assert.ok(Math.min(...perBackend) > 0);
  });
});
