import { ConnectionError, ErrorCode } from '../errors.ts';
import { DecoderTable } from './decoder-table.ts';
import type { Field } from './field.ts';
import { fieldCache } from './field-cache.ts';
import type { FieldList } from './field-list.ts';
import { type FieldName, NO_NAME } from './field-name.ts';
import { BlockReader, compressionError, Prefix } from './integer.ts';
import { nameCache } from './name-cache.ts';
import { NO_OCTETS } from './octets.ts';
import { STATIC_ENTRY_COUNT, staticField } from './static-table.ts';

/** What a decoder bears. */
export interface HpackLimits {
  /** Upper bound of the peer's size updates: SETTINGS_HEADER_TABLE_SIZE (RFC 9113, section 6.5.2). Octets. Until it is lowered, 4 096 may be in use. */
  readonly maxTableBytes: number;
  /** Names, values and 32 octets for each field of a section. Octets. */
  readonly maxListBytes: number;
  /** Fields of a section; each crumb of a cookie is one. */
  readonly maxFields: number;
}

/** So many times a limit ends the connection, not just the stream. */
const CALM_FACTOR = 2;

const IS_INDEXED = 0x80;
const IS_INSERTED = 0x40;
const IS_SIZE_UPDATE = 0x20;
const IS_NEVER_INDEXED = 0x10;
const IS_HUFFMAN = 0x80;
const STRING_MASK = 0x7f;

/** No size update is due. */
const NOTHING_DUE: number = Number.POSITIVE_INFINITY;

/**
 * Decodes the field blocks of a connection, in their order (RFC 7541). Values are not decoded: they are checked, and stay octets. Time is
 * linear in the block; an indexed field is one array element.
 */
export class HpackDecoder {
  readonly #limits: HpackLimits;
  readonly #table: DecoderTable = new DecoderTable(fieldCache);
  readonly #reader = new BlockReader();
  #maxTableBytes: number;
  /** The smallest limit that the peer has not answered by a size update yet, if its table was larger. */
  #updateDue: number = NOTHING_DUE;
  /** Fields of the block that were not stored. */
  #dropped = 0;

  constructor(limits: HpackLimits) {
    this.#limits = limits;
    this.#maxTableBytes = limits.maxTableBytes;
  }

  /**
   * What our SETTINGS_HEADER_TABLE_SIZE allows, once the peer has acknowledged it. If the peer's table is larger, its next block has to begin
   * with a size update (RFC 7541, section 4.2).
   */
  setMaxTableBytes(maxTableBytes: number): void {
    this.#maxTableBytes = maxTableBytes;
    if (maxTableBytes < Math.min(this.#table.maxBytes, this.#updateDue)) {
      this.#updateDue = maxTableBytes;
    }
  }

  /**
   * Appends the fields of a whole block to `into`, which is empty. They refer to `octets`. Above a limit, the block is decoded to its end, as
   * the table depends on it, but not stored, and `into` is marked.
   *
   * Throws ConnectionError: COMPRESSION_ERROR if the block is wrong; ENHANCE_YOUR_CALM if it is twice above a limit.
   */
  decode(octets: Buffer, start: number, end: number, into: FieldList): void {
    const reader = this.#reader;
    reader.octets = octets;
    reader.at = start;
    reader.end = end;
    this.#dropped = 0;
    this.#sizeUpdates();
    while (reader.at < end) {
      const octet = octets[reader.at] ?? 0;
      if (octet >= IS_INDEXED) {
        this.#add(this.#fieldAt(reader.integer(Prefix.INDEXED & 0xff)), into);
      } else {
        this.#literal(octet, into);
      }
    }
    reader.octets = NO_OCTETS;
  }

  /** RFC 7541, section 4.2: only before the first field. */
  #sizeUpdates(): void {
    const reader = this.#reader;
    while (reader.at < reader.end && ((reader.octets[reader.at] ?? 0) & 0xe0) === IS_SIZE_UPDATE) {
      const bytes = reader.integer(Prefix.SIZE_UPDATE & 0xff);
      if (bytes > this.#maxTableBytes) {
        throw compressionError('table size update above the limit');
      }
      if (bytes <= this.#updateDue) {
        this.#updateDue = NOTHING_DUE;
      }
      this.#table.setMaxBytes(bytes);
    }
    if (this.#updateDue !== NOTHING_DUE) {
      throw compressionError('table size update missing');
    }
  }

  #fieldAt(index: number): Field {
    if (index > STATIC_ENTRY_COUNT) {
      return this.#table.fieldAt(this.#dynamicIndex(index));
    }
    if (index === 0) {
      throw compressionError('index of no table entry');
    }
    return staticField(index);
  }

  /** RFC 7541, section 6.2. */
  #literal(octet: number, into: FieldList): void {
    const isInserted = octet >= IS_INSERTED;
    if (!isInserted && (octet & IS_SIZE_UPDATE) !== 0) {
      throw compressionError('table size update behind a field');
    }
    const field = into.spare();
    const index = this.#reader.integer((isInserted ? Prefix.INSERTED : Prefix.NOT_INSERTED) & 0xff);
    if (index === 0) {
      field.name = NO_NAME;
      this.#string(field);
      field.name = this.#resolveName(field);
    } else {
      field.name = this.#nameAt(index);
    }
    field.neverIndexed = !isInserted && (octet & IS_NEVER_INDEXED) !== 0;
    this.#string(field);
    const shared = fieldCache.find(field) ?? this.#checkNew(field);
    if (isInserted) {
      this.#table.insert(shared ?? field);
    }
    if (shared !== null) {
      this.#add(shared, into);
    } else if (this.#isWithin(field, into)) {
      into.pushSpare();
    }
  }

  #checkNew(field: Field): Field | null {
    if (!field.check()) {
      throw compressionError('wrong Huffman coding');
    }
    return fieldCache.admit(field);
  }

  #resolveName(literal: Field): FieldName {
    const name = nameCache.resolve(literal);
    if (name === null) {
      throw compressionError('wrong Huffman coding');
    }
    return name;
  }

  #nameAt(index: number): FieldName {
    return index > STATIC_ENTRY_COUNT ? this.#table.nameAt(this.#dynamicIndex(index)) : staticField(index).name;
  }

  #dynamicIndex(index: number): number {
    const dynamicIndex = index - STATIC_ENTRY_COUNT;
    if (dynamicIndex > this.#table.length) {
      throw compressionError('index of no table entry');
    }
    return dynamicIndex;
  }

  /** RFC 7541, section 5.2. */
  #string(field: Field): void {
    const reader = this.#reader;
    const huffman = (reader.octets[reader.at] ?? 0) >= IS_HUFFMAN;
    const length = reader.integer(STRING_MASK);
    const end = reader.at + length;
    if (end > reader.end) {
      throw compressionError('field block ends within a string');
    }
    field.setLiteral(reader.octets, reader.at, end, huffman);
    reader.at = end;
  }

  #add(field: Field, into: FieldList): void {
    if (this.#isWithin(field, into)) {
      into.push(field);
    }
  }

  /** Whether one more field is within the limits. If not, it is counted as dropped. */
  #isWithin(field: Field, into: FieldList): boolean {
    const { maxListBytes, maxFields } = this.#limits;
    if (into.length < maxFields && into.listBytes + field.size <= maxListBytes) {
      return true;
    }
    this.#dropped++;
    into.overLimit = true;
    into.listBytes += field.size;
    if (into.listBytes >= CALM_FACTOR * maxListBytes || into.length + this.#dropped >= CALM_FACTOR * maxFields) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'field section far above the limit');
    }
    return false;
  }
}
