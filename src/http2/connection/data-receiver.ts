import { ConnectionError, ErrorCode, StreamError } from '../errors.ts';
import { Flag } from '../frame/constants.ts';
import type { FrameHead } from '../frame/frame-head.ts';
import { Closure } from '../stream/closed-streams.ts';
import { ANY_CONTENT_LENGTH, type Stream } from '../stream/stream.ts';
import { afterRecvEnd, MessageStage, StreamState } from '../stream/stream-state.ts';
import type { ConnectionContext } from './context.ts';
import type { ReceiveCredit } from './receive-credit.ts';
import type { StreamRegistry } from './stream-registry.ts';

/** Takes DATA (RFC 9113, section 6.1): debits, checks the state of the stream, and hands content on as it arrives. */
export class DataReceiver {
  /** The stream of the frame in hand; null when its content is dropped. */
  #stream: Stream | null = null;
  /** Guards against the object having become another stream while the frame was coming. */
  #streamId = 0;
  #isEndOfStream = false;
  /** The whole payload of the frame in hand. */
  #length = 0;
  readonly #context: ConnectionContext;
  readonly #streams: StreamRegistry;
  readonly #credit: ReceiveCredit;

  constructor(context: ConnectionContext, streams: StreamRegistry, credit: ReceiveCredit) {
    this.#context = context;
    this.#streams = streams;
    this.#credit = credit;
  }

  /** The whole payload counts, whatever becomes of it (RFC 9113, section 6.9.1). */
  recvHead(head: FrameHead): void {
    this.#stream = null;
    this.#streamId = head.streamId;
    this.#isEndOfStream = head.has(Flag.END_STREAM);
    this.#length = head.length;
    this.#credit.recvOnConnection(head.length);
    if (head.length === 0 && !this.#isEndOfStream) {
      this.#context.abuse.countEmptyFrame(this.#context.now);
    }
    const stream = this.#streams.find(head.streamId);
    if (stream === null) {
      this.#checkDead(head.streamId);
      return;
    }
    if (stream.isRecvEnded) {
      // RFC 9113, section 5.1: a stream error at least; raised to a connection error (section 5.4.1) against provoked resets (CVE-2025-8671).
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'DATA on a half-closed stream');
    }
    if (stream.recvStage === MessageStage.START) {
      // RFC 9113, section 8.1: content before the header section.
      throw new StreamError(head.streamId, ErrorCode.PROTOCOL_ERROR, 'DATA before HEADERS');
    }
    this.#credit.recvOnStream(stream, head.length);
    this.#stream = stream;
  }

  /** Padding is nobody's content: its credit goes back at once. A frame of nothing else is as empty as one of no octets. */
  recvPadding(octets: number): void {
    if (octets === this.#length && !this.#isEndOfStream) {
      this.#context.abuse.countEmptyFrame(this.#context.now);
    }
    const stream = this.#liveStream();
    if (stream !== null) {
      this.#credit.giveToStream(stream, octets);
    }
  }

  /** `isLast`: the frame's content ends here. */
  recvContent(octets: Buffer, start: number, end: number, isLast: boolean): void {
    const stream = this.#liveStream();
    if (stream === null) {
      return;
    }
    const length = end - start;
    const isEnd = isLast && this.#isEndOfStream;
    this.#checkContentLength(stream, length, isEnd);
    if (stream.isMuted) {
      this.#credit.giveToStream(stream, length);
    } else {
      this.#credit.hold(stream, length);
    }
    if (isEnd) {
      endReceiving(stream, this.#streams);
    }
    if (!stream.isMuted && (length > 0 || isEnd)) {
      this.#context.handler.onData(stream, octets, start, end);
    }
  }

  #liveStream(): Stream | null {
    const stream = this.#stream;
    return stream !== null && stream.id === this.#streamId && !stream.isClosed ? stream : null;
  }

  #checkContentLength(stream: Stream, length: number, isEnd: boolean): void {
    if (stream.contentLeft === ANY_CONTENT_LENGTH) {
      return;
    }
    stream.contentLeft -= length;
    if (stream.contentLeft < 0 || (isEnd && stream.contentLeft > 0)) {
      // RFC 9113, section 8.1.1: content-length must equal the sum of the DATA, and an intermediary must check.
      throw new StreamError(stream.id, ErrorCode.PROTOCOL_ERROR, 'content-length differs from the content');
    }
  }

  #checkDead(streamId: number): void {
    if (this.#streams.isIdle(streamId)) {
      // RFC 9113, section 5.1.
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'DATA on an idle stream');
    }
    switch (this.#streams.closureOf(streamId)) {
      case Closure.RESET_BY_US:
        // RFC 9113, section 5.1: sent before our RST_STREAM was known.
        return;
      case Closure.RESET_BY_PEER:
        // RFC 9113, section 5.1.
        throw new StreamError(streamId, ErrorCode.STREAM_CLOSED, 'DATA on a stream that the peer has reset');
      case Closure.ENDED:
        // RFC 9113, section 5.1.
        throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'DATA on a closed stream');
    }
  }
}

/** The peer's END_STREAM has come. */
export function endReceiving(stream: Stream, streams: StreamRegistry): void {
  stream.state = afterRecvEnd(stream.state);
  if (stream.state === StreamState.CLOSED) {
    streams.close(stream, Closure.ENDED);
  }
}
