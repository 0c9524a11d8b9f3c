import { ConnectionError, ErrorCode } from '../errors.ts';
import { Carry } from './carry.ts';
import { Flag, FRAME_HEAD_OCTETS, FrameType } from './constants.ts';
import { checkPadLengthPresent, paddedContentOctets } from './data.ts';
import type { DecodeGate } from './decode-gate.ts';
import { FrameHead } from './frame-head.ts';
import type { FrameSink } from './frame-sink.ts';
import { checkFrameHead } from './head-checks.ts';
import { checkHeadersDependency, headersFragmentEnd, headersFragmentStart } from './headers.ts';
import { checkPriority } from './priority.ts';
import { parseRstStream } from './rst-stream.ts';
import { parseWindowUpdate } from './window-update.ts';

/**
 * What the next octet belongs to.
 *
 *   HEAD ──DATA──► PAD_LENGTH ──► CONTENT ──► SKIP (padding) ──► HEAD
 *    ├──extension──► SKIP ──► HEAD
 *    └──any other──► PAYLOAD ──► HEAD
 *
 * A state without octets to wait for is passed through at once.
 */
const State = { HEAD: 0, PAYLOAD: 1, PAD_LENGTH: 2, CONTENT: 3, SKIP: 4 } as const;
type State = (typeof State)[keyof typeof State];

/**
 * Cuts received octets into frames and calls a FrameSink for each, over any division into reads.
 *
 * DATA is cut through: its content is handed on as it arrives, as ranges of the received buffer. So a large message is copied at most once
 * on its way, no connection holds a frame's worth of payload, and a slow sender's octets do not wait for their frame. Every other frame is
 * handed on whole: in place when the read has all of it, else out of a carry bounded by the frame size.
 */
export class FrameDecoder {
  /** Behind the last octet that has been taken from the buffer in hand; still true after decode has thrown. */
  position = 0;
  readonly #head = new FrameHead();
  readonly #carry = new Carry();
  readonly #sink: FrameSink;
  readonly #maxFrameOctets: number;
  readonly #gate: DecodeGate;
  #state: State = State.HEAD;
  #isFirst = true;
  /** The stream whose field block is open, or 0 (RFC 9113, section 6.10). */
  #blockStreamId = 0;
  /** Octets of the state that are still to come, in CONTENT and SKIP. */
  #left = 0;
  #paddingLeft = 0;
  #heads = 0;
  #blockHead = 0;

  /** `maxFrameOctets` is the SETTINGS_MAX_FRAME_SIZE that this side announces. */
  constructor(sink: FrameSink, maxFrameOctets: number, gate: DecodeGate) {
    this.#gate = gate;
    this.#sink = sink;
    this.#maxFrameOctets = maxFrameOctets;
  }

  /**
   * Names the frame (DATA and extension frames aside) or field block that has begun and not ended; 0 when there is none. While the number
   * stays the same, the peer is keeping the same octets waiting.
   */
  get unfinished(): number {
    if (this.#blockStreamId !== 0) {
      return this.#blockHead;
    }
    if (this.#carry.length > 0 && this.#state === State.HEAD) {
      return this.#heads + 1;
    }
    return this.#state === State.PAYLOAD ? this.#heads : 0;
  }

  /** Takes the octets from `start` to `end`, all of them unless the gate is shut or yields meanwhile, or the sink throws. */
  decode(octets: Buffer, start: number, end: number): void {
    this.position = start;
    const gate = this.#gate;
    while (this.position < end && !gate.isShut && !gate.isYielding) {
      switch (this.#state) {
        case State.HEAD:
          this.#recvHead(octets, end);
          break;
        case State.PAYLOAD:
          this.#recvCarriedPayload(octets, end);
          break;
        case State.PAD_LENGTH:
          this.#recvPadLength(octets);
          break;
        case State.CONTENT:
          this.#recvContent(octets, end);
          break;
        case State.SKIP:
          this.#skip(end);
          break;
      }
    }
  }

