import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import { createEndpoint, type Endpoint } from '../../../src/model/endpoint.ts';

export interface NodeHttp2BackendOptions {
  /** For node:http2, such as `settings`. */
  readonly server?: ServerOptions;
  /** With TLS; ALPN h2 unless given otherwise. */
  readonly tls?: SecureServerOptions;
  /** A unix socket instead of 127.0.0.1. */
  readonly path?: string;
  /** A fixed port, to begin again where another backend was. */
  readonly port?: number;
  /** What answers a request. Default: 200, the request's own content, trailers `grpc-status: 0`. */
  readonly onStream?: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
}

/** A server of node:http2, whose frames are nghttp2's: independent of the engine. */
export class NodeHttp2Backend implements AsyncDisposable {
  /** Sessions that are open. */
  readonly sessions = new Set<ServerHttp2Session>();
  /** Sessions that have been opened. */
  opened = 0;
  requests = 0;
  readonly #server: Http2Server | Http2SecureServer;

  private constructor(options: NodeHttp2BackendOptions) {
    this.#server =
      options.tls === undefined ? createServer(options.server ?? {}) : createSecureServer({ ...options.server, ...options.tls });
    this.#server.on('session', (session: ServerHttp2Session) => {
      this.opened++;
      this.sessions.add(session);
      session.on('error', () => undefined);
      session.once('close', () => this.sessions.delete(session));
    });
    this.#server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      this.requests++;
      stream.on('error', () => undefined);
      (options.onStream ?? echo)(stream, headers);
    });
  }

  static async start(options: NodeHttp2BackendOptions = {}): Promise<NodeHttp2Backend> {
    const backend = new NodeHttp2Backend(options);
    const where = options.path === undefined ? { host: '127.0.0.1', port: options.port ?? 0 } : { path: options.path };
    backend.#server.listen(where);
    await once(backend.#server, 'listening');
    return backend;
  }

  get endpoint(): Endpoint {
    const bound = this.#server.address();
    assert.ok(bound !== null);
    return typeof bound === 'string'
      ? createEndpoint({ kind: 'unix', path: bound }, null)
      : createEndpoint({ kind: 'tcp', host: bound.address, port: bound.port }, null);
  }

  /** GOAWAY on every session; each ends with its last stream. */
  goaway(): void {
    for (const session of this.sessions) {
      session.close();
    }
  }

  /** Cuts every session without a word. */
  cut(): void {
    for (const session of this.sessions) {
      session.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function echo(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.pipe(stream);
}
