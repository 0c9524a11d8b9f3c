import type { AbuseKind, Http2Stream, ResetCause, Role } from '../../../src/http2/index.ts';
import {
  type ConnectionError,
  type ConnectionHandler,
  type ConnectionOptions,
  ErrorCode,
  type FieldList,
  Http2Connection,
} from '../../../src/http2/index.ts';
import { request } from './fields.ts';
import { WindowLedger } from './window-ledger.ts';
import { describeFrame, frame, PREFACE, parseFrames, settings, settingsAck, type WireFrame } from './wire.ts';

const TICK_MS = 50;

/** What a test may do when the engine calls; everything is written down besides. */
export type Reactions = Partial<Omit<ConnectionHandler, 'onOutput' | 'onAbuse'>>;

/**
 * One connection of the engine between a scripted peer and a scripted owner, without sockets or real time. Every frame that crosses is
 * followed by a WindowLedger, which checks the engine's windows after each of them.
 */
export class EngineBench implements ConnectionHandler {
  readonly connection: Http2Connection;
  /** What the engine told its owner, as short text. */
  readonly events: string[] = [];
  readonly abuse: AbuseKind[] = [];
  /** The stream objects by identifier, from the first call that named them until they closed. */
  readonly streams = new Map<number, Http2Stream>();
  /** Why the connection ended; null after a graceful end, undefined while it lives. */
  closedBy: ConnectionError | null | undefined;
  /** Everything that was sent. */
  readonly sent: WireFrame[] = [];
  readonly ledger: WindowLedger;
  /** How often the engine asked for its output to be taken, and how often of these urgently. */
  flushes = 0;
  urgentFlushes = 0;
  readonly #reactions: Reactions;
  #now = 0;

  private constructor(role: Role, options: Partial<ConnectionOptions>, reactions: Reactions) {
    this.#reactions = reactions;
    this.ledger = new WindowLedger(options.streamWindowBytes ?? 65_535);
    this.connection = new Http2Connection(role, this, options);
    this.connection.start(0);
  }

  /** A server whose client has sent its preface, and both of whose SETTINGS are acknowledged. */
  static server(options: Partial<ConnectionOptions> = {}, reactions: Reactions = {}): EngineBench {
    const bench = EngineBench.fresh('server', options, reactions);
    bench.connection.receive(PREFACE);
    bench.greet();
    return bench;
  }

  /** A client whose server has sent SETTINGS, as many streams allowed as are given. */
  static client(options: Partial<ConnectionOptions> = {}, reactions: Reactions = {}, maxStreams = 100): EngineBench {
    const bench = EngineBench.fresh('client', options, reactions);
    bench.greet([[3, maxStreams]]);
    bench.events.length = 0;
    return bench;
  }

  /** Opens a gRPC request as a client and takes what it writes. */
  open(fields: FieldList = request(), isEndOfStream = true): Http2Stream {
    const stream = this.connection.openStream(fields, isEndOfStream);
    if (stream === null) {
      throw new Error('no capacity');
    }
    this.streams.set(stream.id, stream);
    this.#collect();
    return stream;
  }

  /** A connection that has started and received nothing. */
  static fresh(role: Role, options: Partial<ConnectionOptions> = {}, reactions: Reactions = {}): EngineBench {
    return new EngineBench(role, options, reactions);
  }

  /** The peer's first SETTINGS and its acknowledgement of ours. */
  greet(entries: readonly (readonly [number, number])[] = []): void {
    this.recv(settings(entries), settingsAck());
    this.take();
  }

  /** Feeds frames one by one, checking windows after each, and returns what was sent since the last call as short text. */
  recv(...frames: Buffer[]): string[] {
    const before = this.sent.length;
    for (const octets of frames) {
      for (const part of parseFrames(octets)) {
        this.ledger.recv(part);
        this.connection.receive(frame(part.type, part.flags, part.streamId, part.payload));
        this.#collect();
      }
    }
    return this.sent.slice(before).map(describeFrame);
  }

  /** Feeds frames in one read, then takes the output once. */
  recvTogether(...frames: Buffer[]): string[] {
    const before = this.sent.length;
    const octets = Buffer.concat(frames);
    for (const part of parseFrames(octets)) {
      this.ledger.recv(part);
    }
    this.connection.receive(octets);
    this.#collect();
    return this.sent.slice(before).map(describeFrame);
  }

  /** Feeds one frame in reads of `pieceOctets`; output is taken behind the last. */
  recvCut(octets: Buffer, pieceOctets: number): string[] {
    const before = this.sent.length;
    for (const part of parseFrames(octets)) {
      this.ledger.recv(part);
    }
    for (let at = 0; at < octets.length; at += pieceOctets) {
      this.connection.receive(octets.subarray(at, at + pieceOctets));
    }
    this.#collect();
    return this.sent.slice(before).map(describeFrame);
  }

  /** Feeds the first octets of a frame, and nothing more. */
  recvPart(octets: Buffer, until: number): void {
    for (const part of parseFrames(octets)) {
      this.ledger.recv(part);
    }
    this.connection.receive(octets.subarray(0, until));
  }

