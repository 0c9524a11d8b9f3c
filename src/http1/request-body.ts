import { Readable } from 'node:stream';

/**
 * The content of one request on its way to an endpoint. What waits in it is bounded by whoever gives. A part is handed on at the end of the
 * turn of the event loop: an endpoint that has answered before the end and closed the connection is heard before a write could fail on it.
 */
export class RequestBody extends Readable {
  #isOver = false;
  #given: Buffer[] = [];
  #givenOctets = 0;
  #turnEnd: NodeJS.Immediate | null = null;

  constructor() {
    super({ highWaterMark: 0 });
    // Nobody waits for it: its end is told by the exchange.
    this.on('error', () => undefined);
  }

  /** Octets that wait for the endpoint. */
  get waitingOctets(): number {
    return this.readableLength + this.#givenOctets;
  }

  /** Whether all of it has been given. */
  get isFinished(): boolean {
    return this.#isOver;
  }

  /** A part, which is kept as it is. Ignored once nobody wants it. */
  give(octets: Buffer): void {
    if (!this.#isOver && !this.destroyed && octets.length > 0) {
      this.#given.push(octets);
      this.#givenOctets += octets.length;
      this.#turnEnd ??= setImmediate(() => this.#handOn());
    }
  }

  /** There is no more. May be called again. */
  finish(): void {
    if (!this.#isOver && !this.destroyed) {
      this.#isOver = true;
      this.#turnEnd ??= setImmediate(() => this.#handOn());
    }
  }

  override _read(): void {
    // Octets are given as they come; who gives hears from the exchange when some have left.
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#turnEnd !== null) {
      clearImmediate(this.#turnEnd);
    }
    this.#given = [];
    this.#givenOctets = 0;
    callback(error);
  }

  #handOn(): void {
    const given = this.#given;
    this.#turnEnd = null;
    this.#given = [];
    this.#givenOctets = 0;
    for (const octets of given) {
      this.push(octets);
    }
    if (this.#isOver) {
      this.push(null);
    }
  }
}
