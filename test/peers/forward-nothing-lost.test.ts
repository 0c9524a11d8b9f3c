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
const LOAD = { channels: 3, unary: 8, streams: 2, delayMs: 15 };

/** How long a call may still be given to a server that is gone: until the forwarder has read that it is. */
const NOTICE_MS = 50;

/** Time for calls to reach what has just been started. */
const SETTLE_MS = 150;

/** When calls may fail: those that are under way at a server that dies or a connection that is cut. */
interface Loss {
  readonly fromMs: number;
  readonly toMs: number;
}

async function during(losses: Loss[], cut: () => Promise<void> | void): Promise<void> {
  const fromMs = performance.now();
  await cut();
  losses.push({ fromMs, toMs: performance.now() + NOTICE_MS });
}

/** Fails with every call that was lost without need, or executed more than once. */
async function assertNothingLost(
  results: readonly CallResult[],
  losses: readonly Loss[],
  backends: readonly RecordedBackend[],
): Promise<void> {
  const failed = results.filter(({ code }) => code !== status.OK);
  const excused = (call: CallResult): boolean =>
    call.code === status.UNAVAILABLE &&
    losses.some(({ fromMs, toMs }) => call.startedMs <= toMs && call.endedMs >= fromMs && call.endedMs <= toMs + NOTICE_MS);
  assert.deepEqual(
    failed.filter((call) => !excused(call)),
    [],
  );
  const times = new Map<string, number>();
  for (const ids of await Promise.all(backends.map((backend) => backend.begun()))) {
    for (const id of ids) {
      times.set(id, (times.get(id) ?? 0) + 1);
    }
  }
  assert.deepEqual(
    [...times].filter(([, count]) => count > 1),
    [],
  );
  const unknown = results.filter(({ id, code }) => code === status.OK && !times.has(id));
  assert.deepEqual(unknown, []);
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
      await during(losses, () => killed.kill());
      await Promise.all([stopped.start(), killed.start()]);
      await sleep(SETTLE_MS);
      await during(losses, () => cutter.reset());
      const next = stack.use(await startForwarder(addresses));
      await replace(relay, next, entrance);
      relay = next;
    }
    const results = await load.stop();
    const failed = results.filter(({ code }) => code !== status.OK).length;
    t.diagnostic(`${results.length} calls, ${failed} failed with the servers that died or were cut off`);
    assert.ok(results.length > 1_000);
    await assertNothingLost(results, losses, backends);
  });
});

/** New connections go to a new forwarder, then the old one drains and must end by itself. */
async function replace(old: Relay, next: Relay, entrance: TcpSwitch): Promise<void> {
  entrance.turnTo(next.port);
  old.child.signal('SIGTERM');
  assert.deepEqual(await old.child.exit(15_000), { code: 0, signal: null });
}
