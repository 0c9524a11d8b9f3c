import { ConnectionError, ErrorCode } from '../errors.ts';
import { type FrameEncoder, PING_MARK } from '../frame/frame-encoder.ts';
import type { FrameHead } from '../frame/frame-head.ts';
import type { FrameSink } from '../frame/frame-sink.ts';
import { readUint32 } from '../frame/octets.ts';
import { Closure } from '../stream/closed-streams.ts';
import type { ConnectionContext } from './context.ts';
import type { DataReceiver } from './data-receiver.ts';
import { ResetCause } from './handler.ts';
import type { HeaderReceiver } from './header-receiver.ts';
import type { Liveness } from './liveness.ts';
import { PingPurpose, type Pings } from './pings.ts';
import type { Sender } from './sender.ts';
import type { SettingsSync } from './settings-sync.ts';
import type { Shutdown } from './shutdown.ts';
import type { StreamRegistry } from './stream-registry.ts';

/** The parts that frames other than HEADERS and DATA concern. */
export interface ControlParts {
  readonly frames: FrameEncoder;
  readonly sender: Sender;
  readonly streams: StreamRegistry;
  readonly settings: SettingsSync;
  readonly shutdown: Shutdown;
  readonly liveness: Liveness;
  readonly pings: Pings;
}

/** The receiving half: takes every frame that the decoder has cut out, and hands it to the part that it concerns. */
export class Receiver implements FrameSink {
  readonly #context: ConnectionContext;
  readonly #parts: ControlParts;
  readonly #data: DataReceiver;
  readonly #headers: HeaderReceiver;

  constructor(context: ConnectionContext, parts: ControlParts, data: DataReceiver, headers: HeaderReceiver) {
    this.#context = context;
    this.#parts = parts;
    this.#data = data;
    this.#headers = headers;
  }

  recvDataHead(head: FrameHead): void {
    this.#parts.liveness.onMessage();
    this.#data.recvHead(head);
  }

  recvDataPadding(octets: number): void {
    this.#data.recvPadding(octets);
  }

  recvData(octets: Buffer, start: number, end: number, last: boolean): void {
    this.#data.recvContent(octets, start, end, last);
  }

  recvHeaders(head: FrameHead, octets: Buffer, start: number, end: number): void {
    this.#parts.liveness.onMessage();
    this.#headers.recvHeaders(head, octets, start, end);
  }

  recvContinuation(head: FrameHead, octets: Buffer, start: number, end: number): void {
    this.#headers.recvContinuation(head, octets, start, end);
  }

  /** RFC 9113, section 5.3.2: allowed in every state, idle and closed streams included, and without effect. */
  recvPriority(): void {
    this.#context.abuse.countGlitch(this.#context.now);
  }

  recvRstStream(streamId: number, code: number): void {
    const { streams } = this.#parts;
    const { isServer, abuse, now, handler } = this.#context;
    const stream = streams.find(streamId);
    if (stream === null) {
      if (streams.isIdle(streamId)) {
        // RFC 9113, section 6.4.
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'RST_STREAM on an idle stream');
      }
      // RFC 9113, section 5.1: may have crossed the end of the stream.
      return;
    }
    // A peer that resets when one whole message is through only stops the other (RFC 9113, section 8.1): nothing is cut short by it.
    const wasComplete = isServer ? stream.isSendEnded : stream.isRecvEnded;
    const lifeMs = now - stream.openedAt;
    if (!wasComplete && isServer) {
      // A server that resets knows that the stream's work is over; a client does not know what it has left running here.
      streams.hold();
    }
    streams.close(stream, Closure.RESET_BY_PEER);
    if (stream.isAnnounced) {
      handler.onReset(stream, code, ResetCause.PEER);
    }
    if (!wasComplete) {
      abuse.countReset(now);
    }
    if (isServer) {
      abuse.countEndedRequest(lifeMs, !wasComplete);
    }
  }

  recvSettings(octets: Buffer, start: number, end: number): void {
    this.#parts.settings.recvSettings(octets, start, end);
  }

  recvSettingsAck(): void {
    this.#parts.settings.recvAcknowledgement();
  }

  /** RFC 9113, section 6.7. */
  recvPing(octets: Buffer, start: number): void {
    const { abuse, now } = this.#context;
    const { sender, frames } = this.#parts;
    abuse.countPing(now, sender.hasSent);
    sender.hasSent = false;
    abuse.countAnswer();
    frames.pingAck(octets, start);
  }

  recvPingAck(octets: Buffer, start: number): void {
    const { pings, shutdown } = this.#parts;
    const value = readUint32(octets, start) === PING_MARK ? readUint32(octets, start + 4) : 0;
    if (pings.take(PingPurpose.SHUTDOWN, value)) {
      shutdown.finalise();
    } else if (pings.take(PingPurpose.OWNER, value)) {
      this.#context.handler.onPingAck();
    } else if (!pings.take(PingPurpose.KEEPALIVE, value)) {
      this.#context.abuse.countGlitch(this.#context.now);
    }
  }

  recvGoaway(octets: Buffer, start: number, end: number): void {
    this.#context.abuse.countGlitch(this.#context.now);
    this.#parts.shutdown.recvGoaway(octets, start, end);
  }

  recvWindowUpdate(streamId: number, increment: number): void {
    const { streams, sender, frames } = this.#parts;
    this.#context.abuse.countWindowUpdate(streams.opened, frames.dataFramesSent);
    if (streamId === 0) {
      sender.addConnectionCredit(increment);
      return;
    }
    const stream = streams.find(streamId);
    if (stream !== null) {
      sender.addStreamCredit(stream, increment);
    } else if (streams.isIdle(streamId)) {
      // RFC 9113, section 5.1.
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE on an idle stream');
    }
  }

  /** RFC 9113, section 5.5; RFC 9218's PRIORITY_UPDATE is one of them. */
  recvExtension(): void {
    this.#context.abuse.countGlitch(this.#context.now);
  }
}
