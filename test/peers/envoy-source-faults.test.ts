import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BadAdmin, type Fault } from './support/bad-admin.ts';
import { BridgeProcess } from './support/bridge.ts';
import { EnvoyProcess, http2Cluster } from './support/envoy.ts';
import { eventually } from './support/eventually.ts';
import { MemorySampler, residentOctets } from './support/memory.ts';

const MIB = 1_048_576;
/** How much more an answer of 200 MiB may need than one of some hundred octets. */
const MOST_MORE_MIB = 128;

const FAULTS: readonly (readonly [Exclude<Fault, 'none'>, RegExp])[] = [
  ['hang', /no whole answer within 700 ms/],
  ['drip', /no whole answer within 700 ms/],
  ['truncate', /the JSON is cut off/],
  ['cut', /the answer broke off|connection/],
  ['error', /\/clusters\?format=json answered 500/],
  ['html', /answered a page of HTML/],
  ['huge', /answered more than 67108864 octets|no whole answer within 700 ms/],
];

/** Answers while the admin interface is broken, without those that repeat the one before. */
async function watchFall(bridge: BridgeProcess, admin: BadAdmin): Promise<readonly string[]> {
  const seen: string[] = [];
  const first = admin.polls;
  await eventually(
    'the answer turns unhealthy',
    async () => {
      const { status, body } = await bridge.verbose();
      const word = `${status}${body.includes('discovery failed: Envoy at') ? ' failed' : ''}`;
      if (seen.at(-1) !== word) {
        seen.push(word);
      }
      return status;
    },
    (status) => status === 503,
    { deadlineMs: 20_000 },
  );
  assert.ok(admin.polls - first >= 3, `after ${admin.polls - first} polls`);
  return seen;
}

describe('a bridge over an Envoy whose admin interface is broken', { timeout: 120_000 }, () => {
  it('keeps the last state for two polls, is unhealthy from the third, says why, and recovers at once', async (t) => {
    const clusters = [http2Cluster('shop', ['127.0.0.1:21901', '127.0.0.1:21902'])];
    await using envoy = await EnvoyProcess.start({ static_resources: { clusters } });
    await using admin = await BadAdmin.start(envoy.adminPort);
    const discovery = {
      type: 'envoy',
      admin: admin.url,
      clusters: ['shop'],
      pollInterval: '250ms',
      jitter: '0s',
      timeout: '700ms',
    };
    await using bridge = await BridgeProcess.start({ clusters: [{ name: 'orders', discovery }] });
    await bridge.untilStatus('/', 200);
    const before = residentOctets(bridge.child.pid);
    using memory = new MemorySampler(bridge.child.pid);
    for (const [fault, reason] of FAULTS) {
      admin.fault = fault;
      const seen = await watchFall(bridge, admin);
      assert.deepEqual(seen.slice(-2), ['200 failed', '503 failed'], fault);
      assert.match((await bridge.verbose()).body, reason, fault);
      admin.fault = 'none';
      await bridge.untilText('/healthz', 200, /^\[\+\]orders ok\n/);
    }
    const most = Math.max(...memory.samples) - before;
    t.diagnostic(
      `${Math.round(admin.hugeOctets / MIB)} MiB were sent in answers of 200 MiB; ${Math.round(most / MIB)} MiB more memory at most`,
    );
    assert.ok(most < MOST_MORE_MIB * MIB, `${Math.round(most / MIB)} MiB more`);
    bridge.child.assertRunning();
  });
});
