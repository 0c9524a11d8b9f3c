import { readUint24, readUint31 } from './octets.ts';

/**
 * The head of the frame that is being read (RFC 9113, section 4.1). One object per decoder is written over and over, so whoever is handed
 * one reads it at once and keeps nothing of it.
 */
export class FrameHead {
  /** Octets of payload. */
  length = 0;
  /** One of FrameType, or any other octet for an extension frame. */
  type = 0;
  flags = 0;
  streamId = 0;

  /** Takes the nine octets at `at`; the reserved bit is ignored (RFC 9113, section 4.1). */
  read(octets: Uint8Array, at: number): void {
    this.length = readUint24(octets, at);
    this.type = octets[at + 3] ?? 0;
    this.flags = octets[at + 4] ?? 0;
    this.streamId = readUint31(octets, at + 5);
  }

  /** Whether a bit of Flag is set. */
  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }
}
