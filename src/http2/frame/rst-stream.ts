import { ConnectionError, ErrorCode } from '../errors.ts';
import type { FrameHead } from './frame-head.ts';
import { readUint32 } from './octets.ts';

/** Octets of every RST_STREAM payload (RFC 9113, section 6.4). */
export const RST_STREAM_OCTETS = 4;

/** Checked before the payload has arrived. */
export function checkRstStreamLength(head: FrameHead): void {
  if (head.length !== RST_STREAM_OCTETS) {
    // RFC 9113, section 6.4.
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'RST_STREAM of a wrong length');
  }
}

/** The peer's reason: any 32-bit number, known or not (RFC 9113, section 7). */
export function parseRstStream(octets: Uint8Array, start: number): number {
  return readUint32(octets, start);
}
