import type { Field } from '../../http2/index.ts';
import type { FieldSlots } from './field-slots.ts';
import type { LineForm, LineWriter } from './line-writer.ts';
import type { PartFrame } from './part-frame.ts';
import { Piece } from './piece.ts';

/** Fields whose pieces are kept: a power of two. */
const KEPT_FIELDS = 256;
/** Longer pieces are written anew each time. Octets. */
const MAX_KEPT_OCTETS = 512;
/** What a value may take of a line, escaped: all of JSON's together leave room for the rest. Octets. */
const MAX_WRITTEN_OCTETS: Readonly<Record<LineForm, number>> = { text: 4096, json: 2048 };
/** For coded values; longer ones get memory of their own. Octets. */
const scratch: Buffer = Buffer.alloc(8192);

/** What a part shows: the first of some fields that a section has. */
export interface ShownFields {
  readonly section: FieldSlots;
  /** Of the section, the preferred one first. */
  readonly slots: readonly number[];
  /** The value is cut off there, before it is escaped. */
  readonly maxOctets: number;
}

/**
 * The value of a field. Immutable ones, as which the engine has what comes again, are kept as pieces from the second time on: an id of a
 * request, which may be immutable as well, never comes again and must cost no memory.
 */
export class FieldPart {
  readonly #shown: ShownFields;
  readonly #frame: PartFrame;
  readonly #maxWritten: number;
  /** What was seen, by ids, and its piece from the second time on. */
  readonly #fields: (Field | null)[] = Array.from({ length: KEPT_FIELDS }, () => null);
  readonly #pieces: (Piece | null)[] = Array.from({ length: KEPT_FIELDS }, () => null);

  constructor(shown: ShownFields, frame: PartFrame) {
    this.#shown = shown;
    this.#frame = frame;
    this.#maxWritten = MAX_WRITTEN_OCTETS[frame.form];
  }

  write(line: LineWriter): void {
    const field = this.#find();
    if (field === null) {
      line.piece(this.#frame.none);
    } else if (field.id > 0) {
      this.#writeFrozen(field, line);
    } else {
      this.#writeAnew(field, line);
    }
  }

  #find(): Field | null {
    const { section, slots } = this.#shown;
    for (let index = 0; index < slots.length; index++) {
      const field = section.fields[slots[index] ?? 0] ?? null;
      if (field !== null) {
        return field;
      }
    }
    return null;
  }

  #writeFrozen(field: Field, line: LineWriter): void {
    const place = field.id & (KEPT_FIELDS - 1);
    const piece = this.#pieces[place] ?? null;
    if (this.#fields[place] !== field) {
      this.#fields[place] = field;
      this.#pieces[place] = null;
      this.#writeAnew(field, line);
    } else if (piece === null) {
      this.#pieces[place] = this.#writeAndKeep(field, line);
    } else {
      line.piece(piece);
    }
  }

  /** Null for what is too long to be kept. */
  #writeAndKeep(field: Field, line: LineWriter): Piece | null {
    const start = line.at;
    this.#writeAnew(field, line);
    // What reaches the end of the line may have been cut off there.
    const isWhole = line.at < line.end && line.at - start <= MAX_KEPT_OCTETS;
    return isWhole ? new Piece(line.octets.subarray(start, line.at)) : null;
  }

  #writeAnew(field: Field, line: LineWriter): void {
    line.piece(this.#frame.opening);
    const length = Math.min(field.length, this.#shown.maxOctets);
    const { end } = line;
    line.end = Math.min(end, line.at + this.#maxWritten);
    if (field.huffman) {
      const isSmall = field.copyValue(scratch) >= 0;
      line.value(isSmall ? scratch : field.valueOctets(), 0, length);
    } else {
      line.value(field.octets, field.start, field.start + length);
    }
    line.end = end;
    line.piece(this.#frame.closing);
  }
}
