import { ConnectionError, ErrorCode, StreamError } from '../errors.ts';
import { Flag } from '../frame/constants.ts';
import type { FrameEncoder } from '../frame/frame-encoder.ts';
import type { FrameHead } from '../frame/frame-head.ts';
import { FieldList } from '../hpack/field-list.ts';
import type { HpackDecoder } from '../hpack/hpack-decoder.ts';
import { unifyAuthority } from '../stream/authority.ts';
import { Closure } from '../stream/closed-streams.ts';
import {
  contentLength,
  responseStatus,
  validateRequest,
  validateResponse,
  validateTrailers,
} from '../stream/header-validation.ts';
import { ANY_CONTENT_LENGTH, type Stream } from '../stream/stream.ts';
import { MessageStage } from '../stream/stream-state.ts';
import { AbuseKind } from './abuse-limits.ts';
import type { ConnectionContext } from './context.ts';
import { endReceiving } from './data-receiver.ts';
import { FieldBlock } from './field-block.ts';
import type { SettingsSync } from './settings-sync.ts';
import type { Shutdown } from './shutdown.ts';
import type { StreamRegistry } from './stream-registry.ts';

/** What the header receiver works with. */
export interface HeaderParts {
  readonly frames: FrameEncoder;
  readonly hpack: HpackDecoder;
  readonly streams: StreamRegistry;
  readonly settings: SettingsSync;
  readonly shutdown: Shutdown;
}

/** What a field block is for. */
const BlockKind = {
  /** The request of a stream that begins. */
  REQUEST: 0,
  /** An interim or final response, or trailers, of a live stream. */
  FOLLOWING: 1,
  /** Nobody: decoded, because HPACK's state needs it, and dropped. */
  DROPPED: 2,
} as const;
type BlockKind = (typeof BlockKind)[keyof typeof BlockKind];

/**
 * Takes field blocks (RFC 9113, section 4.3). Every block is decoded, also those of refused and closed streams: the decoder's table would
 * otherwise differ from the peer's for the rest of the connection.
 */
export class HeaderReceiver {
  /** Streams begun in this turn of the owner's loop. */
  newStreams = 0;
  #kind: BlockKind = BlockKind.DROPPED;
  #streamId = 0;
  #isEndOfStream = false;
  readonly #block = new FieldBlock();
  readonly #fields = new FieldList();
  readonly #context: ConnectionContext;
  readonly #parts: HeaderParts;

