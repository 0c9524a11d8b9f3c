/** A new carry holds a frame head and the small frames without growing. */
const INITIAL_OCTETS = 32;

/** Room kept for the next split frame; a larger carry is let go as soon as it has been used. */
const MAX_KEPT_OCTETS = 1024;

/**
 * Keeps the octets of a head or payload that a read has cut in two. It grows with what has arrived, not with what a head announces, so
 * that nine octets never cost a peer's maximum of memory here.
 */
export class Carry {
  octets: Buffer = Buffer.allocUnsafeSlow(INITIAL_OCTETS);
  length = 0;

  /** Appends what is missing to `wanted` octets, or as much of it as there is; returns the position behind what it took. */
  fill(octets: Buffer, start: number, end: number, wanted: number): number {
    const until = Math.min(end, start + wanted - this.length);
    const length = this.length + until - start;
    if (length > this.octets.length) {
      this.#grow(Math.min(wanted, Math.max(length, 2 * this.octets.length)));
    }
    octets.copy(this.octets, this.length, start, until);
    this.length = length;
    return until;
  }

  /** Forgets the content; `octets` as read before stays untouched until the next fill. */
  clear(): void {
    this.length = 0;
    if (this.octets.length > MAX_KEPT_OCTETS) {
      this.octets = Buffer.allocUnsafeSlow(INITIAL_OCTETS);
    }
  }

  #grow(capacity: number): void {
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.octets.copy(grown, 0, 0, this.length);
    this.octets = grown;
  }
}
