import assert from 'node:assert/strict';
import { ConnectionError, ErrorCode } from '../errors.ts';
import { DEFAULT_WINDOW_OCTETS, MAX_WINDOW_OCTETS } from '../frame/constants.ts';
import type { FrameEncoder } from '../frame/frame-encoder.ts';
import type { FieldList } from '../hpack/field-list.ts';
import type { HpackEncoder } from '../hpack/hpack-encoder.ts';
import { Closure } from '../stream/closed-streams.ts';
import type { Stream } from '../stream/stream.ts';
import { afterSendEnd, MessageStage, StreamState } from '../stream/stream-state.ts';
import type { ConnectionContext } from './context.ts';
import { ReadyRing } from './ready-ring.ts';
import type { StreamRegistry } from './stream-registry.ts';

/** What a stream may send before the next one has its turn. */
const QUANTUM_OCTETS = 16_384;

/** No smaller slice of waiting content leaves at once, unless it is the last: silly windows make silly frames. It waits one tick at most. */
const MIN_SLICE_OCTETS = 1024;

/** So much output is worth writing before the turn of the loop ends. */
const URGENT_OCTETS = 65_536;

/** So much output stops content from being added until the owner has taken it. */
const FULL_OCTETS = 262_144;

/**
 * The sending half: everything that streams send goes through here, in wire order, within both send windows (RFC 9113, section 5.2).
 * Content that may leave is written into the output at once; what may not waits in its stream's queue and leaves in turns when the owner
 * takes the output.
 */
export class Sender {
  /** What the peer lets us send on the connection. Octets; unlike those of streams never negative. */
  window: number = DEFAULT_WINDOW_OCTETS;
  /** Whether HEADERS or DATA have been written since this was last set to false: what clears a peer's PING strikes (gRPC A8). */
  hasSent = false;
  /** How often the owner has paused output more than it has resumed it. */
  pauses = 0;
  readonly #context: ConnectionContext;
  readonly #frames: FrameEncoder;
  readonly #hpack: HpackEncoder;
  readonly #streams: StreamRegistry;
  readonly #ready = new ReadyRing();
  /** Streams with octets sent that the owner has not been told of. */
  readonly #untold: Stream[] = [];

  constructor(context: ConnectionContext, frames: FrameEncoder, hpack: HpackEncoder, streams: StreamRegistry) {
    this.#context = context;
    this.#frames = frames;
    this.#hpack = hpack;
    this.#streams = streams;
  }

  /** Whether taking the output again would give more. */
  get canPump(): boolean {
    return this.#ready.size > 0 && this.window > 0 && this.pauses === 0;
  }

  /** HEADERS that are not the end of the header section's story: an interim response (RFC 9113, section 8.1). */
  sendInterim(stream: Stream, fields: FieldList): void {
    if (stream.isSendEnded) {
      return;
    }
    assert(stream.sendStage === MessageStage.START, 'interim response after the final one');
    this.#writeBlock(stream, fields, false);
  }

  /** The header section of a request or final response. */
  sendHeaders(stream: Stream, fields: FieldList, isEndOfStream: boolean): void {
    if (stream.isSendEnded) {
      return;
    }
    assert(stream.sendStage === MessageStage.START, 'headers sent twice');
    stream.sendStage = MessageStage.CONTENT;
    this.#writeBlock(stream, fields, isEndOfStream);
    if (isEndOfStream) {
      this.#endSending(stream);
    }
  }

  /** One or more octets of content; returns how many went out at once. */
  sendData(stream: Stream, octets: Buffer, start: number, end: number): number {
    if (stream.isSendEnded) {
      return 0;
    }
    assert(stream.sendStage === MessageStage.CONTENT, 'content before the headers or after the end');
    const sent = this.#sendableNow(stream, end - start);
    if (sent > 0) {
      this.#frames.data(stream.id, octets, start, start + sent);
      this.#debit(stream, sent);
      this.#context.requestFlush(false);
      if (this.#frames.output.octets >= URGENT_OCTETS) {
        this.#context.requestFlush(true);
      }
    }
    if (start + sent < end) {
      this.#enqueue(stream, octets, start + sent, end);
    }
    return sent;
  }

