import { copyInto } from '../copy-into.ts';
import { NO_OCTETS } from './octets.ts';

const MIN_CAPACITY = 256;

/**
 * Octets of a queue: what is stored first is given up first, and every piece lies in one run. Whoever stores grows the ring when it is full,
 * and stores again what is still needed.
 */
export class OctetRing {
  octets: Buffer = NO_OCTETS;
  /** Where the oldest piece begins, and where the next one may. If the tail is before the head, the used part goes around the end. */
  #head = 0;
  #tail = 0;

  /** Copies a range, and gives the place that it now begins at; or -1 if there is no room. */
  store(octets: Buffer, start: number, end: number): number {
    const length = end - start;
    const at = this.#place(length);
    if (at >= 0) {
      copyInto(this.octets, at, octets, start, end);
      this.#tail = at + length;
    }
    return at;
  }

  /** Gives up everything before `end`, which is where the oldest piece ends. */
  release(end: number): void {
    this.#head = end;
  }

  /** Gives up everything. */
  clear(): void {
    this.#head = 0;
    this.#tail = 0;
  }

  /** Empty, with room for twice as much as before and at least `length`. What was stored stays in the octets that there were until now. */
  grow(length: number): void {
    let capacity = Math.max(MIN_CAPACITY, 2 * this.octets.length);
    while (capacity < length) {
      capacity *= 2;
    }
    this.octets = Buffer.allocUnsafeSlow(capacity);
    this.clear();
  }

  #place(length: number): number {
    if (this.#tail < this.#head) {
      return this.#tail + length < this.#head ? this.#tail : -1;
    }
    if (this.#tail + length <= this.octets.length) {
      return this.#tail;
    }
    return length < this.#head ? 0 : -1;
  }
}
