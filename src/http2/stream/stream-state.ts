/**
 * RFC 9113, section 5.1, without the reserved states, as push is off, and without idle, as a stream exists here from its first HEADERS on.
 *
 *             HEADERS
 *                │
 *                ▼
 *              OPEN ───send END_STREAM──► HALF_CLOSED_LOCAL
 *                │                               │
 *        recv END_STREAM                  recv END_STREAM
 *                │                               │
 *                ▼                               ▼
 *       HALF_CLOSED_REMOTE ──send END_STREAM──► CLOSED ◄── RST_STREAM, sent or received, from any state
 */
export const StreamState = { OPEN: 0, HALF_CLOSED_LOCAL: 1, HALF_CLOSED_REMOTE: 2, CLOSED: 3 } as const;
export type StreamState = (typeof StreamState)[keyof typeof StreamState];

const { HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE, CLOSED } = StreamState;

/** The state after our END_STREAM has been written, by the state before. */
const AFTER_SEND_END: readonly StreamState[] = [HALF_CLOSED_LOCAL, HALF_CLOSED_LOCAL, CLOSED, CLOSED];

/** The state after the peer's END_STREAM, by the state before. */
const AFTER_RECV_END: readonly StreamState[] = [HALF_CLOSED_REMOTE, CLOSED, HALF_CLOSED_REMOTE, CLOSED];

/** Follows the arrows named "send END_STREAM". */
export function afterSendEnd(state: StreamState): StreamState {
  return AFTER_SEND_END[state] ?? CLOSED;
}

/** Follows the arrows named "recv END_STREAM". */
export function afterRecvEnd(state: StreamState): StreamState {
  return AFTER_RECV_END[state] ?? CLOSED;
}

/** Whether the peer has ended its side: DATA and HEADERS may come no more (RFC 9113, section 5.1, "half-closed (remote)"). */
export function isRecvEnded(state: StreamState): boolean {
  return state === HALF_CLOSED_REMOTE || state === CLOSED;
}

/** Whether our END_STREAM or RST_STREAM has been written. */
export function isSendEnded(state: StreamState): boolean {
  return state === HALF_CLOSED_LOCAL || state === CLOSED;
}

/** How far a message has come, in either direction; only forwards. Kept apart from StreamState, which knows no HTTP. */
export const MessageStage = {
  /** No final HEADERS yet: interim responses may come. */
  START: 0,
  /** The final HEADERS are through: content and trailers may follow. */
  CONTENT: 1,
  /** The end has been asked for; queued content, and trailers, still have to leave. */
  ENDING: 2,
} as const;
export type MessageStage = (typeof MessageStage)[keyof typeof MessageStage];
