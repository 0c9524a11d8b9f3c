import { copyInto } from '../copy-into.ts';
import { type FieldName, NO_NAME } from './field-name.ts';
import { digitsValue, formTraits } from './forms.ts';
import { checkHuffman, decodeHuffman, encodeHuffman, maxDecodedOctets } from './huffman.ts';
import { NameId } from './name-id.ts';
import { isValue } from './octet-classes.ts';
import { copyRange, NO_OCTETS } from './octets.ts';
import { Trait } from './trait.ts';

/** What a field costs beside its octets (RFC 7541, section 4.1, and RFC 9113, section 6.5.2). */
export const FIELD_OVERHEAD = 32;

/** Identifiers begin again behind this one, so that they stay small numbers in a process that runs for years. */
const LAST_FIELD_ID = 0x3fff_ffff;

/** For values that are looked at and forgotten; longer ones get a buffer of their own. */
const scratch: Buffer = Buffer.alloc(2048);

let lastFieldId = 0;

function nextFieldId(): number {
  lastFieldId = lastFieldId === LAST_FIELD_ID ? 1 : lastFieldId + 1;
  return lastFieldId;
}

/**
 * A header field: a name, and a value that is left as it came, a range of octets in the form that they had on the wire.
 *
 * A field with an id is immutable and may be kept. One without belongs to a FieldList, and is valid until that is cleared. Only this folder
 * writes to fields.
 */
export class Field {
  /** Above 0 if immutable. Good as a hash; identity is what tells fields apart, as ids come again after 2^30. */
  id = 0;
  name: FieldName = NO_NAME;
  octets: Buffer = NO_OCTETS;
  start = 0;
  end = 0;
  /** Whether the octets are Huffman-coded (RFC 7541, section 5.2). Never if that makes them longer. */
  huffman = false;
  /** Octets of the value, decoded. */
  length = 0;
  /** Name, value and FIELD_OVERHEAD: what the field counts in limits and tables. */
  size = 0;
  /** Those of the name and of the value. */
  traits = 0;
  /** Whether it must not be indexed on any hop (RFC 7541, section 6.2.3). */
  neverIndexed = false;
  /** Its index in the static table, or 0. */
  staticIndex = 0;
  /** The number of a `:status`; 0 for other fields. */
  status = 0;
  #text: string | null = null;

  /** The value, a character for each octet. Made anew at each call for fields without an id. */
  valueText(): string {
    if (this.#text !== null) {
      return this.#text;
    }
    const text = this.huffman ? this.valueOctets().toString('latin1') : this.octets.toString('latin1', this.start, this.end);
    if (this.id > 0) {
      this.#text = text;
    }
    return text;
  }

  /** A copy of the value, decoded. */
  valueOctets(): Buffer {
    if (!this.huffman) {
      return copyRange(this.octets, this.start, this.end);
    }
    const decoded = Buffer.allocUnsafeSlow(maxDecodedOctets(this.end - this.start));
    return decoded.subarray(0, decodeHuffman(this.octets, this.start, this.end, decoded));
  }

  /** Decodes the value into `target`, from its start, and gives its length; -1 if it does not fit. Makes no garbage. */
  copyValue(target: Buffer): number {
    if (this.length > target.length) {
      return -1;
    }
    if (this.huffman) {
      return decodeHuffman(this.octets, this.start, this.end, target);
    }
    copyInto(target, 0, this.octets, this.start, this.end);
    return this.length;
  }

  /** Makes this what a literal says; `check` has to follow. */
  setLiteral(octets: Buffer, start: number, end: number, huffman: boolean): void {
    this.octets = octets;
    this.start = start;
    this.end = end;
    this.huffman = huffman;
  }

  /** Computes what depends on name and value. False if the Huffman coding is wrong. */
  check(): boolean {
    const { name } = this;
    const wireLength = this.end - this.start;
    this.status = 0;
    let isInvalid = false;
    if (this.huffman) {
      const checked = checkHuffman(this.octets, this.start, this.end);
      if (checked < 0) {
        return false;
      }
      this.length = checked >>> 1;
      isInvalid = (checked & 1) !== 0;
      if (wireLength > this.length) {
        this.#setPlain();
      }
    } else {
      this.length = wireLength;
      isInvalid = !isValue(this.octets, this.start, this.end);
    }
    this.size = name.length + this.length + FIELD_OVERHEAD;
    this.traits = name.traits | (isInvalid ? Trait.INVALID_VALUE : 0);
    if (name.isFormed && !isInvalid) {
      this.#checkForm();
    }
    return true;
  }

  /** The number that the value of a `content-length` is. */
  valueNumber(): number {
    const plain = this.#plain();
    const start = this.huffman ? 0 : this.start;
    return digitsValue(plain, start, start + this.length);
  }

  /** Makes this the same as `other`, but for its id. The octets are shared. */
  copyFrom(other: Field): void {
    this.name = other.name;
    this.octets = other.octets;
    this.start = other.start;
    this.end = other.end;
    this.huffman = other.huffman;
    this.length = other.length;
    this.size = other.size;
    this.traits = other.traits;
    this.neverIndexed = other.neverIndexed;
    this.staticIndex = other.staticIndex;
    this.status = other.status;
  }

  /** Lets go of the octets. */
  release(): void {
    this.octets = NO_OCTETS;
  }

  #checkForm(): void {
    const plain = this.#plain();
    const start = this.huffman ? 0 : this.start;
    this.traits |= formTraits(this.name.id, plain, start, start + this.length);
    if (this.name.id === NameId.STATUS && (this.traits & Trait.MALFORMED) === 0) {
      this.status = digitsValue(plain, start, start + this.length);
    }
  }

  /** What holds the value decoded: from 0 on if it was Huffman-coded, else from `start` on. Good until the next call on any field. */
  #plain(): Buffer {
    if (!this.huffman) {
      return this.octets;
    }
    if (maxDecodedOctets(this.end - this.start) > scratch.length) {
      return this.valueOctets();
    }
    decodeHuffman(this.octets, this.start, this.end, scratch);
    return scratch;
  }

  /** Coded octets that are more than they stand for: kept decoded, so that a field is never longer on the wire than in limits. */
  #setPlain(): void {
    const plain = this.valueOctets();
    this.setLiteral(plain, 0, plain.length, false);
  }
}

/** An immutable field that is the same as a checked one. The octets are copied in the form that they have: long values are not coded anew. */
export function freezeField(field: Field): Field {
  const octets = copyRange(field.octets, field.start, field.end);
  const frozen = new Field();
  frozen.copyFrom(field);
  frozen.id = nextFieldId();
  frozen.setLiteral(octets, 0, octets.length, field.huffman);
  return frozen;
}

/** An immutable field with a value in plain octets, which is kept in the shorter of its two forms. The octets must not change. */
export function createField(name: FieldName, plain: Buffer): Field {
  const coded = encodeHuffman(plain);
  const isShorter = coded.length < plain.length;
  const field = new Field();
  field.id = nextFieldId();
  field.name = name;
  field.setLiteral(isShorter ? coded : plain, 0, Math.min(coded.length, plain.length), isShorter);
  field.check();
  return field;
}
