import type { FrameHead } from './frame-head.ts';

/**
 * Where a FrameDecoder hands its frames: one method per frame type, each called once the checks that need no knowledge of streams have
 * passed. Ranges lie in the received buffer or in the decoder's carry and are valid only during the call, as is `head`. A method may throw
 * ConnectionError, after which the decoder is not to be used again, or StreamError, after which decoding goes on at `position`.
 */
export interface FrameSink {
  /** A DATA frame begins. `head.length` counts against both windows, padding included (RFC 9113, section 6.1). */
  recvDataHead(head: FrameHead): void;
  /** The frame's pad length octet and padding, before its content: octets to credit back at once. */
  recvDataPadding(octets: number): void;
  /** Content as it arrives; called at least once per frame, `last` with its end. */
  recvData(octets: Buffer, start: number, end: number, last: boolean): void;
  /** A field block fragment without padding and priority fields. */
  recvHeaders(head: FrameHead, octets: Buffer, start: number, end: number): void;
  /** The next fragment of the block that the last HEADERS began. */
  recvContinuation(head: FrameHead, octets: Buffer, start: number, end: number): void;
  recvPriority(head: FrameHead): void;
  recvRstStream(streamId: number, code: number): void;
  /** Whole entries, not yet checked: to be counted before they are parsed. */
  recvSettings(octets: Buffer, start: number, end: number): void;
  recvSettingsAck(): void;
  /** Eight octets at `start`. */
  recvPing(octets: Buffer, start: number): void;
  /** Eight octets at `start`. */
  recvPingAck(octets: Buffer, start: number): void;
  recvGoaway(octets: Buffer, start: number, end: number): void;
  /** `increment` is 1 or more; stream 0 is the connection. */
  recvWindowUpdate(streamId: number, increment: number): void;
  /** A type that RFC 9113 does not define; its payload is skipped. */
  recvExtension(head: FrameHead): void;
}
