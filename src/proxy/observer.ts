import type { FieldList } from '../http2/index.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { LocalReason } from './local-reason.ts';

/**
 * One relayed call, as a view on the live object: valid during the call of the observer, after which the object serves another call. Nothing
 * is computed unless it is read.
 */
export interface CallView {
  readonly route: string;
  readonly cluster: string;
  /** Where the last attempt went; null if there was none. */
  readonly endpoint: Endpoint | null;
  /** The request's header section as it was sent upstream. */
  readonly requestFields: FieldList;
  readonly isGrpc: boolean;
  /** Of the response that the client got; 0 if it got none. */
  readonly httpStatus: number;
  /** That the client got, or makes of what it got; -1 for calls that are not gRPC. */
  readonly grpcStatus: number;
  /** Content from the client. */
  readonly requestOctets: number;
  /** Content from the endpoint. */
  readonly responseOctets: number;
  /** When the request's header section had come. Clock.now(). */
  readonly startedAtMs: number;
  /** From there to the end of the downstream stream; 0 before. */
  readonly durationMs: number;
  /** From there to the response's header section; -1 if there was none. */
  readonly firstByteMs: number;
  /** Attempts beyond the first. */
  readonly retries: number;
  /** Why the answer, or its end, was made here; null if it came from the endpoint. */
  readonly localReason: LocalReason | null;
  /** Whether the client ended the call early, by RST_STREAM or by leaving. */
  readonly isCancelled: boolean;
  readonly remoteAddress: string;
}

/** What happens to calls, for metrics and logs. Must not throw and must not keep the view. */
export interface CallObserver {
  /** A call has been routed. */
  onCallStart(call: CallView): void;
  /** Its downstream stream has ended. */
  onCallEnd(call: CallView): void;
  /** The attempt is over without having been processed, and another follows. */
  onRetry(call: CallView): void;
  /** A request, routed or not, has been answered here with an error. */
  onLocalReply(reason: LocalReason): void;
}
