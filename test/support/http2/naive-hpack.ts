import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** How a field stood in its block (RFC 7541, section 6). */
export type Form = 'indexed' | 'inserted' | 'plain' | 'never';

/** One decoded field; text holds a character for each octet. */
export interface NaiveField {
  readonly name: string;
  readonly value: string;
  readonly form: Form;
}

/** The trie of the Huffman code: a node is its two branches, a leaf the symbol. */
type Node = [Node | number | null, Node | number | null];

const END_OF_STRING = 256;
const STATIC_ENTRIES = 61;
const MAX_INTEGER = 0x7fff_ffff;

const require = createRequire(import.meta.url);
const staticTable: { get(index: number): [string, string] } = require('hpack/lib/static_table.js');

/** The codes of RFC 7541, appendix B, as the package `hpack` has them: by symbol, as text of zeros and ones. */
export function huffmanCodes(): string[] {
  const source = readFileSync(require.resolve('hpack/lib/huffman_codec.js'), 'utf8');
  return [...source.matchAll(/'value': (0x[0-9a-f]+) *, 'len': *(\d+)/g)].map(([, value = '', bits = '']) =>
    Number(value).toString(2).padStart(Number(bits), '0'),
  );
}

/** The static entry at an index from 1 to 61, as the package `hpack` has it. */
export function staticEntry(index: number): [name: string, value: string] {
  const [name, value] = staticTable.get(index);
  return [name, value];
}

const ROOT: Node = plant();

function plant(): Node {
  const root: Node = [null, null];
  huffmanCodes().forEach((code, symbol) => {
    let node = root;
    for (const bit of code.slice(0, -1)) {
      const branch = bit === '1' ? 1 : 0;
      const next = node[branch];
      const child: Node = Array.isArray(next) ? next : [null, null];
      node[branch] = child;
      node = child;
    }
    node[code.endsWith('1') ? 1 : 0] = symbol;
  });
  return root;
}

/** Decodes bit by bit (RFC 7541, section 5.2); null if the coding is wrong. */
export function naiveHuffman(coded: Uint8Array): Buffer | null {
  const symbols: number[] = [];
  let node = ROOT;
  let depth = 0;
  let isOnes = true;
  for (const octet of coded) {
    for (let shift = 7; shift >= 0; shift--) {
      const bit = ((octet >>> shift) & 1) === 1 ? 1 : 0;
      const next = node[bit];
      depth++;
      isOnes &&= bit === 1;
      if (next === null || next === END_OF_STRING) {
        return null;
      }
      if (typeof next === 'number') {
        symbols.push(next);
        node = ROOT;
        depth = 0;
        isOnes = true;
      } else {
        node = next;
      }
    }
  }
  return depth > 7 || !isOnes ? null : Buffer.from(symbols);
}

/**
 * A decoder of field blocks written the plainest way: strings, an array as the table, nothing shared or cached. Its static table and Huffman
 * code are those of an independent package. What is wrong with a block is an Error.
 */
export class NaiveDecoder {
  /** The dynamic table, newest first. */
  readonly entries: [name: string, value: string][] = [];
  maxBytes = 4096;
  #limit = 4096;
  #updateDue = Number.POSITIVE_INFINITY;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** Sizes of all entries (RFC 7541, section 4.1). */
  get bytes(): number {
    return this.entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  }

  /** What a size update may say from now on; a table that is larger has to become smaller first (RFC 7541, section 4.2). */
  setLimit(bytes: number): void {
    this.#limit = bytes;
    if (bytes < this.maxBytes) {
      this.#updateDue = Math.min(this.#updateDue, bytes);
    }
  }

  decode(block: Buffer): NaiveField[] {
    this.#block = block;
    this.#at = 0;
    const fields: NaiveField[] = [];
    while (this.#at < block.length) {
      const octet = block[this.#at] ?? 0;
      if ((octet & 0xe0) === 0x20) {
        this.#update(fields.length > 0);
        continue;
      }
      this.#requireUpdate();
      fields.push(this.#field(octet));
    }
    this.#requireUpdate();
    return fields;
  }

  #update(isLate: boolean): void {
    const bytes = this.#integer(5);
    if (isLate || bytes > this.#limit) {
      throw new Error('size update behind a field or above the limit');
    }
    if (bytes <= this.#updateDue) {
      this.#updateDue = Number.POSITIVE_INFINITY;
    }
    this.maxBytes = bytes;
    this.#evictTo(bytes);
  }

  #requireUpdate(): void {
    if (this.#updateDue !== Number.POSITIVE_INFINITY) {
      throw new Error('size update missing');
    }
  }

  #field(octet: number): NaiveField {
    if (octet >= 0x80) {
      const [name, value] = this.#entry(this.#integer(7));
      return { name, value, form: 'indexed' };
    }
    const form: Form = octet >= 0x40 ? 'inserted' : octet >= 0x10 ? 'never' : 'plain';
    const index = this.#integer(form === 'inserted' ? 6 : 4);
    const name = index === 0 ? this.#string() : this.#entry(index)[0];
    const value = this.#string();
    if (form === 'inserted') {
      const size = name.length + value.length + 32;
      this.#evictTo(this.maxBytes - size);
      if (size <= this.maxBytes) {
        this.entries.unshift([name, value]);
      }
    }
    return { name, value, form };
  }

  #entry(index: number): [string, string] {
    const entry = index > STATIC_ENTRIES ? this.entries[index - STATIC_ENTRIES - 1] : index > 0 ? staticEntry(index) : undefined;
    if (entry === undefined) {
      throw new Error(`index ${index}`);
    }
    return entry;
  }

  #evictTo(bytes: number): void {
    while (this.entries.length > 0 && this.bytes > bytes) {
      this.entries.pop();
    }
  }

  #octet(): number {
    const octet = this.#block[this.#at++];
    if (octet === undefined) {
      throw new Error('block ends');
    }
    return octet;
  }

  #integer(bits: number): number {
    const mask = 2 ** bits - 1;
    let value = this.#octet() & mask;
    if (value < mask) {
      return value;
    }
    for (let count = 0; count < 5; count++) {
      const octet = this.#octet();
      value += (octet & 127) * 128 ** count;
      if (octet < 128) {
        if (value > MAX_INTEGER) {
          throw new Error('integer too large');
        }
        return value;
      }
    }
    throw new Error('integer too long');
  }

  #string(): string {
    const isCoded = (this.#block[this.#at] ?? 0) >= 128;
    const length = this.#integer(7);
    const end = this.#at + length;
    if (end > this.#block.length) {
      throw new Error('string ends');
    }
    const octets = this.#block.subarray(this.#at, end);
    this.#at = end;
    const plain = isCoded ? naiveHuffman(octets) : octets;
    if (plain === null) {
      throw new Error('wrong Huffman coding');
    }
    return plain.toString('latin1');
  }
}
