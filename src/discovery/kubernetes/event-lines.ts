/** One event: a slice of 1 000 endpoints with all its fields takes some 500 KiB. Octets. */
export const MAX_EVENT_BYTES = 4_194_304;
/** Memory that is kept from one event for the next. Octets. */
const KEPT_BYTES = 65_536;

/**
 * Cuts a watch stream into its lines: one JSON object each (Kubernetes API concepts, "Efficient detection of changes").
 *
 * @throws RangeError when a line exceeds its limit.
 */
export class EventLines {
  /** The beginning of a line whose end has not come: the first `#length` octets. */
  #held: Buffer = Buffer.alloc(0);
  #length = 0;

  /** The lines that these octets complete; empty ones are left out. */
  push(octets: Buffer): readonly string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = octets.indexOf(0x0a); end >= 0; end = octets.indexOf(0x0a, start)) {
      this.#hold(octets.subarray(start, end));
      const line = this.#held.toString('utf8', 0, this.#length).trim();
      this.#length = 0;
      start = end + 1;
      if (line !== '') {
        lines.push(line);
      }
    }
    if (this.#held.byteLength > KEPT_BYTES && this.#length === 0) {
      this.#held = Buffer.alloc(0);
    }
    this.#hold(octets.subarray(start));
    return lines;
  }

  /** Memory grows by doubling, so that a line that comes octet by octet costs no more than one that comes at once. */
  #hold(octets: Buffer): void {
    const length = this.#length + octets.byteLength;
    if (length > MAX_EVENT_BYTES) {
      throw new RangeError(`an event has more than ${MAX_EVENT_BYTES} octets`);
    }
    if (length > this.#held.byteLength) {
      const held = Buffer.allocUnsafe(Math.max(length, Math.min(2 * this.#held.byteLength, MAX_EVENT_BYTES)));
      this.#held.copy(held, 0, 0, this.#length);
      this.#held = held;
    }
    octets.copy(this.#held, this.#length);
    this.#length = length;
  }
}
