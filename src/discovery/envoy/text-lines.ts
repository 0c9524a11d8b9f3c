import { ListingError } from './listing.ts';

const LINE_FEED = 0x0a;

/** Of one line; names and paths are the longest part of them. Octets. */
export const MAX_LINE_BYTES = 65_536;

/** Cuts octets into lines as they come. The last line must end in a line feed: one that does not is cut off. */
export class TextLines {
  readonly #onLine: (line: string) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(octets: Buffer): void {
    const end = octets.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      const first = octets.indexOf(LINE_FEED);
      this.#emit(this.#rest.length === 0 ? octets.subarray(0, first) : Buffer.concat([this.#rest, octets.subarray(0, first)]));
      this.#rest = Buffer.alloc(0);
      if (end > first + 1) {
        for (const line of octets.toString('utf8', first + 1, end - 1).split('\n')) {
          this.#check(line.length);
          this.#onLine(line);
        }
      }
    }
    if (end < octets.length) {
      this.#check(this.#rest.length + octets.length - end);
      this.#rest = Buffer.concat([this.#rest, octets.subarray(end)]);
    }
  }

  end(): void {
    if (this.#rest.length > 0) {
      throw new ListingError('the text is cut off within a line');
    }
  }

  #emit(line: Buffer): void {
    this.#check(line.length);
    this.#onLine(line.toString());
  }

  #check(length: number): void {
    if (length > MAX_LINE_BYTES) {
      throw new ListingError(`a line is longer than ${MAX_LINE_BYTES} octets`);
    }
  }
}
