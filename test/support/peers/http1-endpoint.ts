import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { createEndpoint, type Endpoint } from '../../../src/model/endpoint.ts';

/** Where and how an endpoint listens; default is cleartext on a free port of 127.0.0.1. */
export interface Http1EndpointOptions {
  /** A unix socket instead. */
  readonly path?: string;
  readonly tls?: TlsOptions;
  readonly http?: ServerOptions;
}

/** An endpoint of HTTP/1.1: node:http, or a socket that is written to by hand. */
export class Http1Endpoint implements AsyncDisposable {
  readonly endpoint: Endpoint;
  /** Connections that are open. */
  readonly sockets = new Set<Socket>();
  /** How many connections there have been. */
  accepted = 0;
  /** How many header sections node:http has got. */
  requests = 0;
  readonly #server: Server;

  /** node:http as the peer. */
  static async serve(listener: RequestListener, options: Http1EndpointOptions = {}): Promise<Http1Endpoint> {
    const http = { keepAliveTimeout: 60_000, ...options.http };
    const server =
      options.tls === undefined ? createHttpServer(http, listener) : createHttpsServer({ ...http, ...options.tls }, listener);
    return await Http1Endpoint.#listen(server, options);
  }

  /** Every connection is the test's; `onRequest` gets what has come so far whenever a header section is complete. */
  static async script(
    onRequest: (socket: Socket, received: () => string) => void,
    options: Http1EndpointOptions = {},
  ): Promise<Http1Endpoint> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      let received = '';
      let told = 0;
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
        const complete = received.slice(0, received.lastIndexOf('\r\n\r\n') + 1);
        for (const heads = complete.split(' HTTP/1.1\r\n').length - 1; told < heads; told++) {
          onRequest(socket, () => received);
        }
      });
      socket.on('end', () => socket.end());
    });
    return await Http1Endpoint.#listen(server, options);
  }

  static async #listen(server: Server, { path }: Http1EndpointOptions): Promise<Http1Endpoint> {
    if (path === undefined) {
      server.listen(0, '127.0.0.1');
    } else {
      server.listen(path);
    }
    await once(server, 'listening');
    return new Http1Endpoint(server, path);
  }

  private constructor(server: Server, path: string | undefined) {
    const address = server.address();
    this.#server = server;
    if (path === undefined) {
      assert.ok(typeof address === 'object' && address !== null);
      this.endpoint = createEndpoint({ kind: 'tcp', host: '127.0.0.1', port: address.port }, null);
    } else {
      this.endpoint = createEndpoint({ kind: 'unix', path }, null);
    }
    server.on('request', () => {
      this.requests++;
    });
    server.on('connection', (socket: Socket) => {
      this.accepted++;
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.sockets) {
      socket.destroy();
    }
    if (this.#server.listening) {
      await once(this.#server, 'close');
    }
  }
}
