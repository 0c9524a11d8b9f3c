import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import {
  type ConnectionHandler,
  type ConnectionOptions,
  type FieldList,
  Http2Connection,
  type Http2Stream,
} from '../../src/http2/index.ts';
import { Http2Transport, type TransportOptions, type TransportOwner } from '../../src/transport/http2-transport.ts';
import { Turn } from '../../src/transport/turn.ts';
import { list } from './http2/fields.ts';
import { PREFACE, parseFrames, settings, settingsAck, type WireFrame } from './http2/wire.ts';
import { ShiftedClock } from './upstream-bench.ts';

export interface TransportBenchOptions {
  readonly transport?: Partial<TransportOptions>;
  readonly connection?: Partial<ConnectionOptions>;
  /** Answers a request, in the call that brings its headers. Default: 200 without content. */
  readonly onRequest?: (stream: Http2Stream) => void;
}

/** Response headers. */
export const ok = (): FieldList => list([[':status', '200']]);

/** The server's end of one connection: the engine, a transport, and counters of what the socket is asked to do. */
export class ServerEnd implements ConnectionHandler, TransportOwner {
  readonly transport: Http2Transport;
  readonly connection: Http2Connection;
  readonly socket: Socket;
  /** System calls that Node was asked for: `write` for one segment, `writev 3` for three. */
  readonly writes: string[] = [];
  readonly closed: string[] = [];
  readonly defects: Error[] = [];
  requests = 0;
  sent = 0;
  readonly #onRequest: (stream: Http2Stream) => void;

  constructor(socket: Socket, turn: Turn, options: TransportBenchOptions) {
    this.socket = socket;
    this.#onRequest = options.onRequest ?? ((stream) => stream.sendHeaders(ok(), true));
    this.connection = new Http2Connection('server', this, options.connection);
    this.transport = new Http2Transport(socket, this.connection, turn, { ...options.transport, owner: this });
    const write = socket._write.bind(socket);
    const writev = socket._writev?.bind(socket);
    socket._write = (chunk, encoding, callback) => {
      this.writes.push('write');
      write(chunk, encoding, callback);
    };
    socket._writev = (chunks, callback) => {
      this.writes.push(`writev ${chunks.length}`);
      writev?.(chunks, callback);
    };
  }

  onHeaders(stream: Http2Stream): void {
    this.requests++;
    this.#onRequest(stream);
  }

  onSent(_stream: Http2Stream, octets: number): void {
    this.sent += octets;
  }

  onOutput(isUrgent: boolean): void {
    this.transport.onOutput(isUrgent);
  }

  onAnswers(): void {
    this.transport.onAnswers();
  }

  onClose(): void {
    this.transport.onClose();
  }

  onData(stream: Http2Stream, _octets: Buffer, start: number, end: number): void {
    stream.consume(end - start);
  }

  onHeadersOverLimit(): void {}
  onInterim(): void {}
  onTrailers(): void {}
  onReset(): void {}
  onStreamClosed(): void {}
  onGoaway(): void {}
  onCapacity(): void {}
  onPingAck(): void {}
  onAbuse(): void {}

  onTransportClosed(error: Error | null, byPeer: boolean): void {
    this.closed.push(`${error === null ? 'closed' : String(Reflect.get(error, 'code'))}${byPeer ? ' by peer' : ''}`);
  }

  onTransportDefect(error: Error): void {
    this.defects.push(error);
  }
}

/** A server of transports on 127.0.0.1, and raw clients of it. */
export class TransportBench implements AsyncDisposable {
  readonly clock = new ShiftedClock();
  readonly turn: Turn = new Turn(this.clock);
  readonly ends: ServerEnd[] = [];
  readonly #server: Server;
  readonly #clients: Socket[] = [];

  private constructor(options: TransportBenchOptions) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const end = new ServerEnd(socket, this.turn, options);
      this.ends.push(end);
      end.transport.start(null);
      this.#server.emit('end-made');
    });
  }

  static async start(options: TransportBenchOptions = {}): Promise<TransportBench> {
    const bench = new TransportBench(options);
    bench.#server.listen(0, '127.0.0.1');
    await once(bench.#server, 'listening');
    return bench;
  }

  /** A client that has sent the preface, its SETTINGS and `more`, and the server's end of it. */
  async connect(more: readonly Buffer[] = []): Promise<{ readonly client: RawEnd; readonly end: ServerEnd }> {
    const bound = this.#server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    const made = once(this.#server, 'end-made');
    const socket = connect({ port: bound.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.#clients.push(socket);
    const client = new RawEnd(socket);
    await made;
    const end = this.ends.at(-1);
    assert.ok(end !== undefined);
    socket.write(Buffer.concat([PREFACE, settings([[4, 0x7fff_ffff]]), settingsAck(), ...more]));
    return { client, end };
  }

  /** Resolves when the condition holds; fails after five seconds. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + 5000;
    while (!condition()) {
      assert.ok(performance.now() < deadline, `still not: ${what}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 2);
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) {
      client.destroy();
    }
    await this.until(() => this.ends.every(({ closed }) => closed.length > 0), 'closed transports');
    assert.ok(
      this.ends.every(({ closed }) => closed.length === 1),
      'each owner hears once',
    );
    this.turn.close();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** The client's end: octets by hand. */
export class RawEnd {
  readonly socket: Socket;
  ended = false;
  closed = false;
  #received: Buffer[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (octets: Buffer) => this.#received.push(octets));
    socket.on('error', () => undefined);
    socket.once('end', () => {
      this.ended = true;
    });
    socket.once('close', () => {
      this.closed = true;
    });
  }

  get octets(): number {
    return this.#received.reduce((sum, { length }) => sum + length, 0);
  }

  /** All frames so far; what is cut is left out. */
  get frames(): WireFrame[] {
    const octets = Buffer.concat(this.#received);
    let whole = 0;
    while (octets.length >= whole + 9 && octets.length >= whole + 9 + octets.readUIntBE(whole, 3)) {
      whole += 9 + octets.readUIntBE(whole, 3);
    }
    return parseFrames(octets.subarray(0, whole));
  }
}
