import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { generate } from 'selfsigned';
import { type ConnectionOptions, type FieldList, Http2Connection, type Http2Stream } from '../../../src/http2/index.ts';
import { ConnectionDriver, QuietHandler } from './connection-driver.ts';
import { list, valueOf } from './fields.ts';

/** How the server is set up. */
export interface EngineServerOptions {
  /** Default false: cleartext with prior knowledge. */
  readonly isTls?: boolean;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly connection?: Partial<ConnectionOptions>;
}

/** What a request's exchange keeps at its stream. */
class Exchange {
  readonly isEcho: boolean;
  readonly isHead: boolean;

  constructor(path: string, method: string) {
    this.isEcho = path === '/echo';
    this.isHead = method === 'HEAD';
  }
}

/**
 * A small server over the engine, for conformance runs and for independent clients: any path is answered 200 with a body once the request
 * has ended; `/echo` sends the request's content back as it comes, ends with trailers, and gives credit as the echo leaves.
 */
export class EngineServer implements AsyncDisposable {
  readonly port: number;
  readonly connections: Http2Connection[] = [];
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    const bound = server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    this.port = bound.port;
  }

  /** Listens on 127.0.0.1. */
  static async start(options: EngineServerOptions = {}): Promise<EngineServer> {
    const sockets = new Set<Socket>();
    const onSocket = (socket: Socket): void => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      const driver = new ConnectionDriver(socket);
      const connection = new Http2Connection('server', new AnswerHandler(driver), options.connection);
      self.connections.push(connection);
      driver.start(connection);
    };
    const server =
      options.isTls === true ? createTlsServer(await tlsOptions(), onSocket) : createServer({ noDelay: true }, onSocket);
    server.listen(options.port ?? 0, '127.0.0.1');
    await once(server, 'listening');
    const self = new EngineServer(server, sockets);
    return self;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }
}

class AnswerHandler extends QuietHandler {
  override onHeaders(stream: Http2Stream, fields: FieldList, isEndOfStream: boolean): void {
    const exchange = new Exchange(valueOf(fields, ':path'), valueOf(fields, ':method'));
    stream.context = exchange;
    if (exchange.isEcho) {
      stream.sendHeaders(list([[':status', '200']]), false);
    }
    if (isEndOfStream) {
      finish(stream, exchange);
    }
  }

  override onHeadersOverLimit(stream: Http2Stream): void {
    stream.sendHeaders(list([[':status', '431']]), true);
    stream.stopReceiving();
  }

  override onData(stream: Http2Stream, octets: Buffer, start: number, end: number): void {
    const exchange = exchangeOf(stream);
    stream.consume(exchange.isEcho ? stream.sendData(octets, start, end, false) : end - start);
    if (stream.isRecvEnded) {
      finish(stream, exchange);
    }
  }

  override onTrailers(stream: Http2Stream): void {
    finish(stream, exchangeOf(stream));
  }

  override onSent(stream: Http2Stream, octets: number): void {
    if (exchangeOf(stream).isEcho) {
      stream.consume(octets);
    }
  }
}

function exchangeOf(stream: Http2Stream): Exchange {
  assert.ok(stream.context instanceof Exchange);
  return stream.context;
}

const BODY = Buffer.from('answered by the engine\n');

function finish(stream: Http2Stream, exchange: Exchange): void {
  if (exchange.isEcho) {
    stream.sendTrailers(list([['grpc-status', '0']]));
    return;
  }
  const fields: [string, string][] = [
    [':status', '200'],
    ['content-type', 'text/plain'],
    ['content-length', String(BODY.length)],
  ];
  stream.sendHeaders(list(fields), exchange.isHead);
  if (!exchange.isHead) {
    stream.sendData(BODY, 0, BODY.length, true);
  }
}

async function tlsOptions(): Promise<{ key: string; cert: string; ALPNProtocols: string[] }> {
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
  });
  return { key: made.private, cert: made.cert, ALPNProtocols: ['h2'] };
}
