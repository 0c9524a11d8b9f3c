import { EncoderTable } from './encoder-table.ts';
import type { Field } from './field.ts';
import type { FieldList } from './field-list.ts';
import { MAX_INTEGER_OCTETS, Prefix, writeInteger } from './integer.ts';
import { LAST_NAME_ID } from './name-id.ts';
import { copyOctets, NO_OCTETS, type OctetTarget } from './octets.ts';
import { Trait } from './trait.ts';

/** The table is never larger, whatever the peer allows: it is what all peers begin with (RFC 9113, section 6.5.2). Octets. */
const MAX_TABLE_BYTES = 4096;

/** A field that is inserted for its name alone is no larger. Octets. */
const MAX_NAME_ENTRY_BYTES = 160;

/** Two size updates. */
const MAX_UPDATE_OCTETS = 2 * MAX_INTEGER_OCTETS;

/**
 * Encodes the field sections of a connection, in the order in which their blocks are sent (RFC 7541).
 *
 * Fields with an id are inserted until the table is full; it then stays as it is. Values that rarely come twice, secrets, and what must never
 * be indexed are copied as they came. Octets that came Huffman-coded stay so.
 */
export class HpackEncoder {
  readonly #table = new EncoderTable(MAX_TABLE_BYTES);
  readonly #to: OctetTarget = { target: NO_OCTETS, at: 0 };
  /** Whether the next block has to begin with size updates: to 0, and then to what the table may have. */
  #isUpdateDue = false;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. Of less than before, and then more again, the peer is told both (RFC 7541, section 4.2). */
  setPeerTableBytes(octets: number): void {
    const bytes = Math.min(octets, MAX_TABLE_BYTES);
    if (bytes === this.#table.maxBytes) {
      return;
    }
    // Starting from an empty table is simpler than knowing what the peer has evicted, and settings change once if ever.
    this.#table.maxBytes = bytes;
    this.#table.clear();
    this.#isUpdateDue = true;
  }

  /** How many octets `encode` may write. */
  maxEncodedBytes(fields: FieldList): number {
    // What a field counts beside its octets is more than what it needs for prefixes, and no value is longer on the wire than decoded.
    return fields.listBytes + MAX_UPDATE_OCTETS;
  }

  /** Writes a block to `target`, from `offset` on, and gives the offset behind it. */
  encode(fields: FieldList, target: Buffer, offset: number): number {
    const to = this.#to;
    to.target = target;
    to.at = offset;
    if (this.#isUpdateDue) {
      this.#writeUpdates(to);
    }
    for (let index = 0; index < fields.length; index++) {
      this.#writeField(fields.at(index), to);
    }
    to.target = NO_OCTETS;
    return to.at;
  }

  #writeUpdates(to: OctetTarget): void {
    const { maxBytes } = this.#table;
    this.#isUpdateDue = false;
    writeInteger(to, Prefix.SIZE_UPDATE, 0);
    if (maxBytes > 0) {
      writeInteger(to, Prefix.SIZE_UPDATE, maxBytes);
    }
  }

  #writeField(field: Field, to: OctetTarget): void {
    if (field.id > 0) {
      const index = field.staticIndex > 0 ? field.staticIndex : this.#table.indexOf(field);
      if (index > 0) {
        writeInteger(to, Prefix.INDEXED, index);
        return;
      }
    }
    this.#writeLiteral(field, to);
  }

  #writeLiteral(field: Field, to: OctetTarget): void {
    const { name } = field;
    const nameIndex = this.#table.nameIndexOf(name);
    const isInserted = this.#isWorthInserting(field, nameIndex) && this.#table.hasRoom(field);
    writeInteger(to, isInserted ? Prefix.INSERTED : isSecret(field) ? Prefix.NEVER_INDEXED : Prefix.NOT_INSERTED, nameIndex);
    if (nameIndex === 0) {
      copyOctets(name.literal, 0, name.literal.length, to);
    }
    writeInteger(to, field.huffman ? Prefix.HUFFMAN_STRING : Prefix.PLAIN_STRING, field.end - field.start);
    copyOctets(field.octets, field.start, field.end, to);
    if (isInserted) {
      this.#table.insert(field);
    }
  }

  /** Stable fields are; of others the name is, if it is one that often comes and would have to be written out each time. */
  #isWorthInserting(field: Field, nameIndex: number): boolean {
    if (isSecret(field)) {
      return false;
    }
    if (field.id > 0 && (field.traits & Trait.UNSTABLE) === 0) {
      return true;
    }
    return nameIndex === 0 && field.name.id > 0 && field.name.id <= LAST_NAME_ID && field.size <= MAX_NAME_ENTRY_BYTES;
  }
}

function isSecret(field: Field): boolean {
  return field.neverIndexed || (field.traits & Trait.SENSITIVE) !== 0;
}
