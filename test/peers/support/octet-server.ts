import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

const CHUNK = Buffer.alloc(16_384);

/**
 * A node:http2 server that sends and takes octets. `/send/N` answers with N octets, `/flood` with zeroes without end, `/take` counts what it
 * is sent and tells, and `/ignore` reads nothing at all.
 */
export class OctetServer implements AsyncDisposable {
  readonly port: number;
  /** Octets of floods that have left, for wherever. */
  flooded = 0;
  /** Connections so far. */
  connections = 0;
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();

  private constructor(server: Http2Server) {
    this.#server = server;
    const bound = server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    this.port = bound.port;
    server.on('session', (session) => {
      this.connections += 1;
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
      session.on('error', () => undefined);
    });
    server.on('stream', (stream, headers) => this.#answer(stream, String(headers[':path'])));
  }

  static async start(): Promise<OctetServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new OctetServer(server);
  }

  /** Such as `127.0.0.1:40001`. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) {
      session.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(stream: ServerHttp2Stream, path: string): void {
    stream.on('error', () => undefined);
    if (path === '/flood') {
      stream.respond();
      this.#flood(stream);
    } else if (path === '/take') {
      let octets = 0;
      stream.on('data', (chunk: Buffer) => {
        octets += chunk.length;
      });
      stream.once('end', () => stream.respond({ 'x-octets': String(octets) }, { endStream: true }));
    } else if (path === '/ignore') {
      stream.respond();
      stream.pause();
    } else {
      stream.respond();
      sendOctets(stream, Number(path.slice('/send/'.length)));
    }
  }

  #flood(stream: ServerHttp2Stream): void {
    stream.write(CHUNK, (error) => {
      if (error === null || error === undefined) {
        this.flooded += CHUNK.length;
        this.#flood(stream);
      }
    });
  }
}

function sendOctets(stream: ServerHttp2Stream, octets: number): void {
  if (stream.destroyed) {
    return;
  }
  if (octets <= CHUNK.length) {
    stream.end(CHUNK.subarray(0, octets));
    return;
  }
  if (stream.write(CHUNK)) {
    // Not by recursion alone: what fits is written in one go.
    setImmediate(sendOctets, stream, octets - CHUNK.length);
  } else {
    stream.once('drain', () => sendOctets(stream, octets - CHUNK.length));
  }
}
