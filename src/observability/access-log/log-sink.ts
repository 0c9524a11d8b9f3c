import type { Clock, Timer } from '../../util/clock.ts';
import { type LineForm, LineMemory, LineWriter } from './line-writer.ts';
import type { LogOutput } from './log-output.ts';

/** The longest line with its end; longer ones are cut off. Octets. */
export const MAX_LINE_OCTETS = 16_384;
/** What is written at once. Octets. Twice what Envoy flushes at: each write wakes a thread, and the kernel takes many octets for less each. */
export const CHUNK_OCTETS = 131_072;
/** What waits at most, with the chunk that is being filled: lines beyond are dropped, as a log never holds up a call. Octets; whole chunks. */
export const MAX_QUEUED_OCTETS = 4_194_304;
const MAX_CHUNKS: number = MAX_QUEUED_OCTETS / CHUNK_OCTETS;
/** Chunks that are kept for reuse. */
const MAX_SPARE_CHUNKS = 4;
/** How long a line may wait for others to be written with. Milliseconds. Envoy: `--file-flush-interval-msec`, 10 s. */
export const FLUSH_INTERVAL_MS = 100;
/** Pauses between attempts on an output that takes nothing: doubled from one to the other. Milliseconds. */
const MIN_RETRY_MS = 1;
/** As above. */
export const MAX_RETRY_MS = 1_000;
/** How long the end of the log may wait for an output that takes nothing. Milliseconds. */
export const CLOSE_TIMEOUT_MS = 1_000;

/** What becomes known of a log. */
export interface LogSinkObserver {
  /** The output has failed; it is tried again until it works. Told once until then. */
  onFailure(error: Error): void;
  /** It works again. */
  onRecovery(): void;
}

/** What a log counts. */
export interface AccessLogStats {
  /** Lines that were lost because the output took no more. */
  readonly dropped: number;
}

interface Chunk {
  readonly memory: LineMemory;
  length: number;
  lines: number;
}

/**
 * Lines on their way to a file or pipe: collected in chunks, of which one at a time is written. The queue is bounded; while it is full, lines
 * are dropped and counted.
 */
export class LogSink implements AccessLogStats {
  dropped = 0;
  readonly #output: LogOutput;
  readonly #clock: Clock;
  readonly #observer: LogSinkObserver;
  readonly #writer: LineWriter;
  readonly #full: Chunk[] = [];
  readonly #spare: Chunk[] = [];
  #current: Chunk = createChunk();
  /** Being written. */
  #leaving: Chunk | null = null;
  #timer: Timer | null = null;
  #hasFailed = false;
  /** Set before anything is done for the end, unlike the promise of it. */
  #isClosing = false;
  #isClosed = false;
  #closing: Promise<void> | null = null;
  /** Cuts a pause short. */
  #endPause: () => void = () => undefined;
  readonly #drained = Promise.withResolvers<void>();

  constructor(
    form: LineForm,
    output: LogOutput,
    { clock, observer }: { readonly clock: Clock; readonly observer: LogSinkObserver },
  ) {
    this.#output = output;
    this.#clock = clock;
    this.#observer = observer;
    this.#writer = new LineWriter(form);
  }

  /** Where to write a line, which `commit` has to follow; null if there is no room, and the line is lost. */
  begin(): LineWriter | null {
    if (this.#isClosing || (this.#current.length + MAX_LINE_OCTETS > CHUNK_OCTETS && !this.#turnOver())) {
      this.dropped++;
      return null;
    }
    const writer = this.#writer;
    const { memory, length } = this.#current;
    writer.begin(memory, length, length + MAX_LINE_OCTETS);
    return writer;
  }

  /** The line is complete. */
  commit(): void {
    this.#current.length = this.#writer.at;
    this.#current.lines++;
    if (this.#leaving === null) {
      this.#timer ??= this.#clock.setTimer(FLUSH_INTERVAL_MS, () => this.#writeNext());
    }
  }

  /** Writes what waits, as far as the output takes it in time, and lets go of it; what is left counts as dropped. May be called again. */
  close(): Promise<void> {
    this.#isClosing = true;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const deadline = this.#clock.setTimer(CLOSE_TIMEOUT_MS, () => this.#giveUp());
    if (this.#leaving === null) {
      this.#stopTimer();
      this.#writeNext();
    }
    await this.#drained.promise;
    deadline.cancel();
    this.#isClosed = true;
    this.#stopTimer();
    this.#output.close();
  }

  #giveUp(): void {
    this.dropped += (this.#leaving?.lines ?? 0) + this.#current.lines;
    for (const chunk of this.#full) {
      this.dropped += chunk.lines;
    }
    this.#full.length = 0;
    this.#isClosed = true;
    this.#endPause();
    this.#drained.resolve();
  }

  /** Puts an empty chunk in the place of the one that is full; false if there may be no more. */
  #turnOver(): boolean {
    if (this.#full.length + (this.#leaving === null ? 0 : 1) >= MAX_CHUNKS - 1) {
      return false;
    }
    this.#full.push(this.#current);
    this.#current = this.#spare.pop() ?? createChunk();
    if (this.#leaving === null) {
      this.#stopTimer();
      this.#writeNext();
    }
    return true;
  }

  #writeNext(): void {
    this.#timer = null;
    if (this.#isClosed) {
      return;
    }
    let chunk = this.#full.shift() ?? null;
    if (chunk === null && this.#current.length > 0) {
      chunk = this.#current;
      this.#current = this.#spare.pop() ?? createChunk();
    }
    if (chunk === null) {
      if (this.#isClosing) {
        this.#drained.resolve();
      }
      return;
    }
    this.#leaving = chunk;
    void this.#write(chunk);
  }

  /** Never rejects. Ends with the chunk written, or with the sink closed. */
  async #write(chunk: Chunk): Promise<void> {
    let from = 0;
    let retryMs = MIN_RETRY_MS;
    while (from < chunk.length && !this.#isClosed) {
      const result = await this.#output.write(chunk.memory.octets, from, chunk.length);
      this.#judge(result.error);
      if (result.octets > 0) {
        from += result.octets;
        retryMs = MIN_RETRY_MS;
      } else {
        await this.#pause(retryMs);
        retryMs = Math.min(2 * retryMs, MAX_RETRY_MS);
      }
    }
    if (!this.#isClosed) {
      this.#recycle(chunk);
    }
  }

  #judge(error: Error | null): void {
    if (error !== null && !this.#hasFailed) {
      this.#hasFailed = true;
      this.#observer.onFailure(error);
    } else if (error === null && this.#hasFailed) {
      this.#hasFailed = false;
      this.#observer.onRecovery();
    }
  }

  #pause(delayMs: number): Promise<void> {
    if (this.#isClosed) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(delayMs, () => resolve());
      this.#endPause = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #recycle(chunk: Chunk): void {
    this.#leaving = null;
    chunk.length = 0;
    chunk.lines = 0;
    if (this.#spare.length < MAX_SPARE_CHUNKS) {
      this.#spare.push(chunk);
    }
    if (this.#full.length > 0 || this.#isClosing) {
      this.#writeNext();
    } else if (this.#current.length > 0) {
      this.#timer = this.#clock.setTimer(FLUSH_INTERVAL_MS, () => this.#writeNext());
    }
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}

function createChunk(): Chunk {
  return { memory: new LineMemory(CHUNK_OCTETS), length: 0, lines: 0 };
}
