import type { Socket } from 'node:net';

/** How many connections there may be at once. */
export interface ConnectionLimits {
  /** In all. */
  readonly maxConnections: number;
  /** From one address; 0 = no limit. */
  readonly maxConnectionsPerAddress: number;
}

/** The open sockets of a listener, each until it is closed. */
export class AcceptedSockets {
  readonly #limits: ConnectionLimits;
  /** With the client's address, as far as it has to be counted. */
  readonly #sockets = new Map<Socket, string | null>();
  /** How many of them each client address has; empty without a limit. */
  readonly #perAddress = new Map<string, number>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** Takes a socket in. One too many is closed at once: then the answer says what there are too many of, else it is null. */
  add(socket: Socket): string | null {
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    const address = maxConnectionsPerAddress === 0 ? null : (socket.remoteAddress ?? null);
    const count = address === null ? 0 : (this.#perAddress.get(address) ?? 0);
    if (this.#sockets.size >= maxConnections) {
      return refuse(socket, `more than ${maxConnections} connections`);
    }
    if (address !== null && count >= maxConnectionsPerAddress) {
      return refuse(socket, `more than ${maxConnectionsPerAddress} connections from one address`);
    }
    if (address !== null) {
      this.#perAddress.set(address, count + 1);
    }
    this.#own(socket, address);
    return null;
  }

  /** `successor` is the same connection from now on. */
  replace(socket: Socket, successor: Socket): void {
    const address = this.#sockets.get(socket) ?? null;
    this.#sockets.delete(socket);
    this.#own(successor, address);
  }

  values(): Iterable<Socket> {
    return this.#sockets.keys();
  }

  #own(socket: Socket, address: string | null): void {
    this.#sockets.set(socket, address);
    socket.once('close', () => this.#drop(socket, address));
    // What happens at the end of a socket hangs on `close`, which follows every error.
    socket.on('error', () => undefined);
  }

  #drop(socket: Socket, address: string | null): void {
    if (!this.#sockets.delete(socket) || address === null) {
      return;
    }
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left === 0) {
      this.#perAddress.delete(address);
    } else {
      this.#perAddress.set(address, left);
    }
  }
}

function refuse(socket: Socket, problem: string): string {
  socket.on('error', () => undefined);
  socket.destroy();
  return problem;
}
