import type { Field } from './field.ts';
import type { FieldName } from './field-name.ts';
import { STATIC_ENTRY_COUNT } from './static-table.ts';

const MIN_PLACES = 32;

/** Places of entries in insertion order, found by identity: open addressing, the identifier is the hash. */
class IdentityMap<T extends { readonly id: number }> {
  #keys: (T | null)[] = [];
  #values: Uint16Array = new Uint16Array(0);
  #size = 0;

  /** 0 if the key is not there. */
  get(key: T): number {
    const mask = this.#keys.length - 1;
    if (mask < 0) {
      return 0;
    }
    for (let place = key.id & mask; ; place = (place + 1) & mask) {
      const found = this.#keys[place] ?? null;
      if (found === null || found === key) {
        return found === null ? 0 : (this.#values[place] ?? 0);
      }
    }
  }

  /** The key is not there yet. */
  add(key: T, value: number): void {
    if (2 * (this.#size + 1) > this.#keys.length) {
      this.#grow();
    }
    this.#size++;
    this.#put(key, value);
  }

  clear(): void {
    this.#keys = [];
    this.#values = new Uint16Array(0);
    this.#size = 0;
  }

  #put(key: T, value: number): void {
    const mask = this.#keys.length - 1;
    let place = key.id & mask;
    while (this.#keys[place] !== null) {
      place = (place + 1) & mask;
    }
    this.#keys[place] = key;
    this.#values[place] = value;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    const capacity = Math.max(MIN_PLACES, 2 * keys.length);
    this.#keys = Array.from({ length: capacity }, () => null);
    this.#values = new Uint16Array(capacity);
    keys.forEach((key, place) => {
      if (key !== null) {
        this.#put(key, values[place] ?? 0);
      }
    });
  }
}

/**
 * The dynamic table of an encoder, which fills up and then stays as it is: nothing is evicted, so that the index of an entry no longer changes
 * once the table is full. Fields are known by identity.
 */
export class EncoderTable {
  /** Octets, at most what the peer allows. */
  maxBytes: number;
  #bytes = 0;
  /** How many entries there are; each insertion moves the index of the older ones by one. */
  #count = 0;
  readonly #fields = new IdentityMap<Field>();
  readonly #names = new IdentityMap<FieldName>();

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** The index of an immutable field, or 0. */
  indexOf(field: Field): number {
    return this.#toIndex(this.#fields.get(field));
  }

  /** The index of an entry with that name, in this or the static table, or 0. */
  nameIndexOf(name: FieldName): number {
    return name.staticIndex > 0 || name.id === 0 ? name.staticIndex : this.#toIndex(this.#names.get(name));
  }

  /** Whether there is room for another field. */
  hasRoom(field: Field): boolean {
    return this.#bytes + field.size <= this.maxBytes;
  }

  /** Inserts a field that there is room for. Later only its name can be referred to if it has no id. */
  insert(field: Field): void {
    const { name } = field;
    this.#count++;
    this.#bytes += field.size;
    if (field.id > 0) {
      this.#fields.add(field, this.#count);
    }
    if (name.staticIndex === 0 && name.id > 0 && this.#names.get(name) === 0) {
      this.#names.add(name, this.#count);
    }
  }

  /** As the peer's table is after a size update to 0. */
  clear(): void {
    this.#bytes = 0;
    this.#count = 0;
    this.#fields.clear();
    this.#names.clear();
  }

  #toIndex(place: number): number {
    return place === 0 ? 0 : STATIC_ENTRY_COUNT + 1 + this.#count - place;
  }
}
