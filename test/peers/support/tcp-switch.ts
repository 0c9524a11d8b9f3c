import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What a load balancer at layer 4 does: new connections go to the present target, those that are open stay where they are. */
export class TcpSwitch implements AsyncDisposable {
  readonly port: number;
  #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: number) {
    const bound = server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    this.port = bound.port;
    this.#server = server;
    this.#target = target;
    server.on('connection', (client) => this.#join(client, connect({ port: this.#target, host: '127.0.0.1', noDelay: true })));
  }

  /** The target is a port of 127.0.0.1. */
  static async start(target: number): Promise<TcpSwitch> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpSwitch(server, target);
  }

  turnTo(target: number): void {
    this.#target = target;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await once(this.#server, 'close');
  }

  #join(client: Socket, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.once('close', () => {
        this.#sockets.delete(from);
        to.destroySoon();
      });
    }
  }
}
