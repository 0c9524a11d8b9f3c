import type { Field } from '../../http2/index.ts';
import type { FieldSlots } from './field-slots.ts';
import type { LineWriter } from './line-writer.ts';

/** Fields whose escaped values are kept: a power of two. */
const CACHED = 256;
/** Longer ones are written anew each time, so that the cache stays small. Octets. */
const MAX_CACHED_OCTETS = 512;
/** What a value may take of a line, escaped: all of JSON's together leave room for the rest. Octets. */
const MAX_WRITTEN_OCTETS = { text: 4096, json: 2048 };
/** For coded values; longer ones get memory of their own. Octets. */
const scratch: Buffer = Buffer.alloc(8192);

interface CacheEntry {
  readonly field: Field;
  readonly octets: Uint8Array;
}

/** Writes the value of the first of some fields that a section has, and remembers those that come again and again. */
export class FieldWriter {
  readonly #section: FieldSlots;
  readonly #slots: readonly number[];
  readonly #maxOctets: number;
  #found: Field | null = null;
  readonly #cache: (CacheEntry | null)[] = Array.from({ length: CACHED }, () => null);

  /** @param slots those of the names, the preferred one first. @param maxOctets the value is cut off there, before it is escaped. */
  constructor(section: FieldSlots, slots: readonly number[], maxOctets: number) {
    this.#section = section;
    this.#slots = slots;
    this.#maxOctets = maxOctets;
  }

  /** Whether there is a value, which `write` then writes. */
  has(): boolean {
    this.#found = this.#find();
    return this.#found !== null;
  }

  /** Writes the value that `has` has found. */
  write(line: LineWriter): void {
    const field = this.#found;
    if (field === null) {
      return;
    }
    if (field.id === 0) {
      this.#writeAnew(field, line);
      return;
    }
    const place = field.id & (CACHED - 1);
    const entry = this.#cache[place] ?? null;
    if (entry !== null && entry.field === field) {
      line.raw(entry.octets);
    } else {
      this.#writeAndKeep(field, place, line);
    }
  }

  #find(): Field | null {
    const { fields } = this.#section;
    for (let index = 0; index < this.#slots.length; index++) {
      const field = fields[this.#slots[index] ?? 0] ?? null;
      if (field !== null) {
        return field;
      }
    }
    return null;
  }

  #writeAndKeep(field: Field, place: number, line: LineWriter): void {
    const start = line.at;
    this.#writeAnew(field, line);
    const length = line.at - start;
    // What reaches the end of the line may have been cut off there.
    if (line.at < line.end && length <= MAX_CACHED_OCTETS) {
      this.#cache[place] = { field, octets: Uint8Array.from(line.octets.subarray(start, line.at)) };
    }
  }

  #writeAnew(field: Field, line: LineWriter): void {
    const length = Math.min(field.length, this.#maxOctets);
    const { end } = line;
    line.end = Math.min(end, line.at + MAX_WRITTEN_OCTETS[line.form]);
    if (field.huffman) {
      const isSmall = field.copyValue(scratch) >= 0;
      line.value(isSmall ? scratch : field.valueOctets(), 0, length);
    } else {
      line.value(field.octets, field.start, field.start + length);
    }
    line.end = end;
  }
}