  #recvHead(octets: Buffer, end: number): void {
    const head = this.#head;
    if (this.#carry.length === 0 && end - this.position >= FRAME_HEAD_OCTETS) {
      head.read(octets, this.position);
      this.position += FRAME_HEAD_OCTETS;
    } else {
      this.position = this.#carry.fill(octets, this.position, end, FRAME_HEAD_OCTETS);
      if (this.#carry.length < FRAME_HEAD_OCTETS) {
        return;
      }
      head.read(this.#carry.octets, 0);
      this.#carry.clear();
    }
    this.#heads++;
    this.#checkOrder(head);
    if (head.length > this.#maxFrameOctets) {
      // RFC 9113, section 4.2: a stream error would do for some types; one answer for all is simpler and allowed.
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'frame larger than SETTINGS_MAX_FRAME_SIZE');
    }
    checkFrameHead(head);
    if (head.type === FrameType.DATA) {
      this.#beginData(octets);
    } else if (head.type > FrameType.CONTINUATION) {
      this.#beginSkip(head.length);
      this.#sink.recvExtension(head);
    } else {
      this.#recvPayload(octets, end);
    }
  }

  /** Rules about which frame may come now. */
  #checkOrder(head: FrameHead): void {
    if (this.#isFirst) {
      if (head.type !== FrameType.SETTINGS || head.has(Flag.ACK)) {
        // RFC 9113, section 3.4: each side's first frame is SETTINGS.
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'first frame is not SETTINGS');
      }
      this.#isFirst = false;
    }
    if (this.#blockStreamId === 0 ? head.type === FrameType.CONTINUATION : !this.#continuesBlock(head)) {
      // RFC 9113, sections 4.3, 5.5 and 6.10: a field block is one unit, which not even an unknown frame may interrupt.
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'CONTINUATION expected, or not expected');
    }
  }

  #continuesBlock(head: FrameHead): boolean {
    return head.type === FrameType.CONTINUATION && head.streamId === this.#blockStreamId;
  }

  #beginData(octets: Buffer): void {
    const head = this.#head;
    this.#left = head.length;
    this.#paddingLeft = 0;
    if (head.has(Flag.PADDED)) {
      checkPadLengthPresent(head);
      this.#state = State.PAD_LENGTH;
      this.#sink.recvDataHead(head);
      return;
    }
    this.#state = State.CONTENT;
    this.#sink.recvDataHead(head);
    if (head.length === 0) {
      this.#recvContent(octets, this.position);
    }
  }

  #recvPadLength(octets: Buffer): void {
    const padLength = octets[this.position] ?? 0;
    this.position++;
    this.#left = paddedContentOctets(this.#head, padLength);
    this.#paddingLeft = padLength;
    this.#state = State.CONTENT;
    this.#sink.recvDataPadding(1 + padLength);
    if (this.#left === 0) {
      this.#recvContent(octets, this.position);
    }
  }

  #recvContent(octets: Buffer, end: number): void {
    const start = this.position;
    const until = Math.min(end, start + this.#left);
    this.position = until;
    this.#left -= until - start;
    const isLast = this.#left === 0;
    if (isLast) {
      this.#beginSkip(this.#paddingLeft);
    }
    this.#sink.recvData(octets, start, until, isLast);
  }

  #beginSkip(octets: number): void {
    this.#left = octets;
    this.#state = octets === 0 ? State.HEAD : State.SKIP;
  }

  #skip(end: number): void {
    const until = Math.min(end, this.position + this.#left);
    this.#beginSkip(this.#left - (until - this.position));
    this.position = until;
  }

  #recvPayload(octets: Buffer, end: number): void {
    const start = this.position;
    const length = this.#head.length;
    if (end - start >= length) {
      this.position = start + length;
      this.#dispatch(octets, start);
    } else {
      this.#state = State.PAYLOAD;
      this.position = this.#carry.fill(octets, start, end, length);
    }
  }

  #recvCarriedPayload(octets: Buffer, end: number): void {
    const carry = this.#carry;
    this.position = carry.fill(octets, this.position, end, this.#head.length);
    if (carry.length === this.#head.length) {
      const payload = carry.octets;
      this.#state = State.HEAD;
      carry.clear();
      this.#dispatch(payload, 0);
    }
  }

  #dispatch(octets: Buffer, start: number): void {
    const head = this.#head;
    const sink = this.#sink;
    switch (head.type) {
      case FrameType.HEADERS:
        this.#dispatchHeaders(octets, start);
        return;
      case FrameType.PRIORITY:
        checkPriority(head, octets, start);
        sink.recvPriority(head);
        return;
      case FrameType.RST_STREAM:
        sink.recvRstStream(head.streamId, parseRstStream(octets, start));
        return;
      case FrameType.SETTINGS:
        if (head.has(Flag.ACK)) {
          sink.recvSettingsAck();
        } else {
          sink.recvSettings(octets, start, start + head.length);
        }
        return;
      case FrameType.PING:
        if (head.has(Flag.ACK)) {
          sink.recvPingAck(octets, start);
        } else {
          sink.recvPing(octets, start);
        }
        return;
      case FrameType.GOAWAY:
        sink.recvGoaway(octets, start, start + head.length);
        return;
      case FrameType.WINDOW_UPDATE:
        sink.recvWindowUpdate(head.streamId, parseWindowUpdate(octets, start));
        return;
      case FrameType.CONTINUATION:
        if (head.has(Flag.END_HEADERS)) {
          this.#blockStreamId = 0;
        }
        sink.recvContinuation(head, octets, start, start + head.length);
        return;
    }
  }

  #dispatchHeaders(octets: Buffer, start: number): void {
    const head = this.#head;
    const fragmentStart = headersFragmentStart(head, start);
    const fragmentEnd = headersFragmentEnd(head, octets, start, fragmentStart);
    if (head.has(Flag.PRIORITY)) {
      checkHeadersDependency(head, octets, start);
    }
    if (!head.has(Flag.END_HEADERS)) {
      this.#blockStreamId = head.streamId;
      this.#blockHead = this.#heads;
    }
    this.#sink.recvHeaders(head, octets, fragmentStart, fragmentEnd);
  }
}
