import type { FieldList } from '../http2/index.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { LocalReason, RetryDenial } from './local-reason.ts';

/** What a client speaks, in the words of access logs. */
export type CallProtocol = 'HTTP/2' | 'HTTP/1.1' | 'HTTP/1.0';

/**
 * One call, as a view on the live object: valid during the call of the observer, after which the object serves another call. Nothing
 * is computed unless it is read.
 */
export interface CallView {
  /** Empty for a request that no route took. */
  readonly route: string;
  /** Empty for a request that no route took. */
  readonly cluster: string;
  readonly protocol: CallProtocol;
  /** Where the last attempt went; null if there was none. */
  readonly endpoint: Endpoint | null;
  /** The request's header section as it was sent upstream. */
  readonly requestFields: FieldList;
  /** The response's header section; null before it came, if it was made here, and where no observer wants it. */
  readonly responseFields: FieldList | null;
  /** The response's trailers; null for none, and where no observer wants them. */
  readonly trailerFields: FieldList | null;
  readonly isGrpc: boolean;
  /** Of the response that the client got; 0 if it got none. */
  readonly httpStatus: number;
  /** That the client got, or makes of what it got; -1 for calls that are not gRPC. */
  readonly grpcStatus: number;
  /** Content from the client. */
  readonly requestOctets: number;
  /** Content for the client: the endpoint's, or that of an answer made here. */
  readonly responseOctets: number;
  /** When the request's header section had come. Clock.now(). */
  readonly startedAtMs: number;
  /** From there to the end of the downstream stream; 0 before. */
  readonly durationMs: number;
  /** From there to the response's header section; -1 if there was none. */
  readonly firstByteMs: number;
  /** Whether the request was complete by then. */
  readonly isRequestWhole: boolean;
  /** Attempts beyond the first. */
  readonly retries: number;
  /** Why there was no other attempt although the route has that status repeated; null for any other end. */
  readonly retryDenial: RetryDenial | null;
  /** Why the answer, or its end, was made here; null if it came from the endpoint. */
  readonly localReason: LocalReason | null;
  /** Whether the client ended the call early, by RST_STREAM or by leaving. */
  readonly isCancelled: boolean;
  /** Whether that was by leaving. */
  readonly isClientGone: boolean;
  /** Whether the endpoint's RST_STREAM was passed on. */
  readonly isUpstreamReset: boolean;
  /** Without port; empty for a unix socket. */
  readonly remoteAddress: string;
  /** 0 for a unix socket. */
  readonly remotePort: number;
}

/** What happens to calls, for metrics and logs. Must not throw and must not keep the view. */
export interface CallObserver {
  /** A call has been routed. */
  onCallStart(call: CallView): void;
  /** Its downstream stream has ended. */
  onCallEnd(call: CallView): void;
  /** The attempt is over, without having been processed or with a status that the route has repeated, and another follows. */
  onRetry(call: CallView): void;
  /** A request, routed or not, has been answered here with an error. */
  onLocalReply(reason: LocalReason): void;
  /**
   * A request that was answered here without having become a call is over; `isProbe` tells those of health URLs. Of these requests nothing
   * else is told but `onLocalReply`. Absent where nobody wants to know, which costs nothing then.
   */
  readonly onUnroutedEnd?: (call: CallView, isProbe: boolean) => void;
  /** Whether views are to have the fields of responses, which are copied for that. Must not change. Default false. */
  readonly wantsResponseFields?: boolean;
}
