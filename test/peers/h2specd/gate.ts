import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Pipe } from './pipe.ts';

/** A connection that waits has sent its preface, SETTINGS and perhaps a request by then. */
const MAX_WAITING_OCTETS = 65_536;

/**
 * Stands before the broken servers of h2specd, which play their case on any connection, whether there is a request on it or not. The gate
 * has one port, and an address of the loopback network for each case. Connections wait here, without an answer, until it is their case's turn;
 * and as a second connection would play the case again, perhaps without a request, there is only one per case.
 */
export class Gate implements AsyncDisposable {
  readonly #server: Server;
  readonly #paceMs: number;
  readonly #changes = new EventEmitter<{ change: [] }>();
  readonly #waiting = new Map<Socket, Buffer[]>();
  #pipe: Pipe | null = null;
  /** The case whose turn it is. */
  #turn: { readonly address: string; readonly port: number } | null = null;

  private constructor(server: Server, paceMs: number) {
    this.#server = server;
    this.#paceMs = paceMs;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** The pause is before every frame of a broken server: with 0 frames come together, as they were written. */
  static async start(paceMs: number): Promise<Gate> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }).listen(0, '0.0.0.0');
    await once(server, 'listening');
    return new Gate(server, paceMs);
  }

  get port(): number {
    const bound = this.#server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    return bound.port;
  }

  /** Whether the case has got a connection. */
  get isReached(): boolean {
    return this.#pipe !== null;
  }

  /** Whether the case has been played to its end. */
  get isPlayed(): boolean {
    return this.#pipe?.isOver === true;
  }

  /** From here on connections to that address lead to that port, also those that wait. */
  open(address: string, port: number): void {
    this.#turn = { address, port };
    this.#pipe = null;
    for (const [socket, octets] of this.#waiting) {
      if (socket.localAddress === address && this.#pipe === null) {
        this.#waiting.delete(socket);
        this.#lead(socket, port);
        for (const chunk of octets) {
          socket.emit('data', chunk);
        }
      }
    }
  }

  /** Ends the case and its connection. */
  close(): void {
    this.#turn = null;
    this.#pipe?.destroy();
  }

  /** Waits for a change of what the getters tell, or for the time to be over. */
  async changed(signal: AbortSignal): Promise<void> {
    await once(this.#changes, 'change', { signal }).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    for (const socket of this.#waiting.keys()) {
      socket.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(socket: Socket): void {
    socket.on('error', () => undefined);
    const turn = this.#turn;
    if (turn !== null && socket.localAddress === turn.address && this.#pipe === null) {
      this.#lead(socket, turn.port);
      return;
    }
    const octets: Buffer[] = [];
    this.#waiting.set(socket, octets);
    socket.once('close', () => this.#waiting.delete(socket));
    socket.on('data', (chunk) => {
      octets.push(chunk);
      if (octets.reduce((sum, { length }) => sum + length, 0) > MAX_WAITING_OCTETS) {
        socket.destroy();
      }
    });
    socket.once('end', () => socket.destroy());
  }

  #lead(socket: Socket, port: number): void {
    socket.removeAllListeners('data').removeAllListeners('end');
    this.#pipe = new Pipe(socket, port, this.#paceMs, () => this.#changes.emit('change'));
    this.#changes.emit('change');
  }
}
