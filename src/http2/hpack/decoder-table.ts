import { Field } from './field.ts';
import type { FieldCache } from './field-cache.ts';
import { type FieldName, NO_NAME } from './field-name.ts';
import { OctetRing } from './octet-ring.ts';

/** What both sides begin with (RFC 9113, section 6.5.2). Octets. */
export const DEFAULT_TABLE_BYTES = 4096;

const MIN_SLOTS = 16;

/** What is in a slot that was never filled. */
const NO_FIELD: Field = new Field();

/**
 * The dynamic table of a decoder (RFC 7541, section 2.3.2).
 *
 * An entry is an immutable field, or one that the table owns and uses again when it has been evicted. The latter never leave the table: an
 * entry that a block refers to becomes immutable first. So peers that index values which never come again make no garbage, and a list never
 * holds a field that a later insertion of the same block overwrites.
 */
export class DecoderTable {
  /** How many entries there are. */
  length = 0;
  /** Sizes of all entries (RFC 7541, section 4.1). */
  bytes = 0;
  /** Limit of `bytes`, as the peer's last size update has it. */
  maxBytes: number = DEFAULT_TABLE_BYTES;
  /** A power of two of slots, used in turn. */
  #slots: Field[] = [];
  /** The slot that was filled last. */
  #newest = 0;
  /** How many entries are owned ones, whose octets are in the ring. */
  #owned = 0;
  readonly #ring = new OctetRing();
  readonly #spares: Field[] = [];
  readonly #cache: FieldCache;

  constructor(cache: FieldCache) {
    this.#cache = cache;
  }

  /** The name at an index from 1, the newest entry, to `length`. */
  nameAt(index: number): FieldName {
    return this.#slots[this.#slotOf(index)]?.name ?? NO_NAME;
  }

  /** The entry at an index from 1 to `length`, immutable. */
  fieldAt(index: number): Field {
    const slot = this.#slotOf(index);
    const field = this.#slots[slot] ?? NO_FIELD;
    return field.id > 0 ? field : this.#settle(field, slot);
  }

  /** Evicts what has to go, and inserts; a field larger than the table only empties it (RFC 7541, section 4.4). */
  insert(field: Field): void {
    this.#evictTo(this.maxBytes - field.size);
    if (field.size > this.maxBytes) {
      return;
    }
    if (this.length === this.#slots.length) {
      this.#growSlots();
    }
    // Taking over octets may move those of all entries, which must not include this one yet.
    const entry = field.id > 0 ? field : this.#own(field);
    this.#newest = (this.#newest + 1) & (this.#slots.length - 1);
    this.#slots[this.#newest] = entry;
    this.length++;
    this.bytes += field.size;
  }

  /** A size update (RFC 7541, section 4.3). */
  setMaxBytes(maxBytes: number): void {
    this.maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  #slotOf(index: number): number {
    return (this.#newest + 1 - index) & (this.#slots.length - 1);
  }

  #evictTo(bytes: number): void {
    while (this.length > 0 && this.bytes > bytes) {
      const field = this.#slots[this.#slotOf(this.length)] ?? NO_FIELD;
      this.length--;
      this.bytes -= field.size;
      if (field.id === 0) {
        this.#ring.release(field.end);
        this.#disown(field);
      }
    }
  }

  #own(field: Field): Field {
    const owned = this.#spares.pop() ?? new Field();
    owned.copyFrom(field);
    this.#store(owned);
    this.#owned++;
    return owned;
  }

  #disown(field: Field): void {
    field.release();
    this.#spares.push(field);
    this.#owned--;
    if (this.#owned === 0) {
      this.#ring.clear();
    }
  }

  #settle(field: Field, slot: number): Field {
    const settled = this.#cache.settle(field);
    this.#slots[slot] = settled;
    this.#disown(field);
    return settled;
  }

  #store(field: Field): void {
    const length = field.end - field.start;
    let at = this.#ring.store(field.octets, field.start, field.end);
    if (at < 0) {
      this.#growRing(length);
      at = this.#ring.store(field.octets, field.start, field.end);
    }
    field.setLiteral(this.#ring.octets, at, at + length, field.huffman);
  }

  /** Moves everything that is stored into a larger ring, with room for `octets` more. */
  #growRing(octets: number): void {
    this.#ring.grow(this.#ring.octets.length + octets);
    for (let index = this.length; index > 0; index--) {
      const field = this.#slots[this.#slotOf(index)] ?? NO_FIELD;
      if (field.id === 0) {
        this.#store(field);
      }
    }
  }

  #growSlots(): void {
    const slots: Field[] = [];
    for (let index = this.length; index > 0; index--) {
      slots.push(this.#slots[this.#slotOf(index)] ?? NO_FIELD);
    }
    const capacity = Math.max(MIN_SLOTS, 2 * this.#slots.length);
    while (slots.length < capacity) {
      slots.push(NO_FIELD);
    }
    this.#slots = slots;
    this.#newest = (this.length - 1) & (capacity - 1);
  }
}
