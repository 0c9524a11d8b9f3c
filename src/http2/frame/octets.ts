/**
 * Numbers in network byte order, read and written by index arithmetic: a DataView per frame would be garbage.
 * Reads beyond the end give zero octets; the callers have checked the length.
 */

/** Two octets as an unsigned number. */
export function readUint16(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}

/** Three octets as an unsigned number. */
export function readUint24(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 16) | ((octets[at + 1] ?? 0) << 8) | (octets[at + 2] ?? 0);
}

/** Four octets without the highest bit, which is reserved wherever HTTP/2 has 31-bit numbers (RFC 9113, section 4.1). */
export function readUint31(octets: Uint8Array, at: number): number {
  return (((octets[at] ?? 0) & 0x7f) << 24) | readUint24(octets, at + 1);
}

/** Four octets as an unsigned number. */
export function readUint32(octets: Uint8Array, at: number): number {
  return (octets[at] ?? 0) * 0x100_0000 + readUint24(octets, at + 1);
}

/** The low 16 bits of `value`. */
export function writeUint16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 8;
  octets[at + 1] = value;
}

/** The low 24 bits of `value`. */
export function writeUint24(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 16;
  octets[at + 1] = value >>> 8;
  octets[at + 2] = value;
}

/** The low 32 bits of `value`. */
export function writeUint32(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 24;
  octets[at + 1] = value >>> 16;
  octets[at + 2] = value >>> 8;
  octets[at + 3] = value;
}
