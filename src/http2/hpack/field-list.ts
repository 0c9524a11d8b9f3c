import assert from 'node:assert/strict';
import { copyInto } from '../copy-into.ts';
import { Field } from './field.ts';
import { fieldCache } from './field-cache.ts';
import { nameCache } from './name-cache.ts';
import type { NameId } from './name-id.ts';
import { NO_OCTETS } from './octets.ts';
import { Trait } from './trait.ts';

/** What `at` gives beyond the end. */
const NO_FIELD: Field = new Field();

const INITIAL_TEXT_OCTETS = 256;

/**
 * A field section in its order: read by a decoder, or made here. It is used again for block after block without making garbage; its fields
 * without an id are its own, and gone with the next `clear`.
 */
export class FieldList {
  length = 0;
  /** Names, values and FIELD_OVERHEAD for each field (RFC 9113, section 6.5.2); with what was dropped, if `overLimit`. */
  listBytes = 0;
  /** Whether the section was above a limit of the decoder. Then it is not complete, and good for nothing but an error. */
  overLimit = false;
  #fields: Field[] = [];
  /** Objects for fields without an id, as many in use as were pushed since the last `clear`. */
  #spares: Field[] = [];
  #spareAt = 0;
  /** Values made of text. */
  #text: Buffer = NO_OCTETS;
  #textAt = 0;

