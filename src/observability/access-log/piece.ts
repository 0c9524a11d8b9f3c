/** Octets of one copy. */
const WORD_OCTETS = 4;

/**
 * Octets that lines have again and again, copied four at a time: some of a line's pieces are shorter than what a call out of JavaScript
 * costs, and most are too long to be copied one by one.
 */
export class Piece {
  readonly length: number;
  /** `length`, rounded up to whole words: so much is copied. */
  readonly roundedLength: number;
  /** The octets, and zeros up to `roundedLength`. */
  readonly octets: Uint8Array;
  readonly view: DataView;

  constructor(octets: Uint8Array) {
    this.length = octets.length;
    this.roundedLength = Math.ceil(octets.length / WORD_OCTETS) * WORD_OCTETS;
    const memory = new ArrayBuffer(this.roundedLength);
    this.octets = new Uint8Array(memory);
    this.octets.set(octets);
    this.view = new DataView(memory);
  }

  /** Copies all of it; `target` must have room for `roundedLength`. */
  copyTo(target: DataView, at: number): void {
    const { view, roundedLength } = this;
    for (let index = 0; index < roundedLength; index += WORD_OCTETS) {
      target.setUint32(at + index, view.getUint32(index));
    }
  }
}

/** A piece of text, in UTF-8. */
export function pieceOf(text: string): Piece {
  return new Piece(Buffer.from(text));
}
