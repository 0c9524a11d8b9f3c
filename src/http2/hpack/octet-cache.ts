import type { FieldName } from './field-name.ts';
import { copyRange, equalOctets, hashOctets } from './octets.ts';

/** Entries that share the place that a hash leads to. */
const WAYS = 4;

/** Set in the seed of Huffman-coded octets. */
const HUFFMAN_SEED = 0x4000_0000;

/** A string of a field block: octets in one of two forms, that belong to a name. */
export interface Literal {
  readonly name: FieldName;
  readonly octets: Buffer;
  readonly start: number;
  readonly end: number;
  readonly huffman: boolean;
}

interface Entry<T> {
  readonly hash: number;
  readonly name: FieldName;
  readonly octets: Buffer;
  readonly huffman: boolean;
  readonly value: T;
}

/** The hash of a literal, for the calls below. */
export function hashLiteral({ name, octets, start, end, huffman }: Literal): number {
  return hashOctets(octets, start, end, name.id ^ (huffman ? HUFFMAN_SEED : 0));
}

/**
 * What literals stand for, found by their octets as they are on the wire. It has a fixed number of places; where they are taken, the entry
 * that came first has to go, so that a peer who fills it slows others down and does no more.
 */
export class OctetCache<T> {
  readonly #entries: (Entry<T> | null)[];
  readonly #setMask: number;
  /** Of each set, the entry that goes next. */
  readonly #next: Uint8Array;

  /** `capacity` is a power of two. */
  constructor(capacity: number) {
    this.#entries = Array.from({ length: capacity }, () => null);
    this.#setMask = capacity / WAYS - 1;
    this.#next = new Uint8Array(capacity / WAYS);
  }

  find(literal: Literal, hash: number): T | null {
    const first = (hash & this.#setMask) * WAYS;
    for (let way = 0; way < WAYS; way++) {
      const entry = this.#entries[first + way] ?? null;
      if (entry === null) {
        return null;
      }
      if (entry.hash === hash && isSame(entry, literal)) {
        return entry.value;
      }
    }
    return null;
  }

  /** Keeps a copy of the literal's octets. */
  add(literal: Literal, hash: number, value: T): void {
    const { name, octets, start, end, huffman } = literal;
    const set = hash & this.#setMask;
    const way = this.#next[set] ?? 0;
    this.#next[set] = (way + 1) % WAYS;
    this.#entries[set * WAYS + way] = { hash, name, octets: copyRange(octets, start, end), huffman, value };
  }
}

function isSame(entry: Entry<unknown>, { name, octets, start, end, huffman }: Literal): boolean {
  return entry.name === name && entry.huffman === huffman && equalOctets(entry.octets, octets, start, end);
}
