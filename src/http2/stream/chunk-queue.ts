import { copyInto } from '../copy-into.ts';
import type { FrameEncoder } from '../frame/frame-encoder.ts';

/** A chunk for copied content has at least this much room, so that small DATA that follows lands in it. */
const MIN_CHUNK_OCTETS = 1024;

/** No chunk for copied content is larger: it would fill no frame. */
const MAX_CHUNK_OCTETS = 16_384;

/** What a chunk costs at least, whatever its length, for the objects around it. */
const CHUNK_OVERHEAD_OCTETS = 256;

/** A run of content octets. */
class Chunk {
  readonly octets: Buffer;
  start = 0;
  end = 0;
  next: Chunk | null = null;

  constructor(capacity: number) {
    this.octets = Buffer.allocUnsafeSlow(capacity);
  }

  get cost(): number {
    return CHUNK_OVERHEAD_OCTETS + this.octets.length;
  }
}

/**
 * Content of one stream that waits for windows. Pieces are copied behind each other, so that what a peer sends in thousands of tiny frames
 * costs its octets and not its frames (RUSTSEC-2026-0258).
 */
export class ChunkQueue {
  /** Content octets that wait. */
  octets = 0;
  /** Memory that they hold, never less than `octets`: what the connection's limit counts. */
  cost = 0;
  #first: Chunk | null = null;
  #last: Chunk | null = null;

  /** Appends one or more octets. */
  push(octets: Buffer, start: number, end: number): void {
    this.octets += end - start;
    let at = start;
    while (at < end) {
      const target = this.#roomyLast() ?? this.#appendChunk(end - at);
      const until = Math.min(end, at + target.octets.length - target.end);
      copyInto(target.octets, target.end, octets, at, until);
      target.end += until - at;
      at = until;
    }
  }

  /** Writes the next `octets`, which are there, as DATA of `streamId`. */
  moveTo(frames: FrameEncoder, streamId: number, octets: number): void {
    let left = octets;
    for (let chunk = this.#first; chunk !== null && left > 0; chunk = this.#first) {
      const until = Math.min(chunk.end, chunk.start + left);
      left -= until - chunk.start;
      frames.data(streamId, chunk.octets, chunk.start, until);
      chunk.start = until;
      if (until === chunk.end) {
        this.#removeFirst(chunk);
      }
    }
    this.octets -= octets - left;
  }

  /** Drops everything. */
  clear(): void {
    this.octets = 0;
    this.cost = 0;
    this.#first = null;
    this.#last = null;
  }

  #roomyLast(): Chunk | null {
    const last = this.#last;
    return last !== null && last.end < last.octets.length ? last : null;
  }

  #appendChunk(wanted: number): Chunk {
    // Grows with the queue: a stream that stalls for long is worth few, large chunks.
    const chunk = new Chunk(Math.min(MAX_CHUNK_OCTETS, Math.max(MIN_CHUNK_OCTETS, wanted, this.octets)));
    this.cost += chunk.cost;
    if (this.#last === null) {
      this.#first = chunk;
    } else {
      this.#last.next = chunk;
    }
    this.#last = chunk;
    return chunk;
  }

  #removeFirst(chunk: Chunk): void {
    this.cost -= chunk.cost;
    this.#first = chunk.next;
    if (chunk.next === null) {
      this.#last = null;
    }
  }
}
