import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { CallLoad, type CallResult } from './support/call-load.ts';
import { RecordedBackend } from './support/call-record.ts';
import { type Relay, startRelay } from './support/relay.ts';
import { ResettingRelay } from './support/resetting-relay.ts';
import { TcpSwitch } from './support/tcp-switch.ts';
import { WorkFolder } from './support/work-folder.ts';

const ROUNDS = 20;

/** What the clients keep up: some dozens of calls under way at any time. */
const LOAD = { channels: 3, unary: 6, streams: 2, delayMs: 40 };

/** How long a call may still be given to a server that is gone: until the forwarder has read that it is. */
const NOTICE_MS = 50;

/** Time for calls to reach what has just been started. */
const SETTLE_MS = 150;

/** When calls may fail, and where: those that are under way at a server that dies or whose connections are cut. */
interface Loss {
  readonly at: RecordedBackend;
  readonly fromMs: number;
  readonly toMs: number;
}

async function lose(losses: Loss[], at: RecordedBackend, cut: () => Promise<void> | void): Promise<void> {
  const fromMs = performance.now();
  await cut();
  losses.push({ at, fromMs, toMs: performance.now() + NOTICE_MS });
}

/** Where each call was executed, by its id. */
async function executions(backends: readonly RecordedBackend[]): Promise<ReadonlyMap<string, readonly RecordedBackend[]>> {
  const places = new Map<string, RecordedBackend[]>();
  for (const backend of backends) {
    for (const id of await backend.begun()) {
      places.set(id, [...(places.get(id) ?? []), backend]);
    }
  }
  return places;
}

/** A call may fail if it ran at what was lost, or was on its way there, and it must fail with UNAVAILABLE. */
function isExcused(call: CallResult, places: readonly RecordedBackend[], losses: readonly Loss[]): boolean {
  const isDuring = ({ at, fromMs, toMs }: Loss): boolean =>
    call.startedMs <= toMs && call.endedMs >= fromMs && places.every((place) => place === at);
  return call.code === status.UNAVAILABLE && losses.some(isDuring);
}

function startForwarder(addresses: readonly string[]): Promise<Relay> {
  return startRelay({
    backends: addresses,
    cluster: {
      healthCheck: {
        mode: 'check',
        interval: '200ms',
        unhealthyInterval: '100ms',
        timeout: '1s',
        unhealthyThreshold: 1,
        healthyThreshold: 1,
      },
    },
    config: { drain: { delay: '0s', timeout: '10s' } },
  });
}

describe('calls through the forwarder', { timeout: 180_000 }, () => {
  it(`are not lost while servers stop, die and come, and forwarders are replaced, ${ROUNDS} times`, async (t) => {
    await using folder = await WorkFolder.create();
    await using stack = new AsyncDisposableStack();
    const backends: RecordedBackend[] = [];
    for (const name of ['stopped', 'killed', 'cut', 'steady']) {
      const backend = stack.use(await RecordedBackend.create(folder, name));
      backends.push(backend);
      await backend.start();
    }
    const [stopped, killed, cut, steady] = backends;
    assert.ok(stopped !== undefined && killed !== undefined && cut !== undefined && steady !== undefined);
    await using cutter = await ResettingRelay.start(cut.port);
    const addresses = [stopped.address, killed.address, cutter.address, steady.address];
    let relay = stack.use(await startForwarder(addresses));
    await using entrance = await TcpSwitch.start(relay.port);
    await using load = new CallLoad(entrance.port, LOAD);
    const losses: Loss[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await sleep(SETTLE_MS);
      await stopped.stop();
      await lose(losses, killed, () => killed.kill());
      await Promise.all([stopped.start(), killed.start()]);
      await sleep(SETTLE_MS);
      await lose(losses, cut, () => cutter.reset());
      const next = stack.use(await startForwarder(addresses));
      await replace(relay, next, entrance);
      relay = next;
    }
    const results = await load.stop();
    const failed = results.filter(({ code }) => code !== status.OK);
    t.diagnostic(`${results.length} calls, ${failed.length} failed with the servers that died or were cut off`);
    assert.ok(results.length > 1_000);
    const places = await executions(backends);
    assert.deepEqual(
      failed.filter((call) => !isExcused(call, places.get(call.id) ?? [], losses)),
      [],
    );
    assert.deepEqual(
      [...places].filter(([, { length }]) => length > 1).map(([id]) => id),
      [],
    );
    assert.deepEqual(
      results.filter(({ id, code }) => code === status.OK && !places.has(id)),
      [],
    );
  });
});

/** New connections go to a new forwarder, then the old one drains and must end by itself. */
async function replace(old: Relay, next: Relay, entrance: TcpSwitch): Promise<void> {
  entrance.turnTo(next.port);
  old.child.signal('SIGTERM');
  assert.deepEqual(await old.child.exit(15_000), { code: 0, signal: null });
}
