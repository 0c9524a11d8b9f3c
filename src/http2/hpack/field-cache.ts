import { createField, type Field, freezeField } from './field.ts';
import { hashLiteral, OctetCache } from './octet-cache.ts';
import { findStaticField } from './static-table.ts';
import { Trait } from './trait.ts';

/** Places for fields; one that came in both forms of its value takes two. */
const MAX_FIELDS = 4096;

/** Longer values are not shared. Octets as on the wire. */
const MAX_VALUE_OCTETS = 256;

/** How many hashes of values met once are remembered. */
const MAX_SIGHTINGS = 4096;

/**
 * Immutable fields that connections share, so that a field which one decoder has met is known to every encoder by identity.
 *
 * A value becomes one when it is met for the second time; of the first time only the hash stays. Values that never come again, such as
 * identifiers in fields of names unknown here, so cost no memory and push nothing out.
 */
export class FieldCache {
  readonly #cache = new OctetCache<Field>(MAX_FIELDS);
  readonly #sightings = new Int32Array(MAX_SIGHTINGS);
  /** Of the literal that was looked for last. */
  #hash = 0;
  /** The form that it had. */
  #isCoded = false;

  /** The immutable field for a literal with a name and a value, checked or not; null if there is none. */
  find(field: Field): Field | null {
    this.#isCoded = field.huffman;
    if (!isShareable(field)) {
      return null;
    }
    this.#hash = hashLiteral(field);
    return this.#cache.find(field, this.#hash);
  }

  /** The immutable field for a checked literal that `find` has just not found, if its value was met before. */
  admit(field: Field): Field | null {
    if (!isShareable(field)) {
      return null;
    }
    if (field.huffman !== this.#isCoded) {
      // The check has found the coded form longer than the plain one, and has replaced it.
      const known = this.find(field);
      if (known !== null) {
        return known;
      }
    }
    const place = this.#hash & (MAX_SIGHTINGS - 1);
    if (this.#sightings[place] === this.#hash) {
      return this.#add(field, this.#hash);
    }
    this.#sightings[place] = this.#hash;
    return null;
  }

  /** The immutable field for a checked one that certainly comes again: shared, if it may be. */
  settle(field: Field): Field {
    if (!isShareable(field)) {
      return freezeField(field);
    }
    return this.find(field) ?? this.#add(field, this.#hash);
  }

  #add(field: Field, hash: number): Field {
    const made = findStaticField(field) ?? createField(field.name, field.valueOctets());
    if (made.huffman === field.huffman) {
      this.#cache.add(field, hash, made);
      return made;
    }
    // The literal has the longer of the two forms: the shorter one leads to the field that is shared.
    const sharedHash = hashLiteral(made);
    const shared = this.#cache.find(made, sharedHash) ?? made;
    if (shared === made) {
      this.#cache.add(made, sharedHash, made);
    }
    this.#cache.add(field, hash, shared);
    return shared;
  }
}

/** Secrets stay where they came from, and what rarely comes twice would only take room. */
function isShareable({ name, start, end, neverIndexed }: Field): boolean {
  return (
    name.id > 0 && (name.traits & (Trait.UNSTABLE | Trait.SENSITIVE)) === 0 && !neverIndexed && end - start <= MAX_VALUE_OCTETS
  );
}

/** The fields of this thread. */
export const fieldCache: FieldCache = new FieldCache();
