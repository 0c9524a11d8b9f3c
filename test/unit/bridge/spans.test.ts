import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { pino } from 'pino';
import { withCheckSpans } from '../../../src/bridge/spans.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { HealthObserver } from '../../../src/health/observer.ts';
import { Tracing } from '../../../src/observability/tracing/tracing.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const ENDPOINTS = { type: 'static', endpoints: ['127.0.0.1:1'] };
const CONFIG = resolveConfig({
  listeners: [{ address: '127.0.0.1:0' }],
  clusters: [
    { name: 'asked', discovery: ENDPOINTS, healthCheck: { type: 'grpc', mode: 'watch' } },
    { name: 'trusted', discovery: ENDPOINTS, healthCheck: { type: 'none' } },
    { name: 'reported', discovery: { type: 'envoy', admin: 'http://127.0.0.1:9901', clusters: ['a'] } },
  ],
});

function observer(told: string[]): HealthObserver {
  return {
    onCheck: (cluster) => void told.push(cluster),
    onPassed: (cluster) => void told.push(`${cluster} passed`),
    onStateChange: ({ cluster }) => void told.push(`${cluster} changed`),
    onDiscovery: (cluster) => void told.push(`${cluster} discovered`),
    onEndpointRemoved: (cluster) => void told.push(`${cluster} lost one`),
  };
}

describe('spans of checks', () => {
  it('are made where the bridge asks, not where it takes the word of another, and everything is told on', () => {
    const clock = new FakeClock();
    const tracing = new Tracing({ endpoint: 'http://127.0.0.1:1', version: '1', clock, logger: pino({ level: 'silent' }) });
    const onCheck = mock.method(tracing.checks, 'onCheck');
    const told: string[] = [];
    const both = withCheckSpans(observer(told), tracing, () => CONFIG);
    for (const cluster of ['asked', 'trusted', 'reported', 'removed']) {
      both.onCheck(cluster, '127.0.0.1:1', 'serving', 1);
    }
    both.onPassed?.('asked', '127.0.0.1:1');
    both.onStateChange({ cluster: 'asked', endpoint: '127.0.0.1:1', from: 'pending', to: 'healthy', reason: '' });
    both.onDiscovery('asked', { kind: 'failed', reason: 'r' });
    both.onEndpointRemoved('asked', '127.0.0.1:1');
    const rest = ['asked passed', 'asked changed', 'asked discovered', 'asked lost one'];
    assert.deepEqual(told, ['asked', 'trusted', 'reported', 'removed', ...rest]);
    assert.deepEqual(
      onCheck.mock.calls.map(({ arguments: [{ cluster, type, mode }] }) => [cluster, type, mode]),
      [['asked', 'grpc', 'watch']],
    );
  });

  it('are none without a collector', () => {
    const only = observer([]);
    assert.equal(
      withCheckSpans(only, null, () => CONFIG),
      only,
    );
  });
});
