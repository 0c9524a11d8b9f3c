import { connect, type Socket } from 'node:net';

/**
 * GOAWAY(0, NO_ERROR): h2specd says it on a connection once it knows whether the case has passed. It is kept from the relay, which would
 * rightly make the call again at the next server.
 */
const LAST_WORDS = Buffer.from('0000080700000000000000000000000000', 'hex');

const FRAME_HEADER_OCTETS = 9;

/** How long the broken server's side may outlive the relay's. */
const LINGER_MS = 200;

/** Carries octets between a connection of the relay and one of h2specd's broken servers, if wished one frame of the server at a time. */
export class Pipe {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #paceMs: number;
  readonly #onOver: () => void;
  #isOver = false;
  #held = Buffer.alloc(0);
  #timer: NodeJS.Timeout | null = null;

  constructor(near: Socket, port: number, paceMs: number, onOver: () => void) {
    this.#near = near;
    this.#far = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.#paceMs = paceMs;
    this.#onOver = onOver;
    near.on('data', (octets) => this.#far.writable && this.#far.write(octets));
    near.once('end', () => {
      this.#far.end();
      this.#over();
    });
    near.once('close', () => this.#abandonFar());
    this.#far.on('data', (octets) => this.#fromServer(octets));
    this.#far.on('error', () => undefined);
    this.#far.once('end', () => this.#drained());
    this.#far.once('close', () => this.#drained());
  }

  /** Whether the case has been played on this connection. */
  get isOver(): boolean {
    return this.#isOver;
  }

  destroy(): void {
    this.#near.destroy();
  }

  #fromServer(octets: Buffer): void {
    if (this.#paceMs === 0) {
      this.#toRelay(octets);
      return;
    }
    this.#held = Buffer.concat([this.#held, octets]);
    this.#timer ??= setTimeout(() => this.#drip(), this.#paceMs);
  }

  /** One whole frame, or what there is of a broken one. */
  #drip(): void {
    this.#timer = null;
    const held = this.#held;
    const length = held.length < FRAME_HEADER_OCTETS ? held.length : held.readUIntBE(0, 3) + FRAME_HEADER_OCTETS;
    this.#held = held.subarray(length);
    this.#toRelay(held.subarray(0, length));
    if (this.#held.length > 0) {
      this.#timer = setTimeout(() => this.#drip(), this.#paceMs);
    } else if (this.#far.readableEnded) {
      this.#drained();
    }
  }

  #toRelay(octets: Buffer): void {
    const isLast = octets.subarray(-LAST_WORDS.length).equals(LAST_WORDS);
    if (this.#near.writable) {
      this.#near.write(isLast ? octets.subarray(0, -LAST_WORDS.length) : octets);
    }
    if (isLast) {
      this.#over();
    }
  }

  /** The server has ended, and all that it said has been passed on. */
  #drained(): void {
    if (this.#timer === null) {
      this.#near.end();
      this.#over();
    }
  }

  #abandonFar(): void {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
    this.#far.end();
    this.#far.resume();
    setTimeout(() => this.#far.destroy(), LINGER_MS).unref();
    this.#over();
  }

  #over(): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#onOver();
    }
  }
}
