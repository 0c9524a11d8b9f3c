import assert from 'node:assert/strict';
import { ConnectionError, ErrorCode } from '../errors.ts';
import { DEFAULT_WINDOW_OCTETS } from '../frame/constants.ts';
import type { FrameEncoder } from '../frame/frame-encoder.ts';
import type { Stream } from '../stream/stream.ts';
import type { ConnectionContext } from './context.ts';
import type { StreamRegistry } from './stream-registry.ts';

/**
 * The two receive ledgers of RFC 9113, section 5.2.
 *
 * Connection credit is given back as soon as content arrives, so that a stream whose content goes nowhere never stops the others; memory is
 * bounded all the same, because above `maxUnconsumedBytes` it is withheld. Stream credit is given back when the owner says that content has
 * left. Both are given in halves of a window, into the output that is being built.
 */
export class ReceiveCredit {
  /** What the peer may still send on the connection. Octets. */
  available: number = DEFAULT_WINDOW_OCTETS;
  #owed = 0;
  readonly #context: ConnectionContext;
  readonly #frames: FrameEncoder;
  readonly #streams: StreamRegistry;

  constructor(context: ConnectionContext, frames: FrameEncoder, streams: StreamRegistry) {
    this.#context = context;
    this.#frames = frames;
    this.#streams = streams;
  }

  /** Raises the connection's window to what the options say; SETTINGS cannot (RFC 9113, section 6.9.2). */
  start(): void {
    const raise = this.#context.options.connectionWindowBytes - this.available;
    if (raise > 0) {
      this.#frames.windowUpdate(0, raise);
      this.available += raise;
    }
  }

  /** Whether so much content is unconsumed that connection credit is withheld. */
  get isWithheld(): boolean {
    return this.#streams.unconsumed > this.#context.options.limits.maxUnconsumedBytes;
  }

  /** Debits the connection for a DATA frame on any stream, dead or live, and gives the credit back. */
  recvOnConnection(octets: number): void {
    if (octets > this.available) {
      // RFC 9113, section 6.9.1.
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'DATA exceeds the connection window');
    }
    this.available -= octets;
    this.#owed += octets;
    this.giveToConnection();
  }

  /** Debits a live stream for a DATA frame. */
  recvOnStream(stream: Stream, octets: number): void {
    if (octets > stream.recvWindow) {
      // RFC 9113, section 6.9.1, allows a stream error; raised to a connection error (section 5.4.1) against provoked resets.
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'DATA exceeds a stream window');
    }
    stream.recvWindow -= octets;
  }

  /** Notes content that is handed to the owner. */
  hold(stream: Stream, octets: number): void {
    stream.unconsumed += octets;
    this.#streams.unconsumed += octets;
  }

  /** The owner has got rid of content. On a closed stream all of it counts as consumed already. */
  consume(stream: Stream, octets: number): void {
    if (stream.isClosed) {
      return;
    }
    assert(octets <= stream.unconsumed, 'more consumed than received');
    stream.unconsumed -= octets;
    this.#streams.unconsumed -= octets;
    this.giveToStream(stream, octets);
    this.giveToConnection();
  }

  /** Owes a stream credit for content or padding that nobody keeps. */
  giveToStream(stream: Stream, octets: number): void {
    stream.recvOwed += octets;
    if (!stream.isRecvEnded && stream.recvOwed > 0 && stream.recvOwed * 2 >= this.#context.options.streamWindowBytes) {
      this.#frames.windowUpdate(stream.id, stream.recvOwed);
      stream.recvWindow += stream.recvOwed;
      stream.recvOwed = 0;
      this.#context.requestFlush(false);
    }
  }

  /** Gives the connection what it is owed, if that is enough to be worth a frame and memory allows. */
  giveToConnection(): void {
    if (this.#owed * 2 >= this.#context.options.connectionWindowBytes && !this.isWithheld) {
      this.#frames.windowUpdate(0, this.#owed);
      this.available += this.#owed;
      this.#owed = 0;
      this.#context.requestFlush(false);
    }
  }
}
