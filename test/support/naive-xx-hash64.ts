const MASK = 0xffff_ffff_ffff_ffffn;
const P1: bigint = 0x9e3779b185ebca87n;
const P2: bigint = 0xc2b2ae3d27d4eb4fn;
const P3: bigint = 0x165667b19e3779f9n;
const P4: bigint = 0x85ebca77c2b2ae63n;
const P5: bigint = 0x27d4eb2f165667c5n;

const times = (one: bigint, other: bigint): bigint => (one * other) & MASK;
const plus = (one: bigint, other: bigint): bigint => (one + other) & MASK;
const turned = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (64n - bits))) & MASK;
const round = (sum: bigint, input: bigint): bigint => times(turned(plus(sum, times(input, P2)), 31n), P1);
const merged = (hash: bigint, sum: bigint): bigint => plus(times(hash ^ round(0n, sum), P1), P4);

/** XXH64 with seed 0 as its specification has it, in whole numbers of any size: slow, and made apart from the fast one. */
export function naiveXxHash64(octets: Buffer): bigint {
  let at = 0;
  let hash = P5;
  if (octets.length >= 32) {
    const sums = [plus(P1, P2), P2, 0n, (-P1 + MASK + 1n) & MASK];
    for (; at + 32 <= octets.length; at += 32) {
      for (const [lane, sum] of sums.entries()) {
        sums[lane] = round(sum, octets.readBigUInt64LE(at + 8 * lane));
      }
    }
    hash = [1n, 7n, 12n, 18n].reduce((total, bits, lane) => plus(total, turned(sums[lane] ?? 0n, bits)), 0n);
    hash = sums.reduce(merged, hash);
  }
  hash = plus(hash, BigInt(octets.length));
  for (; at + 8 <= octets.length; at += 8) {
    hash = plus(times(turned(hash ^ round(0n, octets.readBigUInt64LE(at)), 27n), P1), P4);
  }
  if (at + 4 <= octets.length) {
    hash = plus(times(turned(hash ^ times(BigInt(octets.readUInt32LE(at)), P1), 23n), P2), P3);
    at += 4;
  }
  for (; at < octets.length; at++) {
    hash = times(turned(hash ^ times(BigInt(octets.readUInt8(at)), P5), 11n), P1);
  }
  hash = times(hash ^ (hash >> 33n), P2);
  hash = times(hash ^ (hash >> 29n), P3);
  return hash ^ (hash >> 32n);
}
