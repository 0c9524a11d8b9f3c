import { ConnectionError, ErrorCode } from '../errors.ts';
import { Flag } from './constants.ts';
import type { FrameHead } from './frame-head.ts';
import { readUint31 } from './octets.ts';

/** The priority fields that a HEADERS frame may carry and a PRIORITY frame consists of (RFC 9113, sections 6.2 and 6.3). */
export const PRIORITY_FIELD_OCTETS = 5;

/** Where the field block fragment of a HEADERS payload begins, once the frame has proved to have room for its optional fields. */
export function headersFragmentStart(head: FrameHead, start: number): number {
  const lead = (head.has(Flag.PADDED) ? 1 : 0) + (head.has(Flag.PRIORITY) ? PRIORITY_FIELD_OCTETS : 0);
  if (lead > head.length) {
    // RFC 9113, section 4.2: too small for the fields that its flags announce.
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'HEADERS too short for its flags');
  }
  return start + lead;
}

/** Where the field block fragment of a HEADERS payload ends; `fragmentStart` comes from headersFragmentStart. */
export function headersFragmentEnd(head: FrameHead, octets: Uint8Array, start: number, fragmentStart: number): number {
  const end = start + head.length - (head.has(Flag.PADDED) ? (octets[start] ?? 0) : 0);
  if (end < fragmentStart) {
    // RFC 9113, section 6.2: padding that exceeds what remains for the fragment is a connection error.
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'HEADERS padding exceeds its payload');
  }
  return end;
}

/** Only called for a frame with the PRIORITY flag. The rest of the priority fields means nothing any more and is skipped. */
export function checkHeadersDependency(head: FrameHead, octets: Uint8Array, start: number): void {
  checkDependency(head.streamId, readUint31(octets, start + (head.has(Flag.PADDED) ? 1 : 0)));
}

/** Shared with PRIORITY: a stream that depends on itself. */
export function checkDependency(streamId: number, dependsOn: number): void {
  if (dependsOn === streamId) {
    // RFC 7540, section 5.3.1, asks for a stream error; raised to a connection error (RFC 9113, section 5.4.1), as a peer could otherwise
    // make us reset streams at no cost of its own (CVE-2025-8671).
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'stream depends on itself');
  }
}
