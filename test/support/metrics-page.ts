import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RawConfig, TestBridge } from './test-bridge.ts';

/** For the configuration of a test: a metrics listener on a free port. */
export const METRICS: RawConfig = { metrics: { address: '127.0.0.1:0' } };

const PREFIX = 'grpc_health_bridge_';
const DEADLINE_MS = 5000;

/** What the metrics listener says of the bridge now, without the prefix. */
export async function metricLines(bridge: TestBridge): Promise<string[]> {
  const { body } = await bridge.get('/metrics', { listener: 'metrics' });
  return body
    .split('\n')
    .filter((line) => line.startsWith(PREFIX))
    .map((line) => line.slice(PREFIX.length));
}

/** Resolves once the line is there: a call ends a moment after its client has the answer. */
export async function untilMetric(bridge: TestBridge, line: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const lines = await metricLines(bridge);
    if (lines.includes(line)) {
      return;
    }
    assert.ok(performance.now() < deadline, `no ${line} in\n${lines.join('\n')}`);
    await sleep(10);
  }
}
