import type { Stream } from '../stream/stream.ts';

/** Streams with something to send, each once, in the order of their turns. Linked through the streams themselves. */
export class ReadyRing {
  #first: Stream | null = null;
  #last: Stream | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts a stream at the end, unless it is in already. */
  add(stream: Stream): void {
    if (stream.isScheduled) {
      return;
    }
    stream.isScheduled = true;
    stream.nextReady = null;
    if (this.#last === null) {
      this.#first = stream;
    } else {
      this.#last.nextReady = stream;
    }
    this.#last = stream;
    this.#size++;
  }

  /** Takes the stream whose turn it is; null when there is none. It may have ended since it was added, or be another one by now. */
  shift(): Stream | null {
    const stream = this.#first;
    if (stream === null) {
      return null;
    }
    this.#first = stream.nextReady;
    if (this.#first === null) {
      this.#last = null;
    }
    this.#size--;
    stream.isScheduled = false;
    stream.nextReady = null;
    return stream;
  }
}
