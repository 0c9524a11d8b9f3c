/** Room for what follows the first fragment of most blocks that are cut at all. */
const INITIAL_OCTETS = 4096;

const NO_OCTETS: Buffer = Buffer.alloc(0);

/** A field block that came in more than one frame, joined (RFC 9113, section 4.3). Its limits are the caller's to check before each fragment. */
export class FieldBlock {
  octets: Buffer = NO_OCTETS;
  length = 0;
  /** CONTINUATION frames so far. */
  continuations = 0;

  /** Appends the next fragment. */
  append(octets: Buffer, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.octets.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(INITIAL_OCTETS, length, 2 * this.octets.length));
      this.octets.copy(grown, 0, 0, this.length);
      this.octets = grown;
    }
    octets.copy(this.octets, this.length, start, end);
    this.length = length;
  }

  /** Lets the memory go. */
  clear(): void {
    this.octets = NO_OCTETS;
    this.length = 0;
    this.continuations = 0;
  }
}
