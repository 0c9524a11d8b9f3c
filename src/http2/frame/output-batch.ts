import type { SlabPool } from './slab-pool.ts';

/**
 * Everything a connection had to send at one moment. The owner writes the segments in order, best corked, and hands `release` to the last
 * write as its callback; until then the segments must not change, after it they must not be read.
 */
export class OutputBatch {
  readonly segments: Buffer[] = [];
  /** Sum of the segments' lengths. */
  octets = 0;
  /** Gives the memory back. Bound once per object, so that a write needs no closure; harmless when called again. */
  readonly release: () => void;
  readonly #slabs: Buffer[] = [];
  readonly #pool: SlabPool;
  readonly #home: OutputBatch[];

  /** `home` is the list of idle batches that this one returns to. */
  constructor(pool: SlabPool, home: OutputBatch[]) {
    this.#pool = pool;
    this.#home = home;
    this.release = () => this.#release();
  }

  /** Appends octets that somebody else keeps alive. */
  add(segment: Buffer): void {
    this.segments.push(segment);
    this.octets += segment.length;
  }

  /** Makes the batch the keeper of a slab that its segments lie in. */
  keep(slab: Buffer): void {
    this.#slabs.push(slab);
  }

  #release(): void {
    if (this.segments.length === 0) {
      return;
    }
    // Mostly there is one. Setting the length of an array is a call into V8's runtime.
    while (this.segments.length > 0) {
      this.segments.pop();
    }
    this.octets = 0;
    for (let slab = this.#slabs.pop(); slab !== undefined; slab = this.#slabs.pop()) {
      this.#pool.give(slab);
    }
    this.#home.push(this);
  }
}
