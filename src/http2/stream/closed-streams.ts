/** How a stream ended, for frames that come after its end. */
export const Closure = {
  /** By END_STREAM of both sides, or so long ago that it no longer matters. */
  ENDED: 0,
  /** By our RST_STREAM: what the peer had under way is ignored (RFC 9113, section 5.1). */
  RESET_BY_US: 1,
  /** By the peer's RST_STREAM: it may send nothing more. */
  RESET_BY_PEER: 2,
} as const;
export type Closure = (typeof Closure)[keyof typeof Closure];

/** A reset is remembered until as many streams later another one is reset; must be a power of two. */
const SLOTS = 1024;

/**
 * Remembers which of the last streams were reset, and by whom; every other closed stream counts as ended. A stream has one slot, given by
 * its identifier, so looking up costs one read and storing never searches. An idle connection holds no slots.
 */
export class ClosedStreams {
  /** Identifier × 4 + closure. */
  #slots: Float64Array | null = null;

  /** Notes a reset; ENDED needs no note. */
  add(streamId: number, closure: Closure): void {
    if (closure !== Closure.ENDED) {
      this.#slots ??= new Float64Array(SLOTS);
      this.#slots[(streamId >>> 1) & (SLOTS - 1)] = streamId * 4 + closure;
    }
  }

  /** How the stream ended, for an identifier that was in use and is no longer. */
  find(streamId: number): Closure {
    const slot = this.#slots?.[(streamId >>> 1) & (SLOTS - 1)] ?? 0;
    if (slot === streamId * 4 + Closure.RESET_BY_US) {
      return Closure.RESET_BY_US;
    }
    return slot === streamId * 4 + Closure.RESET_BY_PEER ? Closure.RESET_BY_PEER : Closure.ENDED;
  }
}
