import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NameId } from '../../../src/http2/index.ts';
import { CallRecord } from '../../../src/proxy/call-record.ts';
import { LocalReason } from '../../../src/proxy/local-reason.ts';
import { list, request, response, trailers } from '../../support/http2/fields.ts';

function start(isGrpc = true): CallRecord {
  const record = new CallRecord(request());
  record.begin({ name: 'route', cluster: { name: 'cluster' } }, '192.0.2.1', 1000);
  record.isGrpc = isGrpc;
  return record;
}

const outcome = ({ httpStatus, grpcStatus, localReason, isCancelled }: CallRecord): unknown[] => [
  httpStatus,
  grpcStatus,
  localReason,
  isCancelled,
];

describe('the record of a call', () => {
  it('has the status of the trailers, or what a client makes of a response without one', () => {
    const good = start();
    good.onHeaders(response(), 1005);
    good.onResponseEnd(trailers());
    assert.deepEqual(outcome(good), [200, 0, null, false]);
    assert.equal(good.firstByteMs, 5);

    const bare = start();
    bare.onHeaders(list([[':status', '503']]), 1001);
    bare.onResponseEnd(null);
    assert.deepEqual(outcome(bare), [503, 14, null, false]);

    const odd = start();
    odd.onHeaders(response(), 1001);
    odd.onResponseEnd(list([['grpc-status', 'x']]));
    assert.deepEqual(outcome(odd), [200, 2, null, false]);
  });

  it('has no gRPC status for what is not gRPC', () => {
    const plain = start(false);
    plain.onHeaders(response(), 1001);
    plain.onResponseEnd(trailers());
    assert.deepEqual(outcome(plain), [200, -1, null, false]);
    const reset = start(false);
    reset.onReset(8);
    reset.onCancel();
    assert.deepEqual(outcome(reset), [0, -1, null, true]);
  });

  it('has the answer that was made here', () => {
    const grpc = start();
    grpc.onLocalAnswer(LocalReason.DEADLINE, false);
    assert.deepEqual(outcome(grpc), [200, 4, 'deadline', false]);
    const plain = start(false);
    plain.onLocalAnswer(LocalReason.NO_UPSTREAM, false);
    assert.deepEqual(outcome(plain), [503, -1, 'no_upstream', false]);
    const late = start();
    late.onHeaders(response(), 1001);
    late.onLocalAnswer(LocalReason.CONNECTION_LOST, true);
    assert.deepEqual(outcome(late), [200, 14, 'connection_lost', false]);
  });

  it('has what a client makes of a reset, and CANCELLED for one that gave up', () => {
    const reset = start();
    reset.onReset(11);
    assert.deepEqual(outcome(reset), [0, 8, null, false]);
    const cancelled = start();
    cancelled.onCancel();
    assert.deepEqual(outcome(cancelled), [0, 1, null, true]);
  });

  it('forgets the call before', () => {
    const record = start();
    record.onHeaders(response(), 1005);
    record.onLocalAnswer(LocalReason.CONNECTION_LOST, true);
    record.onCancel();
    record.requestOctets = 1;
    record.responseOctets = 2;
    record.retries = 1;
    record.retryDenial = 'limit';
    record.durationMs = 9;
    record.begin({ name: 'other', cluster: { name: 'else' } }, '', 2000);
    const { requestFields: _, ...rest } = record;
    assert.deepEqual(rest, {
      route: 'other',
      cluster: 'else',
      isGrpc: false,
      protocol: 'HTTP/2',
      remoteAddress: '',
      remotePort: 0,
      endpoint: null,
      httpStatus: 0,
      grpcStatus: -1,
      retryDenial: null,
      requestOctets: 0,
      responseOctets: 0,
      startedAtMs: 2000,
      durationMs: 0,
      firstByteMs: -1,
      retries: 0,
      localReason: null,
      isCancelled: false,
      isClientGone: false,
      isUpstreamReset: false,
      isRequestWhole: false,
      responseFields: null,
      trailerFields: null,
    });
  });

  it('keeps copies of what the endpoint answered where somebody wants them', () => {
    const record = new CallRecord(request(), true);
    record.begin({ name: 'route', cluster: { name: 'cluster' } }, '', 0);
    const head = response();
    record.onHeaders(head, 1);
    record.keepTrailers(trailers());
    head.clear();
    assert.equal(record.responseFields?.get(NameId.STATUS)?.valueText(), '200');
    assert.equal(record.trailerFields?.get(NameId.GRPC_STATUS)?.valueText(), '0');
    record.begin({ name: 'route', cluster: { name: 'cluster' } }, '', 0);
    assert.deepEqual([record.responseFields, record.trailerFields], [null, null]);
  });

  it('counts the content of an answer that was made here, and tells how a client left', () => {
    const plain = start(false);
    plain.onLocalAnswer(LocalReason.NO_UPSTREAM, false);
    assert.equal(plain.responseOctets, 'no healthy upstream\n'.length);
    const gone = start();
    gone.onCancel(true);
    assert.deepEqual([gone.isCancelled, gone.isClientGone], [true, true]);
  });
});
