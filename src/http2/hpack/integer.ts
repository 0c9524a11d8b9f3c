import { ConnectionError, ErrorCode } from '../errors.ts';
import { NO_OCTETS, type OctetTarget } from './octets.ts';

/** Octets that may follow the prefix of an integer: enough for 31 bits. More are refused even if they add nothing (RFC 7541, section 5.1). */
const MAX_CONTINUED_OCTETS = 5;
const MAX_INTEGER = 0x7fff_ffff;

/** Representations of RFC 7541, section 6, and strings of section 5.2: the bits that an octet begins with, shifted, and those that a number has in it. */
export const Prefix = {
  INDEXED: 0x80_7f,
  INSERTED: 0x40_3f,
  SIZE_UPDATE: 0x20_1f,
  NEVER_INDEXED: 0x10_0f,
  NOT_INSERTED: 0x00_0f,
  PLAIN_STRING: 0x00_7f,
  HUFFMAN_STRING: 0x80_7f,
} as const;
export type Prefix = (typeof Prefix)[keyof typeof Prefix];

/** The octets that an integer below 2^31 needs at most. */
export const MAX_INTEGER_OCTETS = 6;

/** A failure to decode a field block. The decoder's state is lost by it, and the connection with it (RFC 9113, section 4.3). */
export function compressionError(message: string): ConnectionError {
  return new ConnectionError(ErrorCode.COMPRESSION_ERROR, message);
}

/** Reads integers of a field block in turn. */
export class BlockReader {
  octets: Buffer = NO_OCTETS;
  at = 0;
  end = 0;

  /** The integer whose prefix is the octet at `at`, within `mask` (RFC 7541, section 5.1). */
  integer(mask: number): number {
    if (this.at >= this.end) {
      throw compressionError('field block ends within a field');
    }
    const value = (this.octets[this.at++] ?? 0) & mask;
    return value === mask ? this.#continued(mask) : value;
  }

  #continued(mask: number): number {
    let value = mask;
    let weight = 1;
    for (let count = 0; count < MAX_CONTINUED_OCTETS; count++) {
      if (this.at >= this.end) {
        throw compressionError('field block ends within an integer');
      }
      const octet = this.octets[this.at++] ?? 0;
      value += (octet & 0x7f) * weight;
      weight *= 128;
      if (octet < 0x80) {
        if (value > MAX_INTEGER) {
          throw compressionError('integer too large');
        }
        return value;
      }
    }
    throw compressionError('integer too long');
  }
}

/** Appends an integer (RFC 7541, section 5.1) behind the bits of `prefix`. */
export function writeInteger(to: OctetTarget, prefix: Prefix, value: number): void {
  const mask = prefix & 0xff;
  const head = prefix >>> 8;
  if (value < mask) {
    to.target[to.at++] = head | value;
    return;
  }
  to.target[to.at++] = head | mask;
  let left = value - mask;
  while (left >= 0x80) {
    to.target[to.at++] = (left & 0x7f) | 0x80;
    left >>>= 7;
  }
  to.target[to.at++] = left;
}
