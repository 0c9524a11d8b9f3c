import type { FrameEncoder } from '../frame/frame-encoder.ts';

/** What a PING of ours is for; carried in its payload, so that each acknowledgement finds its question. */
export const PingPurpose = { KEEPALIVE: 1, SHUTDOWN: 2, OWNER: 3 } as const;
export type PingPurpose = (typeof PingPurpose)[keyof typeof PingPurpose];

/** PING frames of ours that wait for their acknowledgement (RFC 9113, section 6.7): one for each purpose. */
export class Pings {
  /** Bit n stands for purpose n. */
  #waiting = 0;
  readonly #frames: FrameEncoder;

  constructor(frames: FrameEncoder) {
    this.#frames = frames;
  }

  /** Whether a PING for that purpose is under way. */
  isWaiting(purpose: PingPurpose): boolean {
    return (this.#waiting & (1 << purpose)) !== 0;
  }

  /** Sends one. */
  send(purpose: PingPurpose): void {
    this.#waiting |= 1 << purpose;
    this.#frames.ping(purpose);
  }

  /** Whether the acknowledgement with that `value` is for a PING of that purpose, which then no longer waits. */
  take(purpose: PingPurpose, value: number): boolean {
    if (value !== purpose || !this.isWaiting(purpose)) {
      return false;
    }
    this.#waiting &= ~(1 << purpose);
    return true;
  }
}
