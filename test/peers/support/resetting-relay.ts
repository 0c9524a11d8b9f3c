import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands before a server and passes octets both ways, until it is told to reset whoever sends any. */
export class ResettingRelay {
  readonly address: string;
  /** Whether the next octets of a client, and those of every one that connects, are met by a TCP reset. */
  resetting = false;
  /** Clients so far. */
  connections = 0;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    const bound = server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    this.address = `127.0.0.1:${bound.port}`;
    server.on('connection', (client) => this.#relay(client, connect(port, '127.0.0.1')));
  }

  static async start(port: number): Promise<ResettingRelay> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ResettingRelay(server, port);
  }

  /** Resets every client that is connected. */
  reset(): void {
    for (const client of this.#clients) {
      client.resetAndDestroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.reset();
    await once(this.#server, 'close');
  }

  #relay(client: Socket, server: Socket): void {
    this.connections += 1;
    this.#clients.add(client);
    client.on('error', () => undefined);
    server.on('error', () => undefined);
    server.once('close', () => client.destroy());
    client.once('close', () => {
      this.#clients.delete(client);
      server.destroy();
    });
    server.on('data', (octets) => client.write(octets));
    client.on('data', (octets) => {
      if (this.resetting) {
        client.resetAndDestroy();
      } else {
        server.write(octets);
      }
    });
  }
}
