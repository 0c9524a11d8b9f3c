import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../src/http2/index.ts';
import type { EndedCall } from '../support/forward-bench.ts';
import { ForwardBench, type ForwardOptions } from '../support/forward-bench.ts';
import { END_BOTH, GRPC_HEADERS, open, peerThat, story, unary } from '../support/forward-client.ts';
import { data, headers, requestBlock, responseBlock, rstStream } from '../support/http2/wire.ts';
import type { RawH2Session } from '../support/peers/raw-h2-peer.ts';
import type { RawClient } from '../support/raw-client.ts';

type AnswerIt = (session: RawH2Session, streamId: number) => void;

/** A call and the words that the observer has for its end. */
interface Ending {
  /** What the endpoint does with the request. */
  readonly answer: AnswerIt;
  readonly request?: Buffer;
  readonly options?: ForwardOptions;
  /** What happens once the endpoint has done that. */
  readonly next?: (client: RawClient, bench: ForwardBench) => void | Promise<void>;
  readonly tells: {
    readonly status: number;
    readonly grpc: number;
    readonly reason?: string;
    readonly isCancelled?: true;
    readonly retries?: number;
    /** Whether a header section came from the endpoint. */
    readonly began: boolean;
  };
}

const grpcEnd = (status: string): Buffer => responseBlock('200', [['grpc-status', status]]);
const trailers = (streamId: number, status: string): Buffer => headers(streamId, grpcTrailers(status), END_BOTH);
const silence: AnswerIt = () => undefined;
const begin: AnswerIt = (session, streamId) => session.send(headers(streamId, GRPC_HEADERS), data(streamId, 'part'));
const leave = (client: RawClient): void => client.reset();
const cancel = (client: RawClient): void => void client.write(rstStream(1, ErrorCode.CANCEL));

/** A literal without indexing, as trailers have no pseudo-header fields. */
function grpcTrailers(status: string): Buffer {
  const name = 'grpc-status';
  return Buffer.concat([Buffer.of(0, name.length), Buffer.from(name), Buffer.of(status.length), Buffer.from(status)]);
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  trailers: {
    answer: (session, id) => session.send(headers(id, GRPC_HEADERS), data(id, 'all'), trailers(id, '5')),
    tells: { status: 200, grpc: 5, began: true },
  },
  'trailers alone': {
    answer: (session, id) => session.send(headers(id, grpcEnd('12'), END_BOTH)),
    tells: { status: 200, grpc: 12, began: true },
  },
  'an answer that is not gRPC': {
    answer: (session, id) => session.send(headers(id, responseBlock('503'), END_BOTH)),
    tells: { status: 503, grpc: 14, began: true },
  },
  'RST_STREAM of the endpoint before its answer': {
    answer: (session, id) => session.send(rstStream(id, ErrorCode.CANCEL)),
    tells: { status: 0, grpc: 1, began: false },
  },
  'RST_STREAM of the endpoint in its answer': {
    answer: (session, id) => session.send(headers(id, GRPC_HEADERS), rstStream(id, ErrorCode.INTERNAL_ERROR)),
    tells: { status: 200, grpc: 13, began: true },
  },
  'REFUSED_STREAM, twice': {
    answer: (session, id) => session.send(rstStream(id, ErrorCode.REFUSED_STREAM)),
    tells: { status: 200, grpc: 14, reason: 'refused', retries: 1, began: false },
  },
  'a connection that is lost before the answer': {
    answer: (session) => session.socket.destroy(),
    tells: { status: 200, grpc: 14, reason: 'connection_lost', began: false },
  },
  'a client that cancels before the answer': {
    answer: silence,
    next: cancel,
    tells: { status: 0, grpc: 1, isCancelled: true, began: false },
  },
  'a client that cancels in the answer': {
    answer: begin,
    next: cancel,
    tells: { status: 200, grpc: 1, isCancelled: true, began: true },
  },
  'a client that is gone': {
    answer: silence,
    next: leave,
    tells: { status: 0, grpc: 1, isCancelled: true, began: false },
  },
  "the client's deadline": {
    answer: silence,
    request: headers(1, requestBlock([['grpc-timeout', '1S']]), END_BOTH),
    next: (_client, bench) => bench.upstream.shift(2000),
    tells: { status: 200, grpc: 4, reason: 'deadline', began: false },
  },
  "the route's timeout in an answer": {
    answer: begin,
    options: { routes: [{ timeoutMs: 1000 }] },
    next: (_client, bench) => bench.upstream.shift(2000),
    tells: { status: 200, grpc: 4, reason: 'route_timeout', began: true },
  },
  'the end of the listener': {
    answer: silence,
    next: (_client, bench) => bench.listener.close(),
    tells: { status: 200, grpc: 14, reason: 'draining', began: false },
  },
};

function told({ httpStatus, grpcStatus, localReason, isCancelled, retries, firstByteMs }: EndedCall): Ending['tells'] {
  return {
    status: httpStatus,
    grpc: grpcStatus,
    ...(localReason === null ? {} : { reason: localReason }),
    ...(isCancelled ? { isCancelled } : {}),
    ...(retries === 0 ? {} : { retries }),
    began: firstByteMs >= 0,
  };
}

describe('what a call observer is told', () => {
  for (const [name, { answer, request = unary(), options, next, tells }] of Object.entries(ENDINGS)) {
    it(`of ${name}: one start and one end, with all that is known`, async () => {
      const answered = Promise.withResolvers<void>();
      await using peer = await peerThat((session, streamId) => {
        answer(session, streamId);
        answered.resolve();
      });
      await using bench = await ForwardBench.start([peer.endpoint], options);
      using client = await open(bench);
      client.write(request);
      await answered.promise;
      if (answer === begin) {
        await client.until(() => story(client).length >= 2);
      }
      await next?.(client, bench);
      const call = await bench.untilEnded();
      const { started, ended, localReplies, retries } = bench.log;
      assert.deepEqual(told(call), tells);
      assert.deepEqual([started.length, ended.length, retries], [1, 1, tells.retries ?? 0]);
      assert.deepEqual(localReplies, tells.reason === undefined ? [] : [tells.reason]);
      assert.deepEqual([call.route, call.cluster, call.path], ['all', 'test', started[0]]);
      assert.ok(call.durationMs >= call.firstByteMs && call.durationMs >= 0);
    });
  }

  it('of a request that no route takes: the reason alone', async () => {
    await using peer = await peerThat(silence);
    await using bench = await ForwardBench.start([peer.endpoint], {
      routes: [{ path: { kind: 'prefix', value: '/elsewhere' } }],
    });
    using client = await open(bench);
    client.write(unary());
    await client.until(() => story(client).length >= 1);
    assert.deepEqual([bench.log.started, bench.log.ended, bench.log.localReplies], [[], [], ['no_route']]);
  });
});