  constructor(context: ConnectionContext, parts: HeaderParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** HEADERS: decides what the block is for before it is complete. */
  recvHeaders(head: FrameHead, octets: Buffer, start: number, end: number): void {
    this.#kind = this.#classify(head.streamId);
    this.#streamId = head.streamId;
    this.#isEndOfStream = head.has(Flag.END_STREAM);
    if (head.has(Flag.END_HEADERS)) {
      this.#decode(octets, start, end);
    } else {
      this.#collect(octets, start, end);
    }
  }

  /** CONTINUATION, in its right place. */
  recvContinuation(head: FrameHead, octets: Buffer, start: number, end: number): void {
    const block = this.#block;
    block.continuations++;
    if (!head.has(Flag.END_HEADERS)) {
      this.#collect(octets, start, end);
      return;
    }
    this.#context.abuse.checkFieldBlock(block.continuations, block.length + end - start);
    block.append(octets, start, end);
    const { octets: joined, length } = block;
    block.clear();
    this.#decode(joined, 0, length);
  }

  #collect(octets: Buffer, start: number, end: number): void {
    const { abuse, now } = this.#context;
    if (start === end) {
      abuse.countEmptyFrame(now);
    }
    abuse.checkFieldBlock(this.#block.continuations, this.#block.length + end - start);
    this.#block.append(octets, start, end);
  }

  #classify(streamId: number): BlockKind {
    const { streams } = this.#parts;
    const stream = streams.find(streamId);
    if (stream !== null) {
      if (stream.isRecvEnded) {
        // RFC 9113, section 5.1: a stream error at least; raised to a connection error (section 5.4.1) against provoked resets (CVE-2025-8671).
        throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'HEADERS on a half-closed stream');
      }
      return BlockKind.FOLLOWING;
    }
    if (streams.isIdle(streamId)) {
      if (!this.#context.isServer || (streamId & 1) === 0) {
        // RFC 9113, section 5.1.1: clients use odd identifiers, and a server without push opens no streams.
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'stream opened by the wrong side');
      }
      return BlockKind.REQUEST;
    }
    if (streams.closureOf(streamId) === Closure.RESET_BY_US) {
      // RFC 9113, section 5.1: sent before our RST_STREAM was known.
      return BlockKind.DROPPED;
    }
    if (streams.wasSkipped(streamId)) {
      // RFC 9113, section 5.1.1: identifiers only rise.
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'stream identifier lower than one before');
    }
    // RFC 9113, section 5.1.
    throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'HEADERS on a closed stream');
  }

  #decode(octets: Buffer, start: number, end: number): void {
    const fields = this.#fields;
    fields.clear();
    try {
      this.#parts.hpack.decode(octets, start, end, fields);
    } finally {
      if (fields.overLimit) {
        this.#context.abuse.note(AbuseKind.HEADER_LIST);
      }
    }
    if (this.#kind === BlockKind.REQUEST) {
      this.#openStream();
    } else if (this.#kind === BlockKind.FOLLOWING) {
      this.#follow();
    }
    // A connection that falls silent now must not keep the buffer of its last read.
    fields.clear();
  }

  #openStream(): void {
    const { streams, shutdown } = this.#parts;
    const { gate, options } = this.#context;
    const { limits } = options;
    streams.useRemoteId(this.#streamId);
    if (this.#streamId > shutdown.lastStreamId) {
      // RFC 9113, section 6.8: our last GOAWAY said that it will not be processed.
      streams.refuse(this.#streamId, Closure.RESET_BY_US);
      return;
    }
    if (streams.taken >= limits.maxConcurrentStreams) {
      this.#refuse();
      return;
    }
    this.newStreams++;
    if (this.newStreams >= limits.maxNewStreamsPerTurn) {
      gate.isShut = true;
    }
    const stream = streams.openRemote(this.#streamId);
    stream.recvStage = MessageStage.CONTENT;
    this.#deliverHeaders(stream);
  }

  /** RFC 9113, section 5.1.2. */
  #refuse(): void {
    const { streams, frames, settings } = this.#parts;
    const { abuse, now, options } = this.#context;
    frames.rstStream(this.#streamId, ErrorCode.REFUSED_STREAM);
    streams.refuse(this.#streamId, Closure.RESET_BY_US);
    abuse.countAnswer();
    abuse.note(AbuseKind.CONCURRENT_STREAMS);
    if (settings.isAcknowledged && streams.live >= options.limits.maxConcurrentStreams) {
      // The peer knows the limit and breaks it; places that reset streams still hold it cannot know of.
      abuse.countGlitch(now);
    }
  }

  #follow(): void {
    const stream = this.#parts.streams.find(this.#streamId);
    if (stream === null) {
      return;
    }
    if (stream.isMuted) {
      if (this.#isEndOfStream) {
        endReceiving(stream, this.#parts.streams);
      }
    } else if (stream.recvStage === MessageStage.CONTENT) {
      this.#deliverTrailers(stream);
    } else {
      this.#deliverResponse(stream);
    }
  }

  #deliverHeaders(stream: Stream): void {
    if (this.#isOverLimit(stream)) {
      return;
    }
    this.#requireValid(validateRequest(this.#fields));
    unifyAuthority(this.#fields);
    stream.contentLeft = contentLength(this.#fields);
    this.#endIfLast(stream);
    stream.isAnnounced = true;
    this.#context.handler.onHeaders(stream, this.#fields, this.#isEndOfStream);
  }

  #deliverResponse(stream: Stream): void {
    if (this.#isOverLimit(stream)) {
      return;
    }
    this.#requireValid(validateResponse(this.#fields));
    const status = responseStatus(this.#fields);
    if (status < 200) {
      this.#deliverInterim(stream);
      return;
    }
    stream.recvStage = MessageStage.CONTENT;
    // RFC 9110, sections 6.4.1 and 8.6: some answers have no content, whatever length they announce.
    stream.contentLeft = stream.isHead || status === 204 || status === 304 ? 0 : contentLength(this.#fields);
    this.#endIfLast(stream);
    this.#context.handler.onHeaders(stream, this.#fields, this.#isEndOfStream);
  }

  #deliverInterim(stream: Stream): void {
    const { handler, abuse, options } = this.#context;
    if (this.#isEndOfStream) {
      // RFC 9113, section 8.1: an interim response ends nothing.
      throw new StreamError(stream.id, ErrorCode.PROTOCOL_ERROR, 'interim response with END_STREAM');
    }
    stream.interimResponses++;
    if (stream.interimResponses > options.limits.maxInterimResponses) {
      abuse.note(AbuseKind.INTERIM_RESPONSES);
      throw new StreamError(stream.id, ErrorCode.PROTOCOL_ERROR, 'too many interim responses');
    }
    handler.onInterim(stream, this.#fields);
  }

  #deliverTrailers(stream: Stream): void {
    if (!this.#isEndOfStream) {
      // RFC 9113, section 8.1: a second header section can only be trailers, which end the stream.
      throw new StreamError(stream.id, ErrorCode.PROTOCOL_ERROR, 'trailers without END_STREAM');
    }
    if (this.#isOverLimit(stream)) {
      return;
    }
    this.#requireValid(validateTrailers(this.#fields));
    this.#endIfLast(stream);
    this.#context.handler.onTrailers(stream, this.#fields);
  }

  /** The section was above a limit: the owner answers, and the rest of the message is dropped. */
  #isOverLimit(stream: Stream): boolean {
    if (!this.#fields.overLimit) {
      return false;
    }
    stream.recvStage = MessageStage.CONTENT;
    stream.isMuted = true;
    stream.isAnnounced = true;
    stream.contentLeft = ANY_CONTENT_LENGTH;
    this.#endIfLast(stream);
    this.#context.handler.onHeadersOverLimit(stream);
    return true;
  }

  #requireValid(verdict: string): void {
    if (verdict !== 'ok') {
      // RFC 9113, section 8.1.1: a malformed message is never passed on.
      throw new StreamError(this.#streamId, ErrorCode.PROTOCOL_ERROR, verdict);
    }
  }

  #endIfLast(stream: Stream): void {
    if (!this.#isEndOfStream) {
      return;
    }
    if (stream.contentLeft > 0) {
      // RFC 9113, section 8.1.1.
      throw new StreamError(stream.id, ErrorCode.PROTOCOL_ERROR, 'content-length differs from the content');
    }
    endReceiving(stream, this.#parts.streams);
  }
}
