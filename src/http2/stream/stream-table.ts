import type { Stream } from './stream.ts';

const INITIAL_SLOTS = 16;

/** Enough for every concurrency limit in use; beyond it, colliding streams go to the map. */
const MAX_SLOTS = 4096;

/**
 * Live streams by identifier. Identifiers rise by two, so the slot is the identifier itself, masked: one array read finds a stream. A stream
 * that outlives a whole round of the table may collide with a new one, which then lives in a map.
 */
export class StreamTable {
  #slots: (Stream | null)[] = [];
  #mask = -1;
  #size = 0;
  readonly #overflow = new Map<number, Stream>();

  /** Live streams. */
  get size(): number {
    return this.#size;
  }

  /** The live stream of that identifier, or null. */
  find(streamId: number): Stream | null {
    const stream = this.#slots[(streamId >>> 1) & this.#mask] ?? null;
    if (stream !== null && stream.id === streamId) {
      return stream;
    }
    return this.#overflow.size === 0 ? null : (this.#overflow.get(streamId) ?? null);
  }

  /** Adds a stream whose identifier is not in the table. */
  add(stream: Stream): void {
    if (this.#size * 2 >= this.#slots.length && this.#slots.length < MAX_SLOTS) {
      this.#grow();
    }
    this.#size++;
    this.#place(stream);
  }

  /** Removes a stream that is in the table. */
  remove(stream: Stream): void {
    const slot = (stream.id >>> 1) & this.#mask;
    if (this.#slots[slot] === stream) {
      this.#slots[slot] = null;
      this.#size--;
    } else if (this.#overflow.delete(stream.id)) {
      this.#size--;
    }
  }

  /** All live streams, as a copy that stays true while they are removed. For rare occasions, not for the data path. */
  list(): Stream[] {
    const streams: Stream[] = [];
    for (const stream of this.#slots) {
      if (stream !== null) {
        streams.push(stream);
      }
    }
    streams.push(...this.#overflow.values());
    return streams;
  }

  #place(stream: Stream): void {
    const slot = (stream.id >>> 1) & this.#mask;
    if ((this.#slots[slot] ?? null) === null) {
      this.#slots[slot] = stream;
    } else {
      this.#overflow.set(stream.id, stream);
    }
  }

  #grow(): void {
    const streams = this.list();
    const length = Math.max(INITIAL_SLOTS, this.#slots.length * 2);
    this.#slots = Array.from({ length }, () => null);
    this.#mask = length - 1;
    this.#overflow.clear();
    for (const stream of streams) {
      this.#place(stream);
    }
  }
}