  /** Ends the message behind its content. */
  sendEnd(stream: Stream): void {
    if (stream.isSendEnded) {
      return;
    }
    assert(stream.sendStage === MessageStage.CONTENT, 'end before the headers or ended twice');
    if (stream.queue.octets > 0) {
      stream.sendStage = MessageStage.ENDING;
      return;
    }
    // RFC 9113, section 6.9: an empty DATA frame needs no window.
    this.#frames.endStream(stream.id);
    this.#context.requestFlush(false);
    this.#endSending(stream);
  }

  /** Ends the message with trailers behind its content. */
  sendTrailers(stream: Stream, fields: FieldList): void {
    if (stream.isSendEnded) {
      return;
    }
    assert(stream.sendStage === MessageStage.CONTENT, 'trailers before the headers or after the end');
    if (stream.queue.octets > 0) {
      stream.sendStage = MessageStage.ENDING;
      stream.trailers = fields.retain();
      return;
    }
    this.#writeBlock(stream, fields, true);
    this.#endSending(stream);
  }

  /** RST_STREAM on the owner's behalf (RFC 9113, section 5.4.2). */
  reset(stream: Stream, code: number): void {
    if (stream.isClosed) {
      return;
    }
    this.#frames.rstStream(stream.id, code);
    this.#context.requestFlush(false);
    if (!stream.isSendEnded || code !== ErrorCode.NO_ERROR) {
      this.#streams.hold();
    }
    this.#streams.close(stream, Closure.RESET_BY_US);
  }

  /** RFC 9113, section 8.1: the peer need not go on with a message whose answer is complete. */
  stopReceiving(stream: Stream): void {
    if (stream.state === StreamState.HALF_CLOSED_LOCAL) {
      this.reset(stream, ErrorCode.NO_ERROR);
    } else if (!stream.isClosed) {
      stream.isStopWanted = true;
    }
  }

