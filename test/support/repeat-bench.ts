import { type RetryPolicy, toStatusBits } from '../../src/proxy/retry-policy.ts';
import { ForwardBench } from './forward-bench.ts';
import { END_BOTH, peerThat } from './forward-client.ts';
import { NaiveDecoder } from './http2/naive-hpack.ts';
import { headers, responseBlock } from './http2/wire.ts';
import { FRAME, type RawH2Peer, type RawH2Session } from './peers/raw-h2-peer.ts';

/** The code of gRPC. */
export const UNAVAILABLE = 14;

/** Repeats UNAVAILABLE, three attempts, short pauses; but for what is said. */
function policy(changes: Partial<RetryPolicy> = {}): RetryPolicy {
  return {
    statuses: toStatusBits([UNAVAILABLE]),
    maxAttempts: 3,
    perTryTimeoutMs: 0,
    backoff: { baseMs: 1, maxMs: 10 },
    budget: null,
    ...changes,
  };
}

/** A listener whose only route has that policy. */
export function repeatBench(
  peers: readonly RawH2Peer[],
  changes: Partial<RetryPolicy> = {},
  timeoutMs = 0,
): Promise<ForwardBench> {
  return ForwardBench.start(
    peers.map(({ endpoint }) => endpoint),
    { routes: [{ retry: policy(changes), timeoutMs }] },
  );
}

/** A response that is nothing but its header section. */
export function endWith(
  session: RawH2Session,
  streamId: number,
  status: number,
  more: readonly (readonly [string, string])[] = [],
): void {
  const fields: readonly (readonly [string, string])[] = [
    ['content-type', 'application/grpc'],
    ['grpc-status', String(status)],
    ...more,
  ];
  session.send(headers(streamId, responseBlock('200', fields), END_BOTH));
}

/** A peer that ends its first so many calls with that status, and answers the others. */
export function failing(count: number, status: number, more: readonly (readonly [string, string])[] = []): Promise<RawH2Peer> {
  return peerThat((session, streamId, nth) => endWith(session, streamId, nth <= count ? status : 0, nth <= count ? more : []));
}

/** The fields of every request, in the order of their coming. */
export function requestsOf(session: RawH2Session): string[] {
  const decoder = new NaiveDecoder();
  return session.ofType(FRAME.HEADERS).map(({ payload }) =>
    decoder
      .decode(payload)
      .map(({ name, value }) => `${name}: ${value}`)
      .join('\n'),
  );
}
