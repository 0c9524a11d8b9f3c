/**
 * How far the call is.
 *
 *   IDLE ──request──► WAITING ──connection──► OPEN ──response headers──► RESPONDING ──response complete──► OVER ──both streams gone──► IDLE
 *                        ▲                     │                                                            ▲
 *                        └─not processed, retry┘         error, reset, deadline, local answer ──────────────┘
 */
export const CallPhase = { IDLE: 0, WAITING: 1, OPEN: 2, RESPONDING: 3, OVER: 4 } as const;
/** One of them. */
export type CallPhase = (typeof CallPhase)[keyof typeof CallPhase];