  /** WINDOW_UPDATE on the connection. */
  addConnectionCredit(increment: number): void {
    if (this.window + increment > MAX_WINDOW_OCTETS) {
      // RFC 9113, section 6.9.1.
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'connection window too large');
    }
    this.window += increment;
    this.#requestPump();
  }

  /** WINDOW_UPDATE on a live stream, or a change of SETTINGS_INITIAL_WINDOW_SIZE by a positive or negative `increment`. */
  addStreamCredit(stream: Stream, increment: number): void {
    if (stream.sendWindow + increment > MAX_WINDOW_OCTETS) {
      // RFC 9113, section 6.9.1, asks for RST_STREAM; the connection ends behind it (section 5.4.1) against provoked resets (CVE-2025-8671).
      this.#frames.rstStream(stream.id, ErrorCode.FLOW_CONTROL_ERROR);
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'stream window too large');
    }
    stream.sendWindow += increment;
    if (stream.queue.octets > 0 && stream.sendWindow > 0) {
      this.#ready.add(stream);
      this.#requestPump();
    }
  }

  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE; windows of live streams may become negative by it (RFC 9113, section 6.9.2). */
  setInitialWindow(octets: number): void {
    const change = octets - this.#streams.sendWindow;
    this.#streams.sendWindow = octets;
    for (const stream of this.#streams.list()) {
      if (stream.sendWindow + change > MAX_WINDOW_OCTETS) {
        // RFC 9113, section 6.9.2.
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'SETTINGS make a stream window too large');
      }
      this.addStreamCredit(stream, change);
    }
  }

  /** Lets slices go out that were held back as too small, if a tick has passed; called by every tick. */
  tick(): void {
    this.#requestPump();
  }

  /**
   * Writes what windows and turns allow of the waiting content, and tells the owner how much has left. Returns whether more could leave, had
   * the output not been full.
   */
  pump(): boolean {
    this.#context.abuse.checkQueued(this.#streams.queuedCost + this.#frames.output.octets);
    let skipped = 0;
    while (this.canPump && skipped < this.#ready.size && this.#frames.output.octets < FULL_OCTETS) {
      const stream = this.#ready.shift();
      if (stream === null || stream.queue.octets === 0 || stream.sendWindow <= 0) {
        continue;
      }
      const octets = Math.min(stream.queue.octets, QUANTUM_OCTETS, stream.sendWindow, this.window);
      if (this.#isTooSmall(stream, octets)) {
        this.#ready.add(stream);
        skipped++;
        continue;
      }
      skipped = 0;
      this.#sendQueued(stream, octets);
    }
    this.#tellSent();
    return this.canPump && this.#frames.output.octets >= FULL_OCTETS;
  }

  /** The live stream that has waited longest without progress, if that is longer than `forMs`. */
  findStalled(forMs: number): Stream | null {
    if (this.#streams.queuedCost === 0) {
      return null;
    }
    let stalled: Stream | null = null;
    let before = this.#context.now - forMs;
    for (const stream of this.#streams.list()) {
      if (stream.queue.octets > 0 && stream.progressAt <= before) {
        stalled = stream;
        before = stream.progressAt;
      }
    }
    return stalled;
  }

  #sendableNow(stream: Stream, octets: number): number {
    const mustWait = stream.queue.octets > 0 || this.#ready.size > 0 || this.pauses > 0;
    if (mustWait || this.#frames.output.octets >= FULL_OCTETS) {
      return 0;
    }
    const credit = Math.min(stream.sendWindow, this.window);
    return octets <= credit ? octets : credit >= MIN_SLICE_OCTETS ? credit : 0;
  }

  #enqueue(stream: Stream, octets: Buffer, start: number, end: number): void {
    if (stream.queue.octets === 0) {
      stream.progressAt = this.#context.now;
    }
    this.#streams.queuedCost -= stream.queue.cost;
    stream.queue.push(octets, start, end);
    this.#streams.queuedCost += stream.queue.cost;
    if (stream.sendWindow > 0) {
      this.#ready.add(stream);
      this.#requestPump();
    }
    if (this.#streams.queuedCost > this.#context.options.limits.maxQueuedBytes) {
      // The limit is checked where it may end the connection: not in the middle of another connection's work.
      this.#context.requestFlush(true);
    }
  }

  #isTooSmall(stream: Stream, octets: number): boolean {
    if (octets >= MIN_SLICE_OCTETS || octets === stream.queue.octets) {
      return false;
    }
    if (stream.heldSinceTick < 0) {
      stream.heldSinceTick = this.#context.ticks;
    }
    return stream.heldSinceTick === this.#context.ticks;
  }

  #sendQueued(stream: Stream, octets: number): void {
    this.#streams.queuedCost -= stream.queue.cost;
    stream.queue.moveTo(this.#frames, stream.id, octets);
    this.#streams.queuedCost += stream.queue.cost;
    this.#debit(stream, octets);
    stream.progressAt = this.#context.now;
    stream.heldSinceTick = -1;
    if (stream.sentUntold === 0) {
      this.#untold.push(stream);
    }
    stream.sentUntold += octets;
    if (stream.queue.octets > 0) {
      this.#ready.add(stream);
    } else if (stream.sendStage === MessageStage.ENDING) {
      this.#endQueued(stream);
    }
  }

  #endQueued(stream: Stream): void {
    if (stream.trailers === null) {
      this.#frames.endStream(stream.id);
    } else {
      this.#writeBlock(stream, stream.trailers, true);
    }
    this.#endSending(stream);
  }

  #tellSent(): void {
    for (let stream = this.#untold.pop(); stream !== undefined; stream = this.#untold.pop()) {
      const octets = stream.sentUntold;
      stream.sentUntold = 0;
      if (octets > 0) {
        // Not 0 but for a stream of which the owner has heard the last word meanwhile, having ended the connection in an earlier call.
        this.#context.handler.onSent(stream, octets);
      }
    }
  }

  #debit(stream: Stream, octets: number): void {
    stream.sendWindow -= octets;
    this.window -= octets;
    this.hasSent = true;
  }

  #writeBlock(stream: Stream, fields: FieldList, isEndOfStream: boolean): void {
    const start = this.#frames.beginBlock(this.#hpack.maxEncodedBytes(fields));
    const end = this.#hpack.encode(fields, this.#frames.blockTarget, start);
    this.#frames.endBlock(stream.id, end, isEndOfStream);
    this.hasSent = true;
    this.#context.requestFlush(false);
  }

  /** Our END_STREAM has been written. */
  #endSending(stream: Stream): void {
    stream.state = afterSendEnd(stream.state);
    if (stream.state === StreamState.CLOSED) {
      this.#streams.close(stream, Closure.ENDED);
    } else if (stream.isStopWanted) {
      this.reset(stream, ErrorCode.NO_ERROR);
    }
  }

  #requestPump(): void {
    if (this.canPump) {
      this.#context.requestFlush(false);
    }
  }
}
