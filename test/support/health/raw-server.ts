import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** A TCP server that does with each connection as a test says; disposing it ends them all, and fails on one left by a client. */
export class RawServer implements AsyncDisposable {
  readonly port: number;
  readonly sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    this.port = address.port;
  }

  /** @param accept gets every connection; errors on it are nobody's failure. */
  static async start(accept: (socket: Socket) => void): Promise<RawServer> {
    const server = createServer({ allowHalfOpen: false });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const raw = new RawServer(server);
    server.on('connection', (socket) => {
      raw.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => raw.sockets.delete(socket));
      // What nobody reads holds up the end of the connection.
      socket.resume();
      accept(socket);
    });
    return raw;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const signal = AbortSignal.timeout(2_000);
    for (const socket of this.sockets) {
      await once(socket, 'close', { signal });
    }
    this.#server.close();
    await once(this.#server, 'close');
  }
}
