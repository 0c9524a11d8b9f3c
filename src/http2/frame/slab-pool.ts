/** One slab holds three full frames with their heads and room for small ones; libuv reads as much at a time. */
export const SLAB_OCTETS = 65_536;

/** Slabs kept for reuse when the caller names no other number: 16 MiB, what 256 connections flushed in one turn need. */
const DEFAULT_MAX_FREE = 256;

/**
 * Output memory, shared by all connections of a thread so that an idle connection holds none of it. Last in, first out: the slab that was
 * written last is the one still in the processor's cache.
 */
export class SlabPool {
  readonly #free: Buffer[] = [];
  readonly #maxFree: number;

  /** `maxFree` is how many slabs stay allocated while nobody uses them; those beyond it are left to the garbage collector. */
  constructor(maxFree: number = DEFAULT_MAX_FREE) {
    this.#maxFree = maxFree;
  }

  /** Slabs waiting for reuse. */
  get freeSlabs(): number {
    return this.#free.length;
  }

  /** A slab of SLAB_OCTETS with arbitrary content. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB_OCTETS);
  }

  /** Takes a slab back; the caller has no reference left, and neither has the socket. */
  give(slab: Buffer): void {
    if (this.#free.length < this.#maxFree) {
      this.#free.push(slab);
    }
  }
}
