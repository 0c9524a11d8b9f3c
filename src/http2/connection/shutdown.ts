import { ConnectionError, ErrorCode } from '../errors.ts';
import { MAX_STREAM_ID } from '../frame/constants.ts';
import type { FrameEncoder } from '../frame/frame-encoder.ts';
import { parseGoaway } from '../frame/goaway.ts';
import { Closure } from '../stream/closed-streams.ts';
import type { ConnectionContext } from './context.ts';
import { ResetCause } from './handler.ts';
import { PingPurpose, type Pings } from './pings.ts';
import type { StreamRegistry } from './stream-registry.ts';

/** How long a peer may take to acknowledge the PING between the two GOAWAY frames. Milliseconds; grpc-go waits as long. */
const ADVICE_TIMEOUT_MS = 5000;

/**
 * How far a connection has come to its end.
 *
 *   OPEN ──start, server──► ADVISED ──PING acknowledged, or 5 s──► FINAL ──last stream, or grace──► CLOSED
 *     └────start, client─────────────────────────────────────────────▲
 *
 * An error, a lost transport and `abort` lead from any of them to CLOSED.
 */
export const ShutdownPhase = { OPEN: 0, ADVISED: 1, FINAL: 2, CLOSED: 3 } as const;
export type ShutdownPhase = (typeof ShutdownPhase)[keyof typeof ShutdownPhase];

/** GOAWAY in both directions (RFC 9113, section 6.8). */
export class Shutdown {
  phase: ShutdownPhase = ShutdownPhase.OPEN;
  /** Streams of the peer's above it are ignored, as our last GOAWAY said. */
  lastStreamId: number = MAX_STREAM_ID;
  #debug = '';
  /** How long streams may go on after the last GOAWAY. Milliseconds, 0 = any time. */
  #graceMs = 0;
  #phaseAt = 0;
  #peerLastStreamId = Number.POSITIVE_INFINITY;
  readonly #context: ConnectionContext;
  readonly #frames: FrameEncoder;
  readonly #streams: StreamRegistry;
  readonly #pings: Pings;

  constructor(context: ConnectionContext, frames: FrameEncoder, streams: StreamRegistry, pings: Pings) {
    this.#context = context;
    this.#frames = frames;
    this.#streams = streams;
    this.#pings = pings;
  }

  /** Whether no new stream may be opened, because either side is leaving. */
  get isLeaving(): boolean {
    return this.phase !== ShutdownPhase.OPEN || this.isPeerLeaving;
  }

  /** Whether the peer has sent GOAWAY. */
  get isPeerLeaving(): boolean {
    return this.#peerLastStreamId !== Number.POSITIVE_INFINITY;
  }

  /** Whether nothing is left to wait for: both sides know that no stream will follow, and none is live. */
  get isComplete(): boolean {
    return (
      this.#streams.live === 0 &&
      (this.phase === ShutdownPhase.FINAL || (this.isPeerLeaving && this.phase === ShutdownPhase.OPEN))
    );
  }

  /**
   * Begins a graceful end. A server first tells the peer that it is leaving without refusing what is under way, and refuses new streams only
   * when a PING has proved that the peer knows.
   */
  start(debug: string, graceMs: number = this.#context.options.graceMs): void {
    if (this.phase !== ShutdownPhase.OPEN) {
      return;
    }
    this.#debug = debug;
    this.#graceMs = graceMs;
    if (this.#context.isServer) {
      this.#enter(ShutdownPhase.ADVISED);
      this.#frames.goaway(MAX_STREAM_ID, ErrorCode.NO_ERROR, debug);
      this.#pings.send(PingPurpose.SHUTDOWN);
    } else {
      this.finalise();
    }
  }

  /** Sends the GOAWAY that names the last stream which will be processed. */
  finalise(): void {
    if (this.phase < ShutdownPhase.FINAL) {
      this.#enter(ShutdownPhase.FINAL);
      this.lastStreamId = this.#streams.highestPeerId;
      this.#context.gate.isYielding = true;
      this.#frames.goaway(this.lastStreamId, ErrorCode.NO_ERROR, this.#debug);
    }
  }

  /** Ends at once (RFC 9113, section 5.4.1). */
  fail(code: number, debug: string): void {
    this.#enter(ShutdownPhase.CLOSED);
    this.#frames.goaway(Math.min(this.lastStreamId, this.#streams.highestPeerId), code, debug);
  }

  /** Ends without a word. */
  close(): void {
    this.#enter(ShutdownPhase.CLOSED);
  }

  /** Moves on when time is up; returns whether the streams still live must be cut. */
  sweep(): boolean {
    const inPhaseMs = this.#context.now - this.#phaseAt;
    if (this.phase === ShutdownPhase.ADVISED && inPhaseMs >= ADVICE_TIMEOUT_MS) {
      this.finalise();
      return false;
    }
    return this.phase === ShutdownPhase.FINAL && this.#graceMs > 0 && inPhaseMs >= this.#graceMs;
  }

  /** The peer is leaving. */
  recvGoaway(octets: Buffer, start: number, end: number): void {
    const { lastStreamId, code, debug } = parseGoaway(octets, start, end);
    if (lastStreamId > this.#peerLastStreamId) {
      // RFC 9113, section 6.8: the last stream identifier must not rise.
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'GOAWAY with a higher stream than before');
    }
    this.#peerLastStreamId = lastStreamId;
    this.#context.gate.isYielding = true;
    if (!this.#context.isServer) {
      this.#giveUpAbove(lastStreamId);
    }
    this.#context.handler.onGoaway(lastStreamId, code, debug);
  }

  #giveUpAbove(lastStreamId: number): void {
    for (const stream of this.#streams.list()) {
      if (stream.id > lastStreamId) {
        this.#streams.close(stream, Closure.RESET_BY_US);
        this.#context.handler.onReset(stream, ErrorCode.REFUSED_STREAM, ResetCause.UNPROCESSED);
      }
    }
  }

  #enter(phase: ShutdownPhase): void {
    this.phase = phase;
    this.#phaseAt = this.#context.now;
  }
}
