import { ErrorCode, ResetCause } from '../http2/index.ts';
import { LocalReason } from './local-reason.ts';

/** What follows from the early end of an upstream stream. */
export const EndAction = {
  /** Not processed: the call may go to another endpoint. */
  RETRY: 'retry',
  /** The client is answered here. */
  ANSWER: 'answer',
  /** The client's stream is reset. */
  RESET: 'reset',
} as const;
export type EndAction = (typeof EndAction)[keyof typeof EndAction];

/** Whether the endpoint provably did nothing with the stream (RFC 9113, section 8.7), as long as it has not begun to answer. */
export function isUnprocessed(code: number, cause: ResetCause): boolean {
  return cause === ResetCause.UNPROCESSED || (cause === ResetCause.PEER && code === ErrorCode.REFUSED_STREAM);
}

/** Decides; `isRetryable` tells whether the request is still whole and another attempt allowed. */
export function judgeUpstreamEnd(
  code: number,
  cause: ResetCause,
  { hasResponse, isRetryable }: { readonly hasResponse: boolean; readonly isRetryable: boolean },
): EndAction {
  if (!hasResponse && isUnprocessed(code, cause)) {
    return isRetryable ? EndAction.RETRY : EndAction.ANSWER;
  }
  if (cause !== ResetCause.PEER || code === ErrorCode.HTTP_1_1_REQUIRED || code === ErrorCode.INADEQUATE_SECURITY) {
    // The last two are about our connection, and say nothing about the client's.
    return EndAction.ANSWER;
  }
  return EndAction.RESET;
}

/** Why the client gets the answer. */
export function reasonOfUpstreamEnd(code: number, cause: ResetCause): LocalReason {
  if (isUnprocessed(code, cause)) {
    return LocalReason.REFUSED;
  }
  return cause === ResetCause.CONNECTION ? LocalReason.CONNECTION_LOST : LocalReason.UPSTREAM_PROTOCOL;
}

/**
 * The code of the client's RST_STREAM for the endpoint's. NO_ERROR before the response is complete is an error to whoever waits for it. And
 * REFUSED_STREAM would tell the client that it may safely repeat what has been processed.
 */
export function toDownstreamCode(code: number): number {
  return code === ErrorCode.NO_ERROR || code === ErrorCode.REFUSED_STREAM ? ErrorCode.INTERNAL_ERROR : code;
}
