import { ListingError } from './listing.ts';

type Shape = 'text' | 'nested' | 'plain';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Of one value, such as a whole host; one of Envoy has some 2 KiB. Octets. */
export const MAX_VALUE_BYTES = 1_048_576;
/** What is kept of a value at first. Octets. */
const FIRST_KEPT_BYTES = 4_096;

/** Finds where one JSON value ends, and keeps it where it comes in several pieces. Whether it is JSON is for who parses it. */
export class JsonValue {
  #shape: Shape | null = null;
  #depth = 0;
  #inText = false;
  #escaped = false;
  #bytes = 0;
  /** What came in pieces before, in as much as was wanted: one memory, however small the pieces are. */
  #kept: Buffer = Buffer.alloc(0);
  #keptBytes = 0;

  /** Whether a value has begun and not ended. */
  get isOpen(): boolean {
    return this.#shape !== null;
  }

  /** @param sign the first octet of the value. */
  begin(sign: number): void {
    const isNested = sign === OPEN_OBJECT || sign === OPEN_LIST;
    this.#shape = isNested ? 'nested' : sign === QUOTE ? 'text' : 'plain';
    this.#depth = 0;
    this.#inText = false;
    this.#escaped = false;
    this.#bytes = 0;
    this.#keptBytes = 0;
  }

  /** Where the value ends, which takes no octet twice; null if not in these octets, which are then kept if that is wanted. */
  read(octets: Buffer, from: number, isWanted: boolean): number | null {
    const end = this.#shape === 'plain' ? endOfPlain(octets, from) : this.#endOfValue(octets, from);
    this.#bytes += (end ?? octets.length) - from;
    if (this.#bytes > MAX_VALUE_BYTES) {
      throw new ListingError(`a value in the JSON is longer than ${MAX_VALUE_BYTES} octets`);
    }
    if (end === null) {
      if (isWanted) {
        this.#keep(octets.subarray(from));
      }
      return null;
    }
    this.#shape = null;
    return end;
  }

  /** All of the value that has just ended with `octets`, from which the last piece is. */
  text(lastPiece: Buffer): string {
    if (this.#keptBytes === 0) {
      return lastPiece.toString();
    }
    this.#keep(lastPiece);
    return this.#kept.toString('utf8', 0, this.#keptBytes);
  }

  #keep(piece: Buffer): void {
    const needed = this.#keptBytes + piece.length;
    if (needed > this.#kept.length) {
      const larger = Buffer.alloc(Math.max(FIRST_KEPT_BYTES, 2 ** Math.ceil(Math.log2(needed))));
      this.#kept.copy(larger, 0, 0, this.#keptBytes);
      this.#kept = larger;
    }
    piece.copy(this.#kept, this.#keptBytes);
    this.#keptBytes = needed;
  }

  /** Where a text, an object or a list ends. */
  #endOfValue(octets: Buffer, from: number): number | null {
    for (let at = from; at < octets.length; at += 1) {
      const sign = octets[at];
      if (this.#inText) {
        if (this.#escaped) {
          this.#escaped = false;
        } else if (sign === BACKSLASH) {
          this.#escaped = true;
        } else if (sign === QUOTE) {
          this.#inText = false;
          if (this.#depth === 0) {
            return at + 1;
          }
        }
      } else if (sign === QUOTE) {
        this.#inText = true;
      } else if (sign === OPEN_OBJECT || sign === OPEN_LIST) {
        this.#depth += 1;
      } else if (sign === CLOSE_OBJECT || sign === CLOSE_LIST) {
        this.#depth -= 1;
        if (this.#depth === 0) {
          return at + 1;
        }
      }
    }
    return null;
  }
}

/** RFC 8259, section 2. */
export function isJsonSpace(sign: number | undefined): boolean {
  return sign === 0x20 || sign === 0x0a || sign === 0x0d || sign === 0x09;
}

/** A number or a word ends before a sign of structure or white space. */
function endOfPlain(octets: Buffer, from: number): number | null {
  for (let at = from; at < octets.length; at += 1) {
    const sign = octets[at];
    if (sign === COMMA || sign === CLOSE_OBJECT || sign === CLOSE_LIST || isJsonSpace(sign)) {
      return at;
    }
  }
  return null;
}
