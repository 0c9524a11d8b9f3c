import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CheckSpans, type EndedCheck } from '../../../../src/observability/tracing/check-spans.ts';
import type { EndedSpan } from '../../../../src/observability/tracing/ended-span.ts';
import { TraceIds } from '../../../../src/observability/tracing/trace-context.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

function spanOf(changes: Partial<EndedCheck>): EndedSpan {
  const ended: EndedSpan[] = [];
  const spans = new CheckSpans({ clock: new FakeClock(), ids: new TraceIds(), sink: (span) => ended.push(span) });
  const check = { cluster: 'c', endpoint: '10.0.0.1:1', type: 'grpc', mode: 'check', outcome: 'serving', durationMs: 3 } as const;
  spans.onCheck({ ...check, ...changes });
  const [span] = ended;
  assert.ok(span !== undefined && ended.length === 1);
  return span;
}

describe('the span of a check', () => {
  it('is a trace of its own, with the outcome', () => {
    const { traceId, spanId, ...span } = spanOf({});
    assert.match(`${traceId}-${spanId}`, /^[0-9a-f]{32}-[0-9a-f]{16}$/);
    assert.deepEqual(span, {
      name: 'grpc.health.v1.Health/Check',
      kind: 'client',
      parentSpanId: '',
      endMs: 1_700_000_000_000,
      durationMs: 3,
      isError: false,
      attributes: {
        'bridge.cluster': 'c',
        'bridge.endpoint': '10.0.0.1:1',
        'bridge.check.outcome': 'serving',
        'rpc.system': 'grpc',
        'rpc.service': 'grpc.health.v1.Health',
        'rpc.method': 'Check',
      },
    });
  });

  it('is named by how the endpoint is asked', () => {
    const named = [{ mode: 'watch' }, { mode: 'auto' }, { type: 'http' }, { type: 'tcp' }] as const;
    assert.deepEqual(
      named.map((changes) => spanOf(changes).name),
      ['grpc.health.v1.Health/Watch', 'grpc.health.v1.Health', 'GET', 'tcp connect'],
    );
    assert.equal(spanOf({ type: 'tcp' }).attributes['rpc.system'], undefined);
  });

  it('is an error unless the endpoint may get calls', () => {
    const outcomes = ['serving', 'degraded', 'not_serving', 'timeout'];
    assert.deepEqual(
      outcomes.map((outcome) => spanOf({ outcome }).attributes['error.type']),
      [undefined, undefined, 'not_serving', 'timeout'],
    );
    assert.deepEqual(
      outcomes.map((outcome) => spanOf({ outcome }).isError),
      [false, false, true, true],
    );
  });
});
