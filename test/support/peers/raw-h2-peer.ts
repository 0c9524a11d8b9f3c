import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { createEndpoint, type Endpoint } from '../../../src/model/endpoint.ts';
import { data, headers, PREFACE, responseBlock, settings, settingsAck, type WireFrame } from '../http2/wire.ts';

/** Frames that a script waits for or sends, by their numbers of RFC 9113, section 6. */
export const FRAME = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PING: 6, GOAWAY: 7, WINDOW_UPDATE: 8 } as const;

const ACK = 1;
const END_STREAM = 1;

/** What a peer does. Everything it says is written by hand: no HTTP/2 code of ours takes part. */
export interface RawH2PeerOptions {
  /** Sent as the first frame; null sends nothing at all. Default: no entries. */
  readonly settings?: readonly (readonly [id: number, value: number])[] | null;
  /** Called for every connection, before anything is sent. */
  readonly onConnection?: (session: RawH2Session) => void;
  /** Called for every request's HEADERS. Default: answers 200 without content. */
  readonly onRequest?: (session: RawH2Session, streamId: number) => void;
  /** With TLS; ALPN is whatever is given here. */
  readonly tls?: TlsOptions;
  /** A unix socket instead of 127.0.0.1. */
  readonly path?: string;
}

interface SessionEvents {
  frame: [frame: WireFrame];
  ended: [];
}

/** One connection to the peer. */
export class RawH2Session {
  readonly events = new EventEmitter<SessionEvents>();
  /** Everything that has come, the preface aside. */
  readonly frames: WireFrame[] = [];
  readonly socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #hasPreface = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (octets: Buffer) => this.#read(octets));
    socket.on('error', () => undefined);
    socket.once('close', () => this.events.emit('ended'));
  }

  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** Answers a request: 200, the content if there is any, and the end of the stream. */
  answer(streamId: number, content = ''): void {
    if (content === '') {
      this.send(headers(streamId, responseBlock(), 0x5));
    } else {
      this.send(headers(streamId, responseBlock()), data(streamId, content, END_STREAM));
    }
  }

  ofType(type: number): WireFrame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** The `count`th frame of that type, now or when it comes. */
  async frame(type: number, count = 1): Promise<WireFrame> {
    while (this.ofType(type).length < count) {
      await once(this.events, 'frame', { signal: AbortSignal.timeout(5000) });
    }
    const found = this.ofType(type)[count - 1];
    assert.ok(found !== undefined);
    return found;
  }

  async ended(): Promise<void> {
    if (!this.socket.closed) {
      await once(this.events, 'ended', { signal: AbortSignal.timeout(5000) });
    }
  }

  #read(octets: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, octets]);
    if (!this.#hasPreface) {
      if (this.#rest.length < PREFACE.length) {
        return;
      }
      if (!this.#rest.subarray(0, PREFACE.length).equals(PREFACE)) {
        // Not HTTP/2, such as a TLS handshake that the test is about: no frame will ever come of it.
        return;
      }
      this.#rest = this.#rest.subarray(PREFACE.length);
      this.#hasPreface = true;
    }
    while (this.#rest.length >= 9 && this.#rest.length >= 9 + this.#rest.readUIntBE(0, 3)) {
      const end = 9 + this.#rest.readUIntBE(0, 3);
      const frame = {
        type: this.#rest.readUInt8(3),
        flags: this.#rest.readUInt8(4),
        streamId: this.#rest.readUInt32BE(5),
        payload: this.#rest.subarray(9, end),
      };
      this.#rest = this.#rest.subarray(end);
      this.frames.push(frame);
      this.events.emit('frame', frame);
    }
  }
}

/** An HTTP/2 server of raw frames, which a test makes do what no library would. */
export class RawH2Peer implements AsyncDisposable {
  readonly events = new EventEmitter<{ session: [session: RawH2Session] }>();
  readonly sessions: RawH2Session[] = [];
  readonly #options: RawH2PeerOptions;
  readonly #server: Server;

  private constructor(options: RawH2PeerOptions) {
    this.#options = options;
    const accept = (socket: Socket): void => this.#accept(socket);
    this.#server = options.tls === undefined ? createServer(accept) : createTlsServer(options.tls, accept);
    this.#server.on('tlsClientError', () => undefined);
  }

  static async start(options: RawH2PeerOptions = {}): Promise<RawH2Peer> {
    const peer = new RawH2Peer(options);
    peer.#server.listen(options.path === undefined ? { host: '127.0.0.1', port: 0 } : { path: options.path });
    await once(peer.#server, 'listening');
    return peer;
  }

  get endpoint(): Endpoint {
    const bound = this.#server.address();
    assert.ok(bound !== null);
    return typeof bound === 'string'
      ? createEndpoint({ kind: 'unix', path: bound }, null)
      : createEndpoint({ kind: 'tcp', host: bound.address, port: bound.port }, null);
  }

  /** Connections that have not closed. */
  get open(): number {
    return this.sessions.filter(({ socket }) => !socket.closed).length;
  }

  /** Requests over all connections. */
  get requests(): number {
    return this.sessions.reduce((sum, session) => sum + session.ofType(FRAME.HEADERS).length, 0);
  }

  /** The `count`th connection, now or when it comes. */
  async session(count = 1): Promise<RawH2Session> {
    while (this.sessions.length < count) {
      await once(this.events, 'session', { signal: AbortSignal.timeout(5000) });
    }
    const found = this.sessions[count - 1];
    assert.ok(found !== undefined);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.sessions) {
      socket.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(socket: Socket): void {
    const session = new RawH2Session(socket);
    this.sessions.push(session);
    session.events.on('frame', (frame) => this.#onFrame(session, frame));
    this.#options.onConnection?.(session);
    const entries = this.#options.settings === undefined ? [] : this.#options.settings;
    if (entries !== null && !socket.destroyed) {
      session.send(settings(entries));
    }
    this.events.emit('session', session);
  }

  #onFrame(session: RawH2Session, frame: WireFrame): void {
    if (frame.type === FRAME.SETTINGS && (frame.flags & ACK) === 0 && this.#options.settings !== null) {
      session.send(settingsAck());
    }
    if (frame.type === FRAME.HEADERS) {
      const answer = this.#options.onRequest ?? ((to: RawH2Session, streamId: number) => to.answer(streamId));
      answer(session, frame.streamId);
    }
  }
}
