import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { BridgeProcess } from './support/bridge.ts';
import { Child } from './support/child.ts';
import { HealthPeer } from './support/health-peer.ts';
import { MemorySampler, residentOctets } from './support/memory.ts';
import { builtTool } from './support/tools.ts';
import { WorkFolder } from './support/work-folder.ts';

const WARM_UP_SECONDS = 2;
const READ_SECONDS = 10;
/** .ci/run, whose time is limited, sets fewer. */
const STALLED_SECONDS = Number(process.env['STALLED_SECONDS'] ?? 60);
/** Far below what the bridge can do, so that the figures are its own and not those of a full machine. */
const CALLS_PER_SECOND = 1_500;
/** Each of the three times, ghz begins with a call that asks for the description of the service. */
const REFLECTIONS = 3;
/** The 4 MiB of lines that wait, and what the heap makes of a minute of calls. */
const MAX_GROWTH_OCTETS = 48 * 1_048_576;
/** How much slower the slowest hundredth may become, and what a busy machine adds. */
const MAX_P99_RATIO = 1.25;
const NOISE_MS = 3;

/** Calls by ghz, over 8 connections with 10 at a time on each; all must succeed. The 99th percentile in milliseconds. */
async function load(port: string, seconds: number): Promise<number> {
  const calls = seconds * CALLS_PER_SECOND;
  const shape = ['-c', '80', '--connections', '8', '--rps', String(CALLS_PER_SECOND), '-n', String(calls)];
  const what = ['--insecure', '--call', 'grpc.health.v1.Health.Check', `127.0.0.1:${port}`];
  await using ghz = await Child.start(builtTool('ghz'), [...shape, ...what]);
  await ghz.exit((seconds + 30) * 1_000);
  assert.match(ghz.stdout, new RegExp(`\\[OK\\] +${calls} responses`));
  const [, p99 = '', unit = ''] = /99 % in ([\d.]+) (ms|s)\b/.exec(ghz.stdout) ?? [];
  return Number(p99) * (unit === 's' ? 1_000 : 1);
}

async function dropped(bridge: BridgeProcess): Promise<number> {
  const { body } = await bridge.admin('/metrics');
  return Number(/^grpc_health_bridge_access_log_dropped_total (\d+)$/m.exec(body)?.[1]);
}

describe('an access log that nobody reads for a minute', { timeout: 180_000 }, () => {
  it('costs calls nothing and bounded memory, and each lost line is counted', async (t) => {
    await using folder = await WorkFolder.create();
    const pipe = join(folder.path, 'access.log');
    await promisify(execFile)('mkfifo', [pipe]);
    await using reader = await Child.start('wc', ['-l', pipe]);
    await using peer = await HealthPeer.start('grpc-go');
    await using bridge = await BridgeProcess.start({
      clusters: [
        {
          name: 'app',
          discovery: { type: 'static', endpoints: [peer.address] },
          healthCheck: { type: 'none' },
        },
      ],
      routes: [{ name: 'app', match: { prefix: '/' }, cluster: 'app' }],
      accessLog: { file: pipe },
      drain: { delay: '0s' },
    });
    const { port } = new URL(bridge.url);
    await load(port, WARM_UP_SECONDS);
    const readMs = await load(port, READ_SECONDS);
    assert.equal(await dropped(bridge), 0);

    reader.signal('SIGSTOP');
    const before = residentOctets(bridge.child.pid);
    using memory = new MemorySampler(bridge.child.pid);
    const stalledMs = await load(port, STALLED_SECONDS);
    const growth = Math.max(...memory.samples) - before;
    const lost = await dropped(bridge);
    reader.signal('SIGCONT');
    t.diagnostic(
      `p99 ${readMs} ms while it is read, ${stalledMs} ms while it is not | ${lost} lines dropped | memory +${growth >> 20} MiB`,
    );
    assert.ok(lost > 0);
    assert.ok(growth < MAX_GROWTH_OCTETS, `${growth} octets`);
    assert.ok(stalledMs <= readMs * MAX_P99_RATIO + NOISE_MS, `${readMs} ms, then ${stalledMs} ms`);

    // All that waited is written once it is read again, so that each call has a line or is counted.
    bridge.child.signal('SIGTERM');
    assert.equal((await bridge.child.exit()).code, 0);
    await reader.exit();
    const calls = (WARM_UP_SECONDS + READ_SECONDS + STALLED_SECONDS) * CALLS_PER_SECOND + REFLECTIONS;
    assert.equal(Number.parseInt(reader.stdout, 10) + lost, calls);
  });
});