  /** The field at an index below `length`. */
  at(index: number): Field {
    return index < this.length ? (this.#fields[index] ?? NO_FIELD) : NO_FIELD;
  }

  /** The first field of that name. */
  get(id: NameId): Field | null {
    const index = this.#indexOf(id);
    return index < 0 ? null : this.at(index);
  }

  /** Appends a field. One without an id stays in the list that it is from: this list must be cleared first, or retained. */
  push(field: Field): void {
    this.#fields[this.length++] = field;
    this.listBytes += field.size;
  }

  /** A field without an id that nobody uses, to be filled and checked; the same one until `pushSpare`. */
  spare(): Field {
    return this.#spares[this.#spareAt] ?? this.#addSpare();
  }

  /** Appends what `spare` gave. */
  pushSpare(): void {
    this.push(this.spare());
    this.#spareAt++;
  }

  /**
   * Appends a field made here. The characters of a value are its octets: text beyond ASCII has to be encoded by the caller. Names are in small
   * letters; a name or value that HTTP does not allow is an assertion error, as no peer can be the cause of it.
   */
  pushText(name: string, value: string, neverIndexed = false): void {
    const shared = this.#fillSpare(name, value, neverIndexed);
    if (shared === null) {
      this.pushSpare();
    } else {
      this.push(shared);
    }
  }

  /** Gives the first field of that name another value, in its place; false if there is none. */
  replaceText(id: NameId, value: string): boolean {
    const index = this.#indexOf(id);
    if (index < 0) {
      return false;
    }
    const old = this.at(index);
    const shared = this.#fillSpare(old.name.text, value, old.neverIndexed);
    const field = shared ?? this.spare();
    if (shared === null) {
      this.#spareAt++;
    }
    this.#fields[index] = field;
    this.listBytes += field.size - old.size;
    return true;
  }

  /** Makes the last field the first: for pseudo-header fields made here, which come before all others (RFC 9113, section 8.3). */
  moveLastToFront(): void {
    const last = this.at(this.length - 1);
    this.#fields.copyWithin(1, 0, this.length - 1);
    this.#fields[0] = last;
  }

  /** Removes all fields of that name, and says how many. */
  remove(id: NameId): number {
    let kept = this.#indexOf(id);
    if (kept < 0) {
      return 0;
    }
    for (let index = kept; index < this.length; index++) {
      const field = this.at(index);
      if (field.name.id === id) {
        this.listBytes -= field.size;
      } else {
        this.#fields[kept++] = field;
      }
    }
    const removed = this.length - kept;
    this.length = kept;
    return removed;
  }

  /** Empties the list, and lets go of received octets. */
  clear(): void {
    // The spare after the last one pushed may have been filled, for a field that a shared one stands for.
    for (let index = 0; index <= this.#spareAt; index++) {
      this.#spares[index]?.release();
    }
    this.length = 0;
    this.listBytes = 0;
    this.overLimit = false;
    this.#spareAt = 0;
    this.#textAt = 0;
  }

  /** A list of its own with the same fields, which needs neither this list nor the received octets. */
  retain(): FieldList {
    const copy = new FieldList();
    copy.assign(this);
    return copy;
  }

  /** Makes this list what `retain` of the other one would give, without a new object. */
  assign(other: FieldList): void {
    this.clear();
    for (let index = 0; index < other.length; index++) {
      const field = other.at(index);
      if (field.id > 0) {
        this.push(field);
      } else {
        this.#pushCopy(field);
      }
    }
    this.listBytes = other.listBytes;
    this.overLimit = other.overLimit;
  }

  /**
   * Makes this list what `retain` of the other one would give, and empties that: what they hold changes places, and only received octets are
   * copied.
   */
  takeFrom(other: FieldList): void {
    this.clear();
    const fields = this.#fields;
    const spares = this.#spares;
    const text = this.#text;
    this.#fields = other.#fields;
    this.#spares = other.#spares;
    this.#spareAt = other.#spareAt;
    this.#text = other.#text;
    this.#textAt = other.#textAt;
    this.length = other.length;
    this.listBytes = other.listBytes;
    this.overLimit = other.overLimit;
    other.#fields = fields;
    other.#spares = spares;
    other.#spareAt = 0;
    other.#text = text;
    other.#textAt = 0;
    other.length = 0;
    other.listBytes = 0;
    other.overLimit = false;
    for (let index = 0; index < this.#spareAt; index++) {
      this.#keepOctets(this.#spares[index]);
    }
  }

  /** Copies the octets of a field, if they are not this list's. */
  #keepOctets(field: Field | undefined): void {
    if (field === undefined || field.octets === this.#text) {
      return;
    }
    const length = field.end - field.start;
    const at = this.#reserveText(length);
    copyInto(this.#text, at, field.octets, field.start, field.end);
    field.setLiteral(this.#text, at, at + length, field.huffman);
  }

  #pushCopy(field: Field): void {
    const copy = this.spare();
    const length = field.end - field.start;
    const at = this.#reserveText(length);
    copy.copyFrom(field);
    copyInto(this.#text, at, field.octets, field.start, field.end);
    copy.setLiteral(this.#text, at, at + length, field.huffman);
    this.pushSpare();
  }

  #indexOf(id: NameId): number {
    for (let index = 0; index < this.length; index++) {
      if (this.#fields[index]?.name.id === id) {
        return index;
      }
    }
    return -1;
  }

  #addSpare(): Field {
    const spare = new Field();
    this.#spares.push(spare);
    return spare;
  }

  /** Fills the spare field, and gives the shared one that stands for the same if there is one. */
  #fillSpare(name: string, value: string, neverIndexed: boolean): Field | null {
    assert(isOctets(name) && isOctets(value), 'characters that are no octets in a field');
    const spare = this.spare();
    const at = this.#reserveText(value.length);
    const end = at + this.#text.write(value, at, 'latin1');
    spare.name = nameCache.resolveText(name);
    spare.neverIndexed = neverIndexed;
    spare.setLiteral(this.#text, at, end, false);
    const known = fieldCache.find(spare);
    if (known !== null) {
      return known;
    }
    spare.check();
    assert((spare.traits & (Trait.INVALID_NAME | Trait.INVALID_VALUE)) === 0, 'field that HTTP does not allow');
    return fieldCache.admit(spare);
  }

  #reserveText(octets: number): number {
    if (this.#textAt + octets > this.#text.length) {
      // Fields that were made before keep the old buffer.
      this.#text = Buffer.allocUnsafeSlow(Math.max(INITIAL_TEXT_OCTETS, 2 * this.#text.length, octets));
      this.#textAt = 0;
    }
    const at = this.#textAt;
    this.#textAt += octets;
    return at;
  }
}

/** Latin-1 would cut other characters to octets that may end a line. */
function isOctets(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0xff) {
      return false;
    }
  }
  return true;
}
