import { ConnectionError, ErrorCode } from '../errors.ts';
import type { FrameHead } from './frame-head.ts';
import { readUint31, readUint32 } from './octets.ts';

/** Octets of a GOAWAY payload before its debug data (RFC 9113, section 6.8). */
export const GOAWAY_FIXED_OCTETS = 8;

/** Debug data kept of a peer's GOAWAY, and sent in ours: enough for `too_many_pings` and its like, too little to fill a log. */
export const MAX_DEBUG_OCTETS = 128;

/** RFC 9113, section 6.8. */
export interface Goaway {
  /** Streams of ours above it were not processed and may be tried again elsewhere. */
  readonly lastStreamId: number;
  /** Any 32-bit number. */
  readonly code: number;
  /** At most MAX_DEBUG_OCTETS characters, each one octet of the peer's: opaque, to be escaped before it is shown. */
  readonly debug: string;
}

/** Checked before the payload has arrived. */
export function checkGoawayLength(head: FrameHead): void {
  if (head.length < GOAWAY_FIXED_OCTETS) {
    // RFC 9113, sections 4.2 and 6.8: too small for its mandatory fields.
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'GOAWAY too short');
  }
}

/** Reads the whole payload at `start` to `end`. */
export function parseGoaway(octets: Buffer, start: number, end: number): Goaway {
  const debugStart = start + GOAWAY_FIXED_OCTETS;
  return {
    lastStreamId: readUint31(octets, start),
    code: readUint32(octets, start + 4),
    debug: octets.toString('latin1', debugStart, Math.min(end, debugStart + MAX_DEBUG_OCTETS)),
  };
}
