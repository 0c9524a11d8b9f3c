import { FieldName, knownNames, NO_NAME } from './field-name.ts';
import { decodeHuffman, maxDecodedOctets } from './huffman.ts';
import { LAST_NAME_ID } from './name-id.ts';
import { hashLiteral, type Literal, OctetCache } from './octet-cache.ts';

/** Names that are kept beside the known ones. */
const MAX_NAMES = 1024;

/** Longer ones are made anew each time. Octets. */
const MAX_NAME_OCTETS = 128;

/** Identifiers begin again behind this one; they serve as hashes. */
const LAST_ID = 0x3fff_ffff;

/** Finds the FieldName for a literal name. */
export class NameCache {
  readonly #known = new Map(knownNames().map((name) => [name.text, name]));
  readonly #cache = new OctetCache<FieldName>(MAX_NAMES);
  #lastId = LAST_NAME_ID;

  /** The name that a literal is, whose own name is NO_NAME; null if its Huffman coding is wrong. */
  resolve(literal: Literal): FieldName | null {
    const hash = hashLiteral(literal);
    return this.#cache.find(literal, hash) ?? this.#add(literal, hash);
  }

  /** The name of that text, whose characters are octets. */
  resolveText(text: string): FieldName {
    const known = this.#known.get(text);
    if (known !== undefined) {
      return known;
    }
    const octets = Buffer.from(text, 'latin1');
    return this.resolve({ name: NO_NAME, octets, start: 0, end: octets.length, huffman: false }) ?? NO_NAME;
  }

  #add(literal: Literal, hash: number): FieldName | null {
    const plain = decode(literal);
    if (plain === null) {
      return null;
    }
    const isKept = plain.length <= MAX_NAME_OCTETS;
    const name = this.#known.get(plain.toString('latin1')) ?? new FieldName(isKept ? this.#nextId() : 0, plain);
    if (isKept) {
      this.#cache.add(literal, hash, name);
    }
    return name;
  }

  #nextId(): number {
    this.#lastId = this.#lastId === LAST_ID ? LAST_NAME_ID + 1 : this.#lastId + 1;
    return this.#lastId;
  }
}

function decode({ octets, start, end, huffman }: Literal): Buffer | null {
  if (!huffman) {
    return octets.subarray(start, end);
  }
  const plain = Buffer.allocUnsafeSlow(maxDecodedOctets(end - start));
  const length = decodeHuffman(octets, start, end, plain);
  return length < 0 ? null : plain.subarray(0, length);
}

/** The names of this thread. */
export const nameCache: NameCache = new NameCache();
