import type { FieldList } from '../hpack/field-list.ts';
import { ChunkQueue } from './chunk-queue.ts';
import { isRecvEnded, isSendEnded, MessageStage, StreamState } from './stream-state.ts';

/**
 * One stream as the owner of the connection sees it. The object is used again for a later stream: no reference to it may be used after
 * `onStreamClosed` has named it. Once a stream is closed, every method does nothing.
 */
export interface Http2Stream {
  /** RFC 9113, section 5.1.1. */
  readonly id: number;
  /** Whatever the owner wants to find again; null at first, forgotten with the stream. */
  context: object | null;
  /** Whether the peer's message is complete. Already true in the call that brings its last part. */
  readonly isRecvEnded: boolean;
  /** Whether our END_STREAM or RST_STREAM has been written, or the stream has otherwise ended. */
  readonly isSendEnded: boolean;
  /** Whether nothing more will come or leave. */
  readonly isClosed: boolean;
  /** Content that waits for windows. Octets. */
  readonly queuedOctets: number;
  /** Interim response, server only; before sendHeaders. */
  sendInterim(fields: FieldList): void;
  /** The response of a server. Requests are sent by openStream. */
  sendHeaders(fields: FieldList, isEndOfStream: boolean): void;
  /**
   * Content, after the headers; an empty range with `isEndOfStream` ends the message. Returns how many octets have gone into the output;
   * those that have not wait for windows or their turn, and `onSent` tells when they have gone. The range is copied.
   */
  sendData(octets: Buffer, start: number, end: number, isEndOfStream: boolean): number;
  /** Ends the message with trailers, behind all content. */
  sendTrailers(fields: FieldList): void;
  /** Gives back receive window for content that `onData` brought and that has left this process. RFC 9113, section 6.9. */
  consume(octets: number): void;
  /** RST_STREAM: drops what waits. `onReset` is not called for it. */
  reset(code: number): void;
  /** When our whole message has left and the peer has not ended its own, asks it to stop by RST_STREAM NO_ERROR (RFC 9113, section 8.1). */
  stopReceiving(): void;
}

/** What a stream asks of its connection. */
export interface StreamOperations {
  sendInterim(stream: Stream, fields: FieldList): void;
  sendHeaders(stream: Stream, fields: FieldList, isEndOfStream: boolean): void;
  sendData(stream: Stream, octets: Buffer, start: number, end: number): number;
  sendEnd(stream: Stream): void;
  sendTrailers(stream: Stream, fields: FieldList): void;
  consume(stream: Stream, octets: number): void;
  reset(stream: Stream, code: number): void;
  stopReceiving(stream: Stream): void;
}

/** No content-length was announced, or it does not apply. */
export const ANY_CONTENT_LENGTH = -1;

/** The engine's side of a stream: plain fields that the parts of a connection read and write. Windows are octets and may be negative. */
export class Stream implements Http2Stream {
  id = 0;
  state: StreamState = StreamState.CLOSED;
  context: object | null = null;

  /** Whether the owner knows the stream, and so must hear of its end. */
  isAnnounced = false;
  /** Whether what the peer still sends is dropped, as its header section was. */
  isMuted = false;

  recvStage: MessageStage = MessageStage.START;
  /** What the peer may still send. */
  recvWindow = 0;
  /** Consumed, or padding, and not yet given back by WINDOW_UPDATE. */
  recvOwed = 0;
  /** Handed to the owner and not yet consumed. */
  unconsumed = 0;
  /** What content-length still promises, or ANY_CONTENT_LENGTH. */
  contentLeft: number = ANY_CONTENT_LENGTH;
  interimResponses = 0;
  /** Client: whether the request was HEAD, so that the response's content-length announces nothing. */
  isHead = false;

  sendStage: MessageStage = MessageStage.START;
  /** What we may still send. */
  sendWindow = 0;
  readonly queue: ChunkQueue = new ChunkQueue();
  /** Trailers that wait behind the queue. */
  trailers: FieldList | null = null;
  isStopWanted = false;
  /** Next in the scheduler's ring; `isScheduled` tells whether it is in it. */
  nextReady: Stream | null = null;
  isScheduled = false;
  /** The tick in which a slice too small to send was first held back; -1 for none. */
  heldSinceTick = -1;
  /** Queued octets that have gone out and that onSent has not told yet. */
  sentUntold = 0;

  /** Times of the owner's clock. */
  openedAt = 0;
  progressAt = 0;

  readonly #operations: StreamOperations;

  constructor(operations: StreamOperations) {
    this.#operations = operations;
  }

  get isRecvEnded(): boolean {
    return isRecvEnded(this.state);
  }

  get isSendEnded(): boolean {
    return isSendEnded(this.state);
  }

  get isClosed(): boolean {
    return this.state === StreamState.CLOSED;
  }

  get queuedOctets(): number {
    return this.queue.octets;
  }

  /** Makes the object a new stream. */
  open(id: number, now: number): void {
    this.id = id;
    this.state = StreamState.OPEN;
    this.openedAt = now;
    this.progressAt = now;
  }

  /** Forgets everything of the last stream. */
  recycle(): void {
    this.id = 0;
    this.context = null;
    this.isAnnounced = false;
    this.isMuted = false;
    this.recvStage = MessageStage.START;
    this.recvOwed = 0;
    this.unconsumed = 0;
    this.contentLeft = ANY_CONTENT_LENGTH;
    this.interimResponses = 0;
    this.isHead = false;
    this.sendStage = MessageStage.START;
    this.trailers = null;
    this.isStopWanted = false;
    this.heldSinceTick = -1;
    this.sentUntold = 0;
  }

  sendInterim(fields: FieldList): void {
    this.#operations.sendInterim(this, fields);
  }

  sendHeaders(fields: FieldList, isEndOfStream: boolean): void {
    this.#operations.sendHeaders(this, fields, isEndOfStream);
  }

  sendData(octets: Buffer, start: number, end: number, isEndOfStream: boolean): number {
    const sent = end > start ? this.#operations.sendData(this, octets, start, end) : 0;
    if (isEndOfStream) {
      this.#operations.sendEnd(this);
    }
    return sent;
  }

  sendTrailers(fields: FieldList): void {
    this.#operations.sendTrailers(this, fields);
  }

  consume(octets: number): void {
    this.#operations.consume(this, octets);
  }

  reset(code: number): void {
    this.#operations.reset(this, code);
  }

  stopReceiving(): void {
    this.#operations.stopReceiving(this);
  }
}
