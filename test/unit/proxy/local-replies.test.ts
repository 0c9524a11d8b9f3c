import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LOCAL_ANSWERS, LocalReason, reasonOfNoConnection } from '../../../src/proxy/local-reason.ts';
import { LocalReplies } from '../../../src/proxy/local-replies.ts';
import { NoConnectionReason } from '../../../src/upstream/stream-handler.ts';
import { FakeStream } from '../../support/fake-stream.ts';

function send(reason: LocalReason, request: { isGrpc?: boolean; isHead?: boolean; hasHeaders?: boolean }): string[] {
  const stream = new FakeStream();
  new LocalReplies().send(stream, reason, { isGrpc: false, isHead: false, hasHeaders: false, ...request });
  return stream.log;
}

describe('a local reply', () => {
  it('to a gRPC call is one header section, or trailers', () => {
    const status = 'grpc-status=14,grpc-message=no healthy upstream,x-health-bridge-error=no_upstream';
    assert.deepEqual(send(LocalReason.NO_UPSTREAM, { isGrpc: true }), [
      `headers :status=200,content-type=application/grpc,${status} end`,
      'stop',
    ]);
    assert.deepEqual(send(LocalReason.NO_UPSTREAM, { isGrpc: true, hasHeaders: true }), [`trailers ${status}`, 'stop']);
  });

  it('to anything else is a small answer, or a reset', () => {
    const head =
      'headers :status=504,content-type=text/plain; charset=utf-8,content-length=25,x-health-bridge-error=route_timeout';
    assert.deepEqual(send(LocalReason.ROUTE_TIMEOUT, {}), [head, 'data 25 end', 'stop']);
    assert.deepEqual(send(LocalReason.ROUTE_TIMEOUT, { isHead: true }), [`${head} end`, 'stop']);
    assert.deepEqual(send(LocalReason.ROUTE_TIMEOUT, { hasHeaders: true }), ['reset 2']);
  });

  it('is nothing on a stream that has ended', () => {
    const stream = new FakeStream();
    stream.isClosed = true;
    new LocalReplies().send(stream, LocalReason.DEADLINE, { isGrpc: true, isHead: false, hasHeaders: false });
    assert.deepEqual(stream.log, []);
  });

  it('has a status in both protocols for every reason, and names no address', () => {
    for (const reason of Object.values(LocalReason)) {
      const { grpcStatus, httpStatus, message } = LOCAL_ANSWERS[reason];
      assert.ok(grpcStatus > 0 && grpcStatus <= 16, reason);
      assert.ok(httpStatus >= 400 && httpStatus < 600, reason);
      assert.match(message, /^[A-Za-z0-9/ ]+$/);
    }
  });
});

describe('a call without a connection', () => {
  it('is answered 14 and 503 whatever the reason, as nothing was sent', () => {
    for (const reason of Object.values(NoConnectionReason)) {
      const { grpcStatus, httpStatus } = LOCAL_ANSWERS[reasonOfNoConnection(reason)];
      assert.deepEqual([grpcStatus, httpStatus], [14, 503], reason);
    }
  });
});
