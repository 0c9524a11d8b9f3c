import type { LineForm } from './line-writer.ts';
import { Piece, pieceOf } from './piece.ts';

const QUOTE = '"';

/** What stands around a value in its line: the text before it, and the quotes of JSON. */
export class PartFrame {
  readonly form: LineForm;
  /** All that comes before a value. */
  readonly opening: Piece;
  /** What comes behind it. */
  readonly closing: Piece;
  /** All that there is without a value. */
  readonly none: Piece;

  /** @param before the text of the format. @param isText whether JSON has quotes around the value. */
  constructor(form: LineForm, before: string, isText: boolean) {
    const quote = form === 'json' && isText ? QUOTE : '';
    this.form = form;
    this.opening = pieceOf(`${before}${quote}`);
    this.closing = pieceOf(quote);
    this.none = pieceOf(`${before}${form === 'json' ? 'null' : '-'}`);
  }

  /** A value in its frame, as octets that are escaped already. */
  around(octets: Uint8Array): Piece {
    return new Piece(
      Buffer.concat([
        this.opening.octets.subarray(0, this.opening.length),
        octets,
        this.closing.octets.subarray(0, this.closing.length),
      ]),
    );
  }
}
