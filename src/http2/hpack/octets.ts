import { copyInto } from '../copy-into.ts';

/** Where no octets are needed: one object, so that what holds it keeps no received buffer alive. */
export const NO_OCTETS: Buffer = Buffer.alloc(0);

const FNV_PRIME = 0x0100_0193;

/** FNV-1a over a range, from `seed`. A positive 31-bit number; nobody's safety may hang on it, as anybody can make collisions. */
export function hashOctets(octets: Buffer, start: number, end: number, seed: number): number {
  let hash = seed ^ (end - start);
  for (let at = start; at < end; at++) {
    hash = Math.imul(hash ^ (octets[at] ?? 0), FNV_PRIME);
  }
  return (hash ^ (hash >>> 15)) & 0x7fff_ffff;
}

/** Whether `whole` equals the range. */
export function equalOctets(whole: Buffer, octets: Buffer, start: number, end: number): boolean {
  if (whole.length !== end - start) {
    return false;
  }
  for (let at = 0; at < whole.length; at++) {
    if (whole[at] !== octets[start + at]) {
      return false;
    }
  }
  return true;
}

/** A copy in memory of its own: a piece of Node's shared pool would keep all 8 KiB of that for as long as itself. */
export function copyRange(octets: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  copyInto(copy, 0, octets, start, end);
  return copy;
}

/** Where octets go, and how far they have come. */
export interface OctetTarget {
  target: Buffer;
  at: number;
}

/** Appends a range to `to`, which has room for it. */
export function copyOctets(octets: Buffer, start: number, end: number, to: OctetTarget): void {
  const { target, at } = to;
  to.at = at + end - start;
  copyInto(target, at, octets, start, end);
}
