import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEndpoint } from '../../../../src/model/endpoint.ts';
import { CallSpans, MAX_OPEN_SPANS } from '../../../../src/observability/tracing/call-spans.ts';
import type { EndedSpan } from '../../../../src/observability/tracing/ended-span.ts';
import { TraceIds } from '../../../../src/observability/tracing/trace-context.ts';
import type { CallRecord } from '../../../../src/proxy/call-record.ts';
import { LocalReason } from '../../../../src/proxy/local-reason.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { callWith } from '../../../support/logged-lines.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const GRPC = [
  [':method', 'POST'],
  [':path', '/shop.Orders/Place'],
  [':authority', 'api.example:8443'],
] as const;

function start(): { readonly spans: CallSpans; readonly ended: EndedSpan[] } {
  const ended: EndedSpan[] = [];
  const spans = new CallSpans({ clock: new FakeClock(), ids: new TraceIds(), sink: (span) => ended.push(span) });
  return { spans, ended };
}

/** A whole call with this trace context. */
function call(
  given: string | null,
  ending: Partial<CallRecord> = {},
  fields: readonly (readonly [string, string])[] = GRPC,
): EndedSpan[] {
  const { spans, ended } = start();
  const sent = spans.begin(given)?.traceparent ?? given;
  const record = callWith([...fields, ...(sent === null ? [] : [['traceparent', sent] as const])]);
  Object.assign(record, { isGrpc: true, grpcStatus: 0, httpStatus: 200, firstByteMs: 1, durationMs: 2.5, ...ending });
  spans.onCallStart();
  spans.onCallEnd(record);
  spans.onCallEnd(record);
  return ended;
}

const plain = (method: string, ending: Partial<CallRecord>): EndedSpan | undefined =>
  call(null, { isGrpc: false, grpcStatus: -1, ...ending }, [
    [':method', method],
    [':path', '/a?secret=b'],
  ])[0];

describe('the span of a call', () => {
  it('has these words', () => {
    const [span, ...others] = call(`00-${TRACE}-${SPAN}-01`, {
      endpoint: createEndpoint({ kind: 'tcp', host: '10.0.0.1', port: 50051 }, null),
      retries: 1,
      grpcStatus: 5,
    });
    assert.deepEqual(others, []);
    assert.match(span?.spanId ?? '', /^[0-9a-f]{16}$/);
    assert.deepEqual(
      { ...span, spanId: '' },
      {
        name: 'shop.Orders/Place',
        kind: 'server',
        traceId: TRACE,
        spanId: '',
        parentSpanId: SPAN,
        endMs: 1_700_000_000_000,
        durationMs: 2.5,
        isError: false,
        attributes: {
          'bridge.route': 'orders',
          'bridge.cluster': 'shop',
          'bridge.retries': 1,
          'bridge.endpoint': '10.0.0.1:50051',
          'network.protocol.version': '2',
          'client.address': '192.0.2.7',
          'server.address': 'api.example:8443',
          'rpc.system': 'grpc',
          'rpc.service': 'shop.Orders',
          'rpc.method': 'Place',
          'rpc.grpc.status_code': 5,
        },
      },
    );
  });

  it('is none where the client does not sample', () => {
    const { spans } = start();
    assert.equal(spans.begin(`00-${TRACE}-${SPAN}-00`), null);
    assert.deepEqual(call(`00-${TRACE}-${SPAN}-00`), []);
  });

  it('begins a trace where none came, or nothing that could be one', () => {
    for (const given of [null, 'nonsense', `ff-${TRACE}-${SPAN}-00`]) {
      const { spans } = start();
      assert.match(spans.begin(given)?.traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      assert.equal(spans.begin(given)?.isRoot, true);
      const [span] = call(given);
      assert.equal(span?.parentSpanId, '');
      assert.notEqual(span?.traceId, TRACE);
    }
  });

  it('is an error for statuses that a server is at fault for', () => {
    const codes = Array.from({ length: 18 }, (_, code) => code);
    assert.deepEqual(
      codes.filter((grpcStatus) => call(null, { grpcStatus })[0]?.isError),
      [2, 4, 12, 13, 14, 15],
    );
    const [local] = call(null, { grpcStatus: 14, localReason: LocalReason.NO_UPSTREAM });
    assert.equal(local?.attributes['bridge.local_reason'], LocalReason.NO_UPSTREAM);
  });

  it('names plain HTTP by its method, if that is one of the known', () => {
    const ok = plain('GET', {});
    assert.deepEqual([ok?.name, ok?.isError, ok?.attributes['url.path']], ['GET', false, '/a']);
    assert.equal(ok?.attributes['http.response.status_code'], 200);
    assert.deepEqual([plain('BREW', {})?.name, plain('BREW', {})?.attributes['http.request.method']], ['HTTP', '_OTHER']);
    assert.deepEqual(
      [
        plain('GET', { httpStatus: 404 }),
        plain('GET', { httpStatus: 502 }),
        plain('GET', { isUpstreamReset: true }),
        plain('GET', { localReason: LocalReason.CONNECTION_LOST }),
        plain('GET', { isCancelled: true, httpStatus: 0, firstByteMs: -1 }),
      ].map((span) => span?.isError),
      [false, true, true, true, false],
    );
  });

  it('is cut where a client sends much, and has no method for a path that is none', () => {
    const [span] = call(null, {}, [[':path', `/${'a'.repeat(5000)}`]]);
    assert.deepEqual([span?.name.length, span?.attributes['rpc.method']], [256, undefined]);
  });

  it('is none beyond the limit of calls at a time', () => {
    const { spans, ended } = start();
    let last: string | undefined;
    for (let count = 0; count < MAX_OPEN_SPANS; count++) {
      last = spans.begin(null)?.traceparent;
    }
    assert.equal(spans.begin(null), null);
    spans.onCallEnd(callWith([['traceparent', last ?? '']]));
    assert.equal(ended.length, 1);
    assert.notEqual(spans.begin(null), null);
  });
});
