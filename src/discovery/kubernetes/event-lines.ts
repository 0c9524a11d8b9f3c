/** One event: a slice of 1 000 endpoints with all its fields takes some 500 KiB. Octets. */
export const MAX_EVENT_BYTES = 4_194_304;

/**
 * Cuts a watch stream into its lines: one JSON object each (Kubernetes API concepts, "Efficient detection of changes").
 *
 * @throws RangeError when a line exceeds its limit.
 */
export class EventLines {
  #parts: Buffer[] = [];
  #length = 0;

  /** The lines that these octets complete; empty ones are left out. */
  push(octets: Buffer): readonly string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = octets.indexOf(0x0a); end >= 0; end = octets.indexOf(0x0a, start)) {
      this.#hold(octets.subarray(start, end));
      const line = Buffer.concat(this.#parts).toString('utf8').trim();
      this.#parts = [];
      this.#length = 0;
      start = end + 1;
      if (line !== '') {
        lines.push(line);
      }
    }
    this.#hold(octets.subarray(start));
    return lines;
  }

  #hold(octets: Buffer): void {
    this.#length += octets.byteLength;
    if (this.#length > MAX_EVENT_BYTES) {
      throw new RangeError(`an event has more than ${MAX_EVENT_BYTES} octets`);
    }
    if (octets.byteLength > 0) {
      this.#parts.push(octets);
    }
  }
}
