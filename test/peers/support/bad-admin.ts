import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What becomes of Envoy's own answers to `/clusters`; the rest always passes. */
export type Fault = 'none' | 'hang' | 'truncate' | 'cut' | 'error' | 'html' | 'huge' | 'drip';

const CHUNK_OCTETS = 1_048_576;
/** Of `huge`: 200 MiB. */
const HUGE_CHUNKS = 200;

/** Stands between a bridge and the admin interface of an Envoy, and spoils what comes through. */
export class BadAdmin implements AsyncDisposable {
  fault: Fault = 'none';
  /** Answers to `/clusters` that were begun. */
  polls = 0;
  /** Octets of `huge` answers that somebody took. */
  hugeOctets = 0;
  readonly port: number;
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: number) {
    const bound = server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    this.port = bound.port;
    this.#server = server;
    this.#target = target;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('request', (incoming, response) => this.#serve(incoming, response));
  }

  /** The target is a port of 127.0.0.1. */
  static async start(target: number): Promise<BadAdmin> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BadAdmin(server, target);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await once(this.#server, 'close');
  }

  #serve({ url = '', method }: IncomingMessage, response: ServerResponse): void {
    assert.equal(method, 'GET');
    const fault = url.startsWith('/clusters') ? this.fault : 'none';
    this.polls += url.startsWith('/clusters') ? 1 : 0;
    switch (fault) {
      case 'hang':
        return;
      case 'error':
        response.writeHead(500).end('no');
        return;
      case 'html':
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>healthy</body></html>');
        return;
      case 'huge':
        this.#huge(response);
        return;
      case 'none':
      case 'truncate':
      case 'cut':
      case 'drip':
        this.#relay(url, fault, response);
    }
  }

  #relay(path: string, fault: 'none' | 'truncate' | 'cut' | 'drip', response: ServerResponse): void {
    const outgoing = request({ host: '127.0.0.1', port: this.#target, path, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.once('end', () => {
        const body = Buffer.concat(parts);
        response.writeHead(answer.statusCode ?? 0, { 'content-type': answer.headers['content-type'] ?? '' });
        if (fault === 'none') {
          response.end(body);
        } else if (fault === 'truncate') {
          // A whole answer by its framing, with half of the list.
          response.end(body.subarray(0, body.length / 2));
        } else if (fault === 'cut') {
          response.write(body.subarray(0, body.length / 2), () => response.destroy());
        } else {
          response.write(body.subarray(0, 1));
        }
      });
    });
    outgoing.once('error', () => response.destroy());
    outgoing.end();
  }

  /** A list that is valid so far and does not end: a cluster that nobody asks for, of hosts without number. */
  #huge(response: ServerResponse): void {
    const host =
      '{"address":{"socket_address":{"address":"10.0.0.1","port_value":1}},"health_status":{"eds_health_status":"HEALTHY"}},';
    const chunk = Buffer.from(host.repeat(Math.ceil(CHUNK_OCTETS / host.length)));
    let chunks = 0;
    const more = (): void => {
      while (chunks < HUGE_CHUNKS && !response.destroyed) {
        chunks += 1;
        this.hugeOctets += chunk.length;
        if (!response.write(chunk)) {
          response.once('drain', more);
          return;
        }
      }
      response.end();
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"cluster_statuses":[{"name":"other","host_statuses":[');
    more();
  }
}
