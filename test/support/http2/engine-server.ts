import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type ConnectionOptions, FieldList, Http2Connection, type Http2Stream } from '../../../src/http2/index.ts';
import { testTls } from '../tls.ts';
import { ConnectionDriver, QuietHandler } from './connection-driver.ts';
import { list, valueOf } from './fields.ts';

/** How the server is set up. */
export interface EngineServerOptions {
  /** With the certificate `server` of testTls. Default false: cleartext with prior knowledge. */
  readonly isTls?: boolean;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly connection?: Partial<ConnectionOptions>;
}

const BODY = Buffer.from('answered by the engine\n');
const NO_BODY = Buffer.alloc(0);

const ANSWER_FIELDS = list([
  [':status', '200'],
  ['content-type', 'text/plain'],
  ['content-length', String(BODY.length)],
]);
const ECHO_FIELDS = list([[':status', '200']]);
const GRPC_FIELDS = list([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const TOO_LARGE_FIELDS = list([[':status', '431']]);
const OK_TRAILERS = list([['grpc-status', '0']]);

/** What a request's exchange keeps at its stream. */
class Exchange {
  readonly isGrpc: boolean;
  readonly isEcho: boolean;
  readonly isHead: boolean;

  constructor(fields: FieldList) {
    this.isGrpc = valueOf(fields, 'content-type').startsWith('application/grpc');
    this.isEcho = this.isGrpc || valueOf(fields, ':path') === '/echo';
    this.isHead = valueOf(fields, ':method') === 'HEAD';
  }
}

/**
 * A small server over the engine, for conformance runs and for independent clients. Any path is answered 200 with a body once the request
 * has ended. The path `/echo` and every gRPC call get their content back as it comes, and trailers; credit is given as the echo leaves.
 * Fields whose names begin with `x-echo` come back in the header section; gRPC calls with an `x-fail` end with that status at once.
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
      options.isTls === true
        ? createTlsServer({ ...(await testTls()).server, ALPNProtocols: ['h2'], noDelay: true }, onSocket)
        : createServer({ noDelay: true }, onSocket);
    // A client that breaks off its handshake is nothing to fail for.
    server.on('tlsClientError', () => undefined);
    server.listen(options.port ?? 0, '127.0.0.1');
    await once(server, 'listening');
    const self = new EngineServer(server, sockets);
    return self;
  }

  /** Live streams, and octets that wait or are not consumed, of all connections. */
  get unfinished(): { streams: number; queued: number; unconsumed: number } {
    const sum = { streams: 0, queued: 0, unconsumed: 0 };
    for (const connection of this.connections) {
      sum.streams += connection.liveStreams;
      sum.queued += connection.queuedOctets;
      sum.unconsumed += connection.unconsumedOctets;
    }
    return sum;
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
    const exchange = new Exchange(fields);
    stream.context = exchange;
    const failure = exchange.isGrpc ? valueOf(fields, 'x-fail') : '';
    if (failure !== '') {
      stream.sendHeaders(
        list([
          [':status', '200'],
          ['content-type', 'application/grpc'],
          ['grpc-status', failure],
        ]),
        true,
      );
      stream.stopReceiving();
      return;
    }
    if (exchange.isEcho) {
      stream.sendHeaders(withEchoes(exchange.isGrpc ? GRPC_FIELDS : ECHO_FIELDS, fields), false);
    }
    if (isEndOfStream) {
      finish(stream, exchange);
    }
  }

  override onHeadersOverLimit(stream: Http2Stream): void {
    stream.sendHeaders(TOO_LARGE_FIELDS, true);
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

/** The fields of an answer, with those of the request that are to come back. */
function withEchoes(answer: FieldList, request: FieldList): FieldList {
  let made: FieldList | null = null;
  for (let index = 0; index < request.length; index++) {
    const field = request.at(index);
    if (field.name.text.startsWith('x-echo')) {
      made ??= answer.retain();
      made.push(field);
    }
  }
  return made ?? answer;
}

function finish(stream: Http2Stream, exchange: Exchange): void {
  if (exchange.isEcho) {
    stream.sendTrailers(OK_TRAILERS);
    return;
  }
  stream.sendHeaders(ANSWER_FIELDS, false);
  const body = exchange.isHead ? NO_BODY : BODY;
  stream.sendData(body, 0, body.length, true);
}
