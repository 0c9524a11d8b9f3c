import { ConnectionError, ErrorCode } from '../errors.ts';
import type { FrameHead } from './frame-head.ts';

/** Octets of every PING payload (RFC 9113, section 6.7). */
export const PING_OCTETS = 8;

/** Checked before the payload has arrived. */
export function checkPingLength(head: FrameHead): void {
  if (head.length !== PING_OCTETS) {
    // RFC 9113, section 6.7.
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'PING of a wrong length');
  }
}
