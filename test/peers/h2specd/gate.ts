import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Pipe } from './pipe.ts';

/** A relay that tries again without end gets no more than this for one case. */
const MAX_CONNECTIONS = 4;

/** A connection that waits has sent its preface, SETTINGS and perhaps a request by then. */
const MAX_WAITING_OCTETS = 65_536;

/**
 * The one endpoint of the relay. Each broken server of h2specd has a port of its own; the gate leads to the one whose turn it is.
 * Connections that are made between two cases wait here for the next one.
 */
export class Gate implements AsyncDisposable {
  readonly #server: Server;
  readonly #paceMs: number;
  readonly #changes = new EventEmitter<{ change: [] }>();
  readonly #waiting = new Map<Socket, Buffer[]>();
  #pipes: Pipe[] = [];
  #port: number | null = null;

  private constructor(server: Server, paceMs: number) {
    this.#server = server;
    this.#paceMs = paceMs;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** The pause is before every frame of a broken server: with 0 frames come together, as they were written. */
  static async start(paceMs: number): Promise<Gate> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Gate(server, paceMs);
  }

  /** Such as `127.0.0.1:40001`. */
  get address(): string {
    const bound = this.#server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    return `127.0.0.1:${bound.port}`;
  }

  /** Whether the case has got a connection. */
  get isReached(): boolean {
    return this.#pipes.length > 0;
  }

  /** Whether the case has been played on each connection that it got. */
  get isPlayed(): boolean {
    return this.isReached && this.#pipes.every((pipe) => pipe.isOver);
  }

  /** From here on connections lead to that port, also those that wait. */
  open(port: number): void {
    this.#port = port;
    this.#pipes = [];
    for (const [socket, octets] of this.#waiting) {
      this.#waiting.delete(socket);
      this.#lead(socket, port);
      for (const chunk of octets) {
        socket.emit('data', chunk);
      }
    }
  }

  /** Ends the case and its connections. */
  close(): void {
    this.#port = null;
    for (const pipe of this.#pipes) {
      pipe.destroy();
    }
  }

  /** Ends those that wait: what they ask for is left over from the case before. */
  dropWaiting(): void {
    for (const socket of this.#waiting.keys()) {
      socket.destroy();
    }
  }

  /** Waits for a change of what the getters tell, or for the time to be over. */
  async changed(signal: AbortSignal): Promise<void> {
    await once(this.#changes, 'change', { signal }).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    this.dropWaiting();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.#port !== null) {
      this.#lead(socket, this.#port);
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
    if (this.#pipes.length >= MAX_CONNECTIONS) {
      socket.destroy();
      return;
    }
    this.#pipes.push(new Pipe(socket, port, this.#paceMs, () => this.#changes.emit('change')));
    this.#changes.emit('change');
  }
}
