import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { BridgeProcess } from './support/bridge.ts';
import { Child } from './support/child.ts';
import { HealthPeer } from './support/health-peer.ts';
import { MemorySampler, residentOctets } from './support/memory.ts';
import { CALLS_BEFORE_PACED, callPaced } from './support/paced-calls.ts';
import { WorkFolder } from './support/work-folder.ts';

const WARM_UP_SECONDS = 5;
const STALLED_SECONDS = 60;
/** While the log is read, before and after; together as long as it is not. */
const READ_SECONDS = 30;
/** To each bridge: far below what it can do, so that the figures are its own and not those of a full machine. */
const CALLS_PER_SECOND = 750;
/** The 4 MiB of lines that wait, and what the heap makes of a minute of calls. */
const MAX_GROWTH_OCTETS = 48 * 1_048_576;
/** How much slower the slowest hundredth of calls may become. */
const MAX_SLOWDOWN = 1.1;
/** Two minutes of a machine that others use tell the slowdown to some 5 %, so that one attempt may be unlucky. */
const MAX_ATTEMPTS = 2;

type Latencies = readonly number[];

/** A bridge that logs to a pipe, and one that does not, so that what the machine does to both can be told from what the log does. */
class Setting implements AsyncDisposable {
  readonly logging: BridgeProcess;
  readonly reader: Child;
  readonly #quiet: BridgeProcess;
  readonly #rest: AsyncDisposableStack;
  /** What the one that logs has been called. */
  calls = 0;

  static async start(): Promise<Setting> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await WorkFolder.create());
    const file = join(folder.path, 'access.log');
    await promisify(execFile)('mkfifo', [file]);
    const reader = stack.use(await Child.start('wc', ['-l', file]));
    const peer = stack.use(await HealthPeer.start('grpc-go'));
    const config = {
      clusters: [{ name: 'app', discovery: { type: 'static', endpoints: [peer.address] }, healthCheck: { type: 'none' } }],
      routes: [{ name: 'app', match: { prefix: '/' }, cluster: 'app' }],
      drain: { delay: '0s' },
    };
    const quiet = stack.use(await BridgeProcess.start(config));
    const logging = stack.use(await BridgeProcess.start({ ...config, accessLog: { file } }));
    return new Setting({ logging, quiet, reader, rest: stack.move() });
  }

  private constructor(parts: {
    readonly logging: BridgeProcess;
    readonly quiet: BridgeProcess;
    readonly reader: Child;
    readonly rest: AsyncDisposableStack;
  }) {
    this.logging = parts.logging;
    this.reader = parts.reader;
    this.#quiet = parts.quiet;
    this.#rest = parts.rest;
  }

  /** How long the calls to the one that logs took, and those to the other one at the same time. */
  async load(seconds: number): Promise<readonly [Latencies, Latencies]> {
    const pace = { perSecond: CALLS_PER_SECOND, seconds };
    this.calls += CALLS_PER_SECOND * seconds + CALLS_BEFORE_PACED;
    const [logging, quiet] = [this.logging, this.#quiet].map(({ url }) => callPaced(new URL(url).host, pace));
    return Promise.all([logging ?? [], quiet ?? []]);
  }

  async dropped(): Promise<number> {
    const { body } = await this.logging.admin('/metrics');
    return Number(/^grpc_health_bridge_access_log_dropped_total (\d+)$/m.exec(body)?.[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rest.disposeAsync();
  }
}

function p99(latencies: Latencies): number {
  return latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length * 0.99)] ?? Number.NaN;
}

/** How many times as slow the slowest hundredth is while nobody reads; where the machine has slowed down both bridges, next to the other one. */
async function slowdown(t: TestContext, setting: Setting): Promise<number> {
  const before = await setting.load(READ_SECONDS);
  const lostBefore = await setting.dropped();
  setting.reader.signal('SIGSTOP');
  const stalled = await setting.load(STALLED_SECONDS);
  const lost = (await setting.dropped()) - lostBefore;
  setting.reader.signal('SIGCONT');
  const after = await setting.load(READ_SECONDS);
  const read = [p99([...before[0], ...after[0]]), p99([...before[1], ...after[1]])] as const;
  const unread = [p99(stalled[0]), p99(stalled[1])] as const;
  const ratio = (unread[0] / read[0]) * Math.min(1, read[1] / unread[1]);
  const words = [read, unread].map(([logged, quiet]) => `${logged.toFixed(2)} ms (${quiet.toFixed(2)} without a log)`);
  t.diagnostic(`p99 ${words.join(' while it is read, ')} while it is not: ${ratio.toFixed(3)} times | ${lost} lines dropped`);
  assert.ok(lost > 0);
  return ratio;
}

describe('an access log that nobody reads for a minute', { timeout: 600_000 }, () => {
  it('costs calls nothing and bounded memory, and each lost line is counted', async (t) => {
    await using setting = await Setting.start();
    const { logging, reader } = setting;
    await setting.load(WARM_UP_SECONDS);
    assert.equal(await setting.dropped(), 0);

    const before = residentOctets(logging.child.pid);
    using memory = new MemorySampler(logging.child.pid);
    const ratios: number[] = [];
    do {
      ratios.push(await slowdown(t, setting));
    } while (Math.min(...ratios) > MAX_SLOWDOWN && ratios.length < MAX_ATTEMPTS);
    const growth = Math.max(...memory.samples) - before;
    t.diagnostic(`memory +${growth >> 20} MiB`);
    assert.ok(growth < MAX_GROWTH_OCTETS, `${growth} octets`);
    assert.ok(Math.min(...ratios) <= MAX_SLOWDOWN, `${ratios.join(', ')} times as slow`);

    // All that waited is written once it is read again, so that each call has a line or is counted.
    const lost = await setting.dropped();
    logging.child.signal('SIGTERM');
    assert.equal((await logging.child.exit()).code, 0);
    await reader.exit();
    assert.equal(Number.parseInt(reader.stdout, 10) + lost, setting.calls);
  });
});