  /** Takes the output as an owner's flush would, and returns its frames as short text. */
  take(): string[] {
    const before = this.sent.length;
    this.#collect();
    return this.sent.slice(before).map(describeFrame);
  }

  /** Lets time pass in ticks, taking output after each; returns what was sent. */
  advance(byMs: number): string[] {
    const before = this.sent.length;
    for (const until = this.#now + byMs; this.#now < until; ) {
      this.#now = Math.min(until, this.#now + TICK_MS);
      this.connection.tick(this.#now);
      this.#collect();
    }
    return this.sent.slice(before).map(describeFrame);
  }

  /** Lets much time pass in one tick: a connection on which nothing happens for days. */
  jump(byMs: number): string[] {
    const before = this.sent.length;
    this.#now += byMs;
    this.connection.tick(this.#now);
    this.#collect();
    return this.sent.slice(before).map(describeFrame);
  }

  /** Lets time pass without taking output: the transport is stuck. */
  advanceStuck(byMs: number): void {
    for (const until = this.#now + byMs; this.#now < until; ) {
      this.#now = Math.min(until, this.#now + TICK_MS);
      this.connection.tick(this.#now);
    }
  }

  /** How the connection ended: an ErrorCode by name, `gracefully`, or `open` while it has not. */
  ending(): string {
    if (this.closedBy === undefined) {
      return 'open';
    }
    const code = this.closedBy?.code;
    return Object.entries(ErrorCode).find(([, value]) => value === code)?.[0] ?? 'gracefully';
  }

  /** The live stream of that identifier. */
  stream(streamId: number): Http2Stream {
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      throw new Error(`no stream ${streamId}`);
    }
    return stream;
  }

  onHeaders(stream: Http2Stream, fields: FieldList, isEndOfStream: boolean): void {
    this.#note(`headers ${stream.id}${isEndOfStream ? ' end' : ''}`, stream);
    this.#reactions.onHeaders?.(stream, fields, isEndOfStream);
  }

  onHeadersOverLimit(stream: Http2Stream): void {
    this.#note(`overLimit ${stream.id}`, stream);
    this.#reactions.onHeadersOverLimit?.(stream);
  }

  onInterim(stream: Http2Stream, fields: FieldList): void {
    this.#note(`interim ${stream.id}`, stream);
    this.#reactions.onInterim?.(stream, fields);
  }

  onData(stream: Http2Stream, octets: Buffer, start: number, end: number): void {
    this.#note(`data ${stream.id} ${end - start}${stream.isRecvEnded ? ' end' : ''}`, stream);
    this.#reactions.onData?.(stream, octets, start, end);
  }

  onTrailers(stream: Http2Stream, fields: FieldList): void {
    this.#note(`trailers ${stream.id}`, stream);
    this.#reactions.onTrailers?.(stream, fields);
  }

  onReset(stream: Http2Stream, code: number, cause: ResetCause): void {
    this.#note(`reset ${stream.id} ${code} ${cause}`, stream);
    this.#reactions.onReset?.(stream, code, cause);
  }

  onSent(stream: Http2Stream, octets: number): void {
    this.#note(`sent ${stream.id} ${octets}`, stream);
    this.#reactions.onSent?.(stream, octets);
  }

  onStreamClosed(stream: Http2Stream): void {
    this.events.push(`closed ${stream.id}`);
    this.streams.delete(stream.id);
    this.#reactions.onStreamClosed?.(stream);
  }

  onGoaway(lastStreamId: number, code: number, debug: string): void {
    this.events.push(`goaway ${lastStreamId} ${code} ${debug}`.trimEnd());
    this.#reactions.onGoaway?.(lastStreamId, code, debug);
  }

  onCapacity(): void {
    this.events.push('capacity');
    this.#reactions.onCapacity?.();
  }

  onPingAck(): void {
    this.events.push('pingAck');
    this.#reactions.onPingAck?.();
  }

  onOutput(isUrgent: boolean): void {
    this.flushes++;
    this.urgentFlushes += isUrgent ? 1 : 0;
  }

  onAbuse(kind: AbuseKind): void {
    this.abuse.push(kind);
  }

  onClose(error: ConnectionError | null): void {
    this.closedBy = error;
    this.events.push(`close ${error === null ? 'gracefully' : error.message}`);
    this.#reactions.onClose?.(error);
  }

  #note(event: string, stream: Http2Stream): void {
    this.events.push(event);
    this.streams.set(stream.id, stream);
  }

  #collect(): void {
    const batch = this.connection.takeOutput();
    let octets = Buffer.concat(batch?.segments ?? []);
    batch?.release();
    if (this.sent.length === 0 && octets.subarray(0, PREFACE.length).equals(PREFACE)) {
      octets = octets.subarray(PREFACE.length);
    }
    for (const part of parseFrames(octets)) {
      this.sent.push(part);
      this.ledger.sent(part);
    }
    this.ledger.check(this.connection, this.streams);
  }
}
