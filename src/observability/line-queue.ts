import type { Clock } from '../util/clock.ts';
import type { LogOutput } from './access-log/log-output.ts';

/** Octets that may wait for an output that takes nothing; lines beyond are dropped, as logs never block. */
export const MAX_WAITING_OCTETS = 1_048_576;
/** Pause between attempts on an output that takes nothing. Milliseconds. */
export const LINE_RETRY_MS = 100;
/** How long the end may wait for an output that takes nothing, or is full: a process must end. Milliseconds. */
export const LINES_CLOSE_TIMEOUT_MS = 1_000;

/**
 * Log lines on their way to an output, written in their order, those together that have come meanwhile. An output that fails, such as a full
 * disk, is tried again with the next line. Other than the destinations of pino, it waits for none of them without end.
 */
export class LineQueue {
  readonly #output: LogOutput;
  readonly #clock: Clock;
  #lines: string[] = [];
  #waitingOctets = 0;
  /** Ends the pause that is under way. */
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;

  constructor(output: LogOutput, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
  }

  /** Takes a line with its end, or drops it. */
  write(line: string): void {
    const octets = Buffer.byteLength(line);
    if (this.#waitingOctets + octets > MAX_WAITING_OCTETS) {
      return;
    }
    this.#lines.push(line);
    this.#waitingOctets += octets;
    this.#running ??= this.#run();
  }

  /** Resolves when everything has been written, or the time for it is over. Nothing may be written afterwards. Never rejects. */
  async close(): Promise<void> {
    const timer = this.#clock.setTimer(LINES_CLOSE_TIMEOUT_MS, () => this.#stop.abort());
    const isOver = new Promise<void>((resolve) => this.#stop.signal.addEventListener('abort', () => resolve()));
    // What a failure left over gets one more attempt.
    this.#running ??= this.#run();
    await Promise.race([this.#running, isOver]);
    timer.cancel();
    this.#stop.abort();
    this.#output.close();
  }

  /** Ends when nothing is left, or the output has failed. */
  async #run(): Promise<void> {
    while (this.#lines.length > 0 && !this.#stop.signal.aborted) {
      const octets = Buffer.from(this.#lines.join(''));
      this.#lines = [];
      const written = await this.#writeAll(octets);
      this.#waitingOctets -= written;
      if (written < octets.length) {
        this.#lines.unshift(octets.toString('utf8', written));
        break;
      }
    }
    this.#running = null;
  }

  /** @returns octets that were written: fewer when it has failed, or the end has come. */
  async #writeAll(octets: Buffer): Promise<number> {
    let at = 0;
    while (at < octets.length && !this.#stop.signal.aborted) {
      const result = await this.#output.write(octets, at, octets.length);
      at += result.octets;
      if (result.error !== null) {
        break;
      }
      if (result.octets === 0) {
        await this.#clock.sleep(LINE_RETRY_MS, this.#stop.signal);
      }
    }
    return at;
  }
}
