import type { Socket } from 'node:net';
import {
  type AbuseKind,
  type ConnectionError,
  type ConnectionHandler,
  type ConnectionOptions,
  ErrorCode,
  type FieldList,
  Http2Connection,
  type Http2Stream,
  type ResetCause,
} from '../http2/index.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { Http2Transport, type TransportOwner } from '../transport/http2-transport.ts';
import type { Turn } from '../transport/turn.ts';
import { describeSocketError, errorCode } from '../util/socket-reasons.ts';
import type { CircuitBreakers } from './circuit-breakers.ts';
import type { AttemptResults, UpstreamStreamHandler } from './stream-handler.ts';

/** What a connection tells the pool that it belongs to. None of these may throw. */
export interface ConnectionOwner {
  /** Where results of the endpoint are counted; null where nobody counts. */
  readonly results: AttemptResults | null;
  /** The endpoint's SETTINGS have come for the first time: the connection is ready for streams. */
  onReady(connection: UpstreamConnection): void;
  /** A stream has ended, or the endpoint allows more: there may be a place for a waiter. */
  onPlace(connection: UpstreamConnection): void;
  /** The connection takes no new streams any more, and will end with its last one. */
  onRetiring(connection: UpstreamConnection): void;
  /** It has had as many streams as it may have, and takes no more. Its owner ends it when the last one has ended. */
  onUsedUp(connection: UpstreamConnection): void;
  onAbuse(kind: AbuseKind): void;
  onDefect(error: Error): void;
  /** The socket is gone: the last word. */
  onGone(connection: UpstreamConnection): void;
}

/** What one connection needs. */
export interface UpstreamConnectionOptions {
  readonly endpoint: Endpoint;
  readonly turn: Turn;
  readonly breakers: CircuitBreakers;
  readonly connection: Partial<ConnectionOptions>;
}

/**
 * One HTTP/2 connection to an endpoint. It leads what happens to each stream to the stream's handler.
 *
 *   starting ──SETTINGS──► ready ──GOAWAY, age, idle, drain, used up──► retiring ──last stream──► gone
 *       └──────────────────────┴──────────────────── lost, error ────────────────────────────────────▲
 */
export class UpstreamConnection implements ConnectionHandler, TransportOwner {
  readonly endpoint: Endpoint;
  /** The endpoint's key. */
  readonly key: string;
  /** When the connection began. Turn.nowMs. */
  readonly startedAtMs: number;
  /** Whether the pool has seen to a successor, or decided that there will be none. */
  isReplaced = false;
  readonly #owner: ConnectionOwner;
  readonly #connection: Http2Connection;
  readonly #transport: Http2Transport;
  readonly #breakers: CircuitBreakers;
  /** Streams so far. */
  #requests = 0;
  #isUsedUp = false;
  /** When the connection was last seen in use. Clock.now(). */
  #usedAtMs: number;
  /** Whether a stream has been opened since then. */
  #isUsed = false;
  #isReady = false;
  #hasAnswered = false;
  #isLost = false;
  #socketError: Error | null = null;
  /** What ended it, for people; empty for an orderly end. */
  #reason = '';

  /** The socket is connected and, with TLS, secured. */
  constructor(socket: Socket, owner: ConnectionOwner, options: UpstreamConnectionOptions) {
    this.endpoint = options.endpoint;
    this.key = options.endpoint.key;
    this.startedAtMs = options.turn.nowMs;
    this.#usedAtMs = this.startedAtMs;
    this.#owner = owner;
    this.#breakers = options.breakers;
    this.#connection = new Http2Connection('client', this, options.connection);
    this.#transport = new Http2Transport(socket, this.#connection, options.turn, { owner: this });
  }

  /** Whether streams may be opened as far as the connection's life goes; openCapacity tells whether there is a place. */
  get isUsable(): boolean {
    return this.#isReady && !this.#isUsedUp && !this.#connection.isRetiring;
  }

  /** Whether the endpoint's SETTINGS have come. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether it takes no new streams for good. */
  get isRetiring(): boolean {
    return this.#connection.isRetiring;
  }

  /** Whether it has had as many streams as it may have. */
  get isUsedUp(): boolean {
    return this.#isUsedUp;
  }

  /** Whether the endpoint has answered a request: proof that it works. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Where results of the endpoint are counted now; null where nobody counts. */
  get results(): AttemptResults | null {
    return this.#owner.results;
  }

  get liveStreams(): number {
    return this.#connection.liveStreams;
  }

  /** How many streams may be opened now. */
  get openCapacity(): number {
    return this.#connection.openCapacity;
  }

  /** Whether the endpoint or the network ended it without a word. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** What the socket failed with; null if it did not. */
  get socketError(): Error | null {
    return this.#socketError;
  }

  /** Why the connection ended, in words for an operator. */
  get reason(): string {
    return this.#reason;
  }

  /** Begins. Called once; `head` is what the socket has read already. */
  start(head: Buffer | null): void {
    this.#transport.start(head);
  }

