import { Readable } from 'node:stream';

/** The content of one request on its way to an endpoint. What waits in it is bounded by whoever gives. */
export class RequestBody extends Readable {
  #isOver = false;

  constructor() {
    super({ highWaterMark: 0 });
    // Nobody waits for it: its end is told by the exchange.
    this.on('error', () => undefined);
  }

  /** Octets that wait for the endpoint. */
  get waitingOctets(): number {
    return this.readableLength;
  }

  /** Whether all of it has been given. */
  get isFinished(): boolean {
    return this.#isOver;
  }

  /** A part, which is kept as it is. Ignored once nobody wants it. */
  give(octets: Buffer): void {
    if (!this.#isOver && !this.destroyed && octets.length > 0) {
      this.push(octets);
    }
  }

  /** There is no more. May be called again. */
  finish(): void {
    if (!this.#isOver && !this.destroyed) {
      this.#isOver = true;
      this.push(null);
    }
  }

  override _read(): void {
    // Octets are given as they come; who gives hears from the exchange when some have left.
  }
}
