import { copyInto } from '../copy-into.ts';
import { OutputBatch } from './output-batch.ts';
import { SLAB_OCTETS, type SlabPool } from './slab-pool.ts';

/** Room at the front of a batch for eight PING acknowledgements, which overtake what was written before them. */
const HEADROOM_OCTETS = 8 * 17;

/** The most that can be reserved in one piece. */
export const MAX_RESERVE_OCTETS: number = SLAB_OCTETS - HEADROOM_OCTETS;

const NO_SLAB: Buffer = Buffer.alloc(0);

/**
 * The octets that wait for the owner's next write, in slabs that everything is copied into, so that most turns of the loop end in one segment
 * and one write, and no buffer that was read into is kept.
 */
export class OutputBuffer {
  /** Where to write; valid from one reserve to the next call of any method. */
  slab: Buffer = NO_SLAB;
  /** The next free octet of `slab`; the writer moves it behind what it wrote. */
  position = 0;
  /** The first slab of the batch: what reserveFront's offsets belong to. */
  frontSlab: Buffer = NO_SLAB;
  /** Where the segment begins that is being filled. */
  #start = 0;
  /** Octets used of the headroom, from its end downwards. */
  #frontOctets = 0;
  /** Null while nothing waits: no slab is held then. */
  #batch: OutputBatch | null = null;
  readonly #idle: OutputBatch[] = [];
  readonly #pool: SlabPool;

  constructor(pool: SlabPool) {
    this.#pool = pool;
  }

  /** Octets that the next take will give. */
  get octets(): number {
    return this.#batch === null ? 0 : this.#batch.octets + this.position - this.#start + this.#frontOctets;
  }

  /** Those of them that reserveFront has given away. */
  get frontOctets(): number {
    return this.#frontOctets;
  }

  /** Makes room for `octets`, at most MAX_RESERVE_OCTETS, in one piece at `position` of `slab`, and returns `position`. */
  reserve(octets: number): number {
    if (this.position + octets > this.slab.length) {
      this.#beginSlab();
    }
    return this.position;
  }

  /** Takes `octets` of the room before everything else of this batch, as an offset into `frontSlab`; -1 when there is no room left. */
  reserveFront(octets: number): number {
    const at = HEADROOM_OCTETS - this.#frontOctets - octets;
    if (at < 0) {
      return -1;
    }
    if (this.#batch === null) {
      this.#beginSlab();
    }
    this.#frontOctets += octets;
    return at;
  }

  /** Appends payload, behind a frame head. */
  append(octets: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.position === this.slab.length) {
        this.#beginSlab();
      }
      const until = Math.min(end, at + this.slab.length - this.position);
      copyInto(this.slab, this.position, octets, at, until);
      this.position += until - at;
      at = until;
    }
  }

  /** Hands over everything that waits, or null when nothing does. */
  take(): OutputBatch | null {
    const batch = this.#batch;
    if (batch === null) {
      return null;
    }
    const first = batch.segments[0];
    if (first !== undefined && this.#frontOctets > 0) {
      // The first segment begins at the end of the headroom: what was put in front of it extends it downwards.
      batch.segments[0] = this.frontSlab.subarray(HEADROOM_OCTETS - this.#frontOctets, HEADROOM_OCTETS + first.length);
      batch.octets += this.#frontOctets;
    } else {
      this.#start -= this.#frontOctets;
    }
    this.#finishSegment(batch);
    this.#batch = null;
    this.slab = NO_SLAB;
    this.frontSlab = NO_SLAB;
    this.position = 0;
    this.#start = 0;
    this.#frontOctets = 0;
    return batch;
  }

  #beginSlab(): void {
    const slab = this.#pool.take();
    if (this.#batch === null) {
      this.#batch = this.#idle.pop() ?? new OutputBatch(this.#pool, this.#idle);
      this.frontSlab = slab;
      this.position = HEADROOM_OCTETS;
    } else {
      this.#finishSegment(this.#batch);
      this.position = 0;
    }
    this.#batch.keep(slab);
    this.slab = slab;
    this.#start = this.position;
  }

  #finishSegment(batch: OutputBatch): void {
    if (this.position > this.#start) {
      batch.add(this.slab.subarray(this.#start, this.position));
      this.#start = this.position;
    }
  }
}