  /** What a socket with a read buffer of its own has read: the first `end` octets. Returns whether it should go on. */
  receive(octets: Buffer, end: number): boolean {
    return this.#transport.receive(octets, end);
  }

  /** Opens a stream and sends its request; null if there is no place any more, so that the caller must acquire again. */
  open(fields: FieldList, isEndOfStream: boolean, handler: UpstreamStreamHandler): Http2Stream | null {
    const stream = this.#connection.openStream(fields, isEndOfStream);
    if (stream !== null) {
      stream.context = handler;
      this.#isUsed = true;
      this.#requests++;
      this.#breakers.onRequest();
      const { maxRequestsPerConnection } = this.#breakers.limits;
      if (maxRequestsPerConnection > 0 && this.#requests >= maxRequestsPerConnection) {
        this.#isUsedUp = true;
        this.#owner.onUsedUp(this);
      }
    }
    return stream;
  }

  /** How long no stream has been open, as far as calls of this method have seen. Milliseconds. */
  idleMs(nowMs: number): number {
    if (this.#isUsed || this.#connection.liveStreams > 0) {
      this.#isUsed = false;
      this.#usedAtMs = nowMs;
    }
    return nowMs - this.#usedAtMs;
  }

  /** Takes no new streams, and ends with its last one. `debug` is what GOAWAY says. */
  shutdown(debug: string): void {
    this.#connection.shutdown(debug);
  }

  /** Ends at once with GOAWAY; streams are reset. */
  abort(debug: string): void {
    this.#connection.abort(ErrorCode.NO_ERROR, debug);
  }

  /** Gives the connection up. */
  destroy(): void {
    this.#transport.destroy();
  }

  onHeaders(stream: Http2Stream, fields: FieldList, isEndOfStream: boolean): void {
    this.#hasAnswered = true;
    handlerOf(stream).onUpstreamHeaders(fields, isEndOfStream);
  }

  onHeadersOverLimit(stream: Http2Stream): void {
    handlerOf(stream).onUpstreamHeadersOverLimit();
  }

  onInterim(stream: Http2Stream, fields: FieldList): void {
    handlerOf(stream).onUpstreamInterim(fields);
  }

  onData(stream: Http2Stream, octets: Buffer, start: number, end: number): void {
    handlerOf(stream).onUpstreamData(octets, start, end);
  }

  onTrailers(stream: Http2Stream, fields: FieldList): void {
    handlerOf(stream).onUpstreamTrailers(fields);
  }

  onReset(stream: Http2Stream, code: number, cause: ResetCause): void {
    handlerOf(stream).onUpstreamReset(code, cause);
  }

  onSent(stream: Http2Stream, octets: number): void {
    handlerOf(stream).onUpstreamSent(octets);
  }

  onStreamClosed(stream: Http2Stream): void {
    this.#breakers.onRequestOver();
    handlerOf(stream).onUpstreamClosed();
    this.#owner.onPlace(this);
  }

  onGoaway(_lastStreamId: number, code: number, debug: string): void {
    this.#reason = describeGoaway(code, debug);
    this.#owner.onRetiring(this);
  }

  onCapacity(): void {
    if (this.#isReady) {
      this.#owner.onPlace(this);
      return;
    }
    this.#isReady = true;
    this.#owner.onReady(this);
  }

  onPingAck(): void {
    // No PING is sent on an owner's behalf: keepalive is the engine's own.
  }

  onOutput(isUrgent: boolean): void {
    this.#transport.onOutput(isUrgent);
  }

  onAnswers(): void {
    this.#transport.onAnswers();
  }

  onAbuse(kind: AbuseKind): void {
    this.#owner.onAbuse(kind);
  }

  onClose(error: ConnectionError | null): void {
    if (error !== null) {
      this.#reason = `HTTP/2 ${codeName(error.code)}: ${error.message}`;
    }
    this.#transport.onClose();
    this.#owner.onRetiring(this);
  }

  onTransportClosed(error: Error | null, byPeer: boolean): void {
    this.#isLost = byPeer;
    this.#socketError = error;
    if (this.#reason === '' && (error !== null || byPeer)) {
      this.#reason = error === null ? 'the endpoint closed the connection' : describeSocketError(errorCode(error), error.message);
    }
    this.#owner.onGone(this);
  }

  onTransportDefect(error: Error): void {
    this.#owner.onDefect(error);
  }
}

/** `open` is the only place that sets the context of a client's stream. */
function handlerOf(stream: Http2Stream): UpstreamStreamHandler {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an interface cannot be tested for, and this is once per event
  return stream.context as UpstreamStreamHandler;
}

/** Shown of what an endpoint says in GOAWAY. Characters. */
const MAX_DEBUG_LENGTH = 64;

function describeGoaway(code: number, debug: string): string {
  const shown = debug.slice(0, MAX_DEBUG_LENGTH).replace(/[^\x20-\x7e]/g, '?');
  return `the endpoint sent GOAWAY ${codeName(code)}${shown === '' ? '' : ` (${shown})`}`;
}

function codeName(code: number): string {
  return Object.entries(ErrorCode).find(([, value]) => value === code)?.[0] ?? `code ${code}`;
}
