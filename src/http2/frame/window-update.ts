import { ConnectionError, ErrorCode } from '../errors.ts';
import type { FrameHead } from './frame-head.ts';
import { readUint31 } from './octets.ts';

/** Octets of every WINDOW_UPDATE payload (RFC 9113, section 6.9). */
export const WINDOW_UPDATE_OCTETS = 4;

/** Checked before the payload has arrived. */
export function checkWindowUpdateLength(head: FrameHead): void {
  if (head.length !== WINDOW_UPDATE_OCTETS) {
    // RFC 9113, section 6.9.
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'WINDOW_UPDATE of a wrong length');
  }
}

/** The increment, 1 to 2^31-1. */
export function parseWindowUpdate(octets: Uint8Array, start: number): number {
  const increment = readUint31(octets, start);
  if (increment === 0) {
    // RFC 9113, section 6.9: a stream error on a stream; raised to a connection error (section 5.4.1) against provoked resets (CVE-2025-8671).
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE with an increment of 0');
  }
  return increment;
}
