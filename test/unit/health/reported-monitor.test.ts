import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JoinedDiscovery } from '../../../src/discovery/joined-discovery.ts';
import { ClusterTable } from '../../../src/health/cluster-table.ts';
import { createNoneChecker } from '../../../src/health/none-checker.ts';
import type { HealthClusterOptions } from '../../../src/health/options.ts';
import type { DiscoveryUpdate } from '../../../src/model/discovery-update.ts';
import { createEndpoint, type Endpoint, type ReportedHealth } from '../../../src/model/endpoint.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const TIMING = { intervalMs: 5_000, intervalJitterMs: 0, unhealthyIntervalMs: 5_000, timeoutMs: 1_000, healthyThreshold: 2 };
const CLUSTER: HealthClusterOptions = {
  name: 'app',
  connectTimeoutMs: 1_000,
  staleAfterMs: 180_000,
  tls: null,
  healthCheck: { type: 'envoy', unhealthyThreshold: 3, ...TIMING },
};

function reported(state: ReportedHealth['state'], changes: Partial<ReportedHealth> = {}, port = 1): Endpoint {
  const report = { state, flags: [], reason: '', atMs: 1, pollMs: 2, failedPolls: 0, failure: '', ...changes };
  return { ...createEndpoint({ kind: 'tcp', host: '10.0.0.1', port }, null), reported: report };
}

function failed(failedPolls: number, state: ReportedHealth['state'] = 'healthy'): DiscoveryUpdate {
  return { kind: 'failed', reason: 'away', endpoints: [reported(state, { failedPolls, failure: 'away' })] };
}

function watchTable(): { table: ClusterTable; clock: FakeClock; outcomes: string[]; state: () => string } {
  const clock = new FakeClock();
  const outcomes: string[] = [];
  const table = new ClusterTable(CLUSTER, {
    clock,
    random: () => 0,
    createChecker: createNoneChecker,
    hasTraffic: () => true,
    onChange: () => undefined,
    observer: {
      onCheck: (_cluster, _endpoint, outcome) => outcomes.push(outcome),
      onStateChange: () => undefined,
      onDiscovery: () => undefined,
      onEndpointRemoved: () => undefined,
    },
  });
  const state = (): string => table.health.endpoints.map((endpoint) => `${endpoint.state} ${endpoint.reason}`.trim()).join(', ');
  return { table, clock, outcomes, state };
}

describe('endpoints whose source reports their health', () => {
  it('are what the source says, at once and in every word', async () => {
    const { table, outcomes, state } = watchTable();
    for (const word of ['unhealthy', 'healthy', 'degraded', 'pending', 'draining', 'excluded', 'healthy'] as const) {
      table.updateDiscovery({ kind: 'endpoints', endpoints: [reported(word, { flags: ['a'], reason: `${word}!` })] });
      assert.equal(state(), `${word} ${word}!`);
      assert.deepEqual(table.health.endpoints[0]?.flags, ['a']);
    }
    assert.deepEqual(outcomes.slice(0, 2), ['not_serving', 'serving']);
    await table.close();
  });

  it('are unhealthy after three polls that failed, and well with the next answer', async () => {
    const { table, state } = watchTable();
    table.updateDiscovery({ kind: 'endpoints', endpoints: [reported('healthy')] });
    for (const [polls, wanted] of [
      [1, 'healthy'],
      [2, 'healthy'],
      [3, 'unhealthy away'],
      [4, 'unhealthy away'],
    ] as const) {
      table.updateDiscovery(failed(polls));
      assert.equal(state(), wanted);
    }
    assert.equal(table.health.discovery.state, 'failed');
    table.updateDiscovery({ kind: 'endpoints', endpoints: [reported('healthy')] });
    assert.equal(state(), 'healthy');
    await table.close();
  });

  it('are stale when no answer has come for too long, however often the same one is shown', async () => {
    const { table, clock, state } = watchTable();
    const endpoint = reported('healthy');
    table.updateDiscovery({ kind: 'endpoints', endpoints: [endpoint] });
    await clock.advance(179_999);
    table.updateDiscovery({ kind: 'endpoints', endpoints: [endpoint] });
    table.updateDiscovery(failed(1));
    table.expire(clock.now());
    assert.equal(state(), 'healthy');
    await clock.advance(1);
    table.expire(clock.now());
    assert.equal(state(), 'stale no report for 180 s');
    table.updateDiscovery(failed(2));
    assert.equal(state(), 'stale no report for 180 s');
    await table.close();
  });

  it('cannot be none any longer once the source has been away for three polls', async () => {
    const { table } = watchTable();
    table.updateDiscovery({ kind: 'endpoints', endpoints: [] });
    const seen: unknown[] = [];
    for (let polls = 0; polls < 3; polls += 1) {
      table.updateDiscovery({ kind: 'failed', reason: 'away' });
      seen.push(table.health.discovery.expired);
    }
    assert.deepEqual(seen, [undefined, undefined, true]);
    table.updateDiscovery({ kind: 'endpoints', endpoints: [] });
    assert.equal(table.health.discovery.expired, undefined);
    await table.close();
  });

  it('are told of each source, also while another fails', async () => {
    const tell: ((update: DiscoveryUpdate) => void)[] = [];
    const source = { watch: (onUpdate: (update: DiscoveryUpdate) => void) => Promise.resolve(void tell.push(onUpdate)) };
    const updates: DiscoveryUpdate[] = [];
    await new JoinedDiscovery([source, source]).watch((update) => updates.push(update), new AbortController().signal);
    tell[0]?.({ kind: 'endpoints', endpoints: [reported('healthy', {}, 1)] });
    tell[1]?.({ kind: 'endpoints', endpoints: [reported('healthy', {}, 2)] });
    tell[0]?.({ kind: 'failed', reason: 'away', endpoints: [reported('healthy', { failedPolls: 1 }, 1)] });
    tell[1]?.({ kind: 'endpoints', endpoints: [reported('unhealthy', {}, 2)] });
    assert.deepEqual(
      updates.map((update) => [
        update.kind,
        ...(update.endpoints ?? []).map(({ reported: report }) => `${report?.state} ${report?.failedPolls}`),
      ]),
      [
        ['endpoints', 'healthy 0', 'healthy 0'],
        ['failed', 'healthy 1', 'healthy 0'],
        ['failed', 'healthy 1', 'unhealthy 0'],
      ],
    );
  });
});
