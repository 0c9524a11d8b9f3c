import { ConnectionError, ErrorCode } from '../errors.ts';
import type { FrameHead } from './frame-head.ts';
import { checkDependency, PRIORITY_FIELD_OCTETS } from './headers.ts';
import { readUint31 } from './octets.ts';

/** Checked before the payload has arrived, so that a wrong length is never waited for. */
export function checkPriorityLength(head: FrameHead): void {
  if (head.length !== PRIORITY_FIELD_OCTETS) {
    // RFC 9113, section 6.3, makes it a stream error; raised to a connection error (section 5.4.1) against provoked resets (CVE-2025-8671).
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'PRIORITY of a wrong length');
  }
}

/** No tree is built (RFC 9113, section 5.3.2): what remains of the frame is the check of its one illegal value. */
export function checkPriority(head: FrameHead, octets: Uint8Array, start: number): void {
  checkDependency(head.streamId, readUint31(octets, start));
}
