import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressOf, Conductor, prefixOf } from './h2specd/conductor.ts';
import { Gate } from './h2specd/gate.ts';
import type { RawConfig } from './support/bridge.ts';
import { Child } from './support/child.ts';
import { freeRange } from './support/free-ports.ts';
import { startRelay } from './support/relay.ts';
import { builtTool } from './support/tools.ts';

/** What h2specd 2.2.1 has: a broken server each. */
const CASES = 57;

/** A cluster for each case, so that what one server does is not held against the next; connections wait for their turn for long. */
function configFor(gatePort: number): RawConfig {
  const cases = Array.from({ length: CASES }, (_, index) => ({
    name: `case-${index + 1}`,
    address: addressOf(index),
    prefix: prefixOf(index),
  }));
  return {
    clusters: cases.map(({ name, address }) => ({
      name,
      discovery: { type: 'static', endpoints: [`${address}:${gatePort}`] },
      connectTimeout: '110s',
      healthCheck: { type: 'none' },
    })),
    routes: cases.map(({ name, prefix }) => ({ name, match: { prefix }, cluster: name })),
  };
}

describe('h2specd behind the forwarder', { timeout: 240_000 }, () => {
  for (const [how, paceMs] of [
    ['that write their frames together', 0],
    ['whose frames come one by one, 3 ms apart', 3],
  ] as const) {
    it(`passes whole with servers ${how}`, async (t) => {
      await using gate = await Gate.start(paceMs);
      await using relay = await startRelay({ backends: [], config: configFor(gate.port) });
      const from = await freeRange(CASES);
      await using conductor = await Conductor.start(gate, { relayPort: relay.port, from });
      await using h2specd = await Child.start(builtTool('h2specd'), [
        '--host=127.0.0.1',
        '--port=1',
        `--from-port=${from}`,
        '--timeout=1',
        `--exec=${conductor.command}`,
      ]);
      await h2specd.exit(110_000);
      const [summary = 'no summary', total, passed] = /(\d+) tests, (\d+) passed/.exec(h2specd.stdout) ?? [];
      const failures = h2specd.stdout.slice(h2specd.stdout.lastIndexOf('Failures:')).slice(0, 4_000);
      const { missed } = conductor;
      t.diagnostic(`${summary}${missed.length > 0 ? `; no connection for case ${missed.join(', ')}` : ''}`);
      assert.deepEqual([total, passed, missed], [String(CASES), String(CASES), []], failures);
      relay.child.assertRunning();
    });
  }
});
