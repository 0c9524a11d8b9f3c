import { ConnectionError, ErrorCode } from '../errors.ts';
import type { FrameHead } from './frame-head.ts';

/** Octets of content in a DATA frame whose first payload octet says `padLength`. */
export function paddedContentOctets(head: FrameHead, padLength: number): number {
  if (padLength >= head.length) {
    // RFC 9113, section 6.1: padding as long as the payload or longer is a connection error.
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'DATA padding exceeds its payload');
  }
  return head.length - 1 - padLength;
}

/** A PADDED frame without room for the pad length octet itself has nothing to read it from. */
export function checkPadLengthPresent(head: FrameHead): void {
  if (head.length === 0) {
    // RFC 9113, sections 4.2 and 6.1: too small for its mandatory field.
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'padded DATA without a pad length');
  }
}
