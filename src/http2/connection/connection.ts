import assert from 'node:assert/strict';
import { ConnectionError, ErrorCode } from '../errors.ts';
import type { OutputBatch } from '../frame/output-batch.ts';
import { SlabPool } from '../frame/slab-pool.ts';
import type { FieldList } from '../hpack/field-list.ts';
import { EDGE_LIMITS, UPSTREAM_LIMITS } from '../limits.ts';
import { Closure } from '../stream/closed-streams.ts';
import { isHeadRequest } from '../stream/header-validation.ts';
import type { Http2Stream } from '../stream/stream.ts';
import { AbuseLimits } from './abuse-limits.ts';
import { type ConnectionParts, createParts } from './connection-parts.ts';
import { ConnectionContext, type Role } from './context.ts';
import { type ConnectionHandler, ResetCause } from './handler.ts';
import { type ConnectionOptions, DEFAULT_CONNECTION_OPTIONS } from './options.ts';
import { PingPurpose } from './pings.ts';
import { ShutdownPhase } from './shutdown.ts';

/** So much output is worth writing before the turn of the loop ends. */
const URGENT_OCTETS = 65_536;

/**
 * One HTTP/2 connection without its transport (RFC 9113). The owner feeds `receive` and `tick`, takes output once per turn of its loop, and
 * is told everything through its ConnectionHandler. Nothing here waits, schedules or throws for what a peer did: what ends the connection is
 * told by `onClose`, with GOAWAY in the output.
 *
 *   socket ──octets──► receive ──► onHeaders, onData, … ──► owner
 *   owner ──► stream.sendHeaders, stream.sendData, … ──► onOutput … takeOutput ──octets──► socket
 */
export class Http2Connection {
  readonly #context: ConnectionContext;
  readonly #parts: ConnectionParts;
  /** Whether openStream has been refused since onCapacity was last called. */
  #isCapacityWanted = false;

  constructor(role: Role, handler: ConnectionHandler, options: Partial<ConnectionOptions> = {}) {
    const limits = options.limits ?? (role === 'server' ? EDGE_LIMITS : UPSTREAM_LIMITS);
    const all = { ...DEFAULT_CONNECTION_OPTIONS, slabs: options.slabs ?? new SlabPool(), ...options, limits };
    const abuse = new AbuseLimits(limits, (kind) => handler.onAbuse(kind));
    this.#context = new ConnectionContext(role, handler, all, abuse);
    this.#parts = createParts(this.#context, () => this.#tellDue());
  }

  /** Whether the connection has ended: it takes no input and has nothing more to say than the output that is left. */
  get isClosed(): boolean {
    return this.#parts.shutdown.phase === ShutdownPhase.CLOSED;
  }

  /** Whether the owner should replace the connection: it is leaving, or its stream identifiers are running out. */
  get isRetiring(): boolean {
    return this.isClosed || this.#parts.shutdown.isLeaving || this.#parts.streams.isRetiring;
  }

  /** Whether reading should go on; if not, the owner pauses its transport and calls receiveDeferred in the next turn of its loop. */
  get wantsRead(): boolean {
    return this.#parts.input.isDrained;
  }

  /** Live streams. */
  get liveStreams(): number {
    return this.#parts.streams.live;
  }

  /** How many streams a client may open now (RFC 9113, section 5.1.2). */
  get openCapacity(): number {
    const { shutdown, streams, settings } = this.#parts;
    if (this.#context.isServer || this.isClosed || shutdown.isLeaving || !streams.canOpen) {
      return 0;
    }
    return Math.max(0, settings.peerMaxStreams - streams.taken);
  }

  /** SETTINGS_MAX_HEADER_LIST_SIZE of the peer: advisory (RFC 9113, section 10.5.1); Infinity if it set none. Octets. */
  get peerMaxHeaderListBytes(): number {
    return this.#parts.settings.peerMaxHeaderListBytes;
  }

  /** Octets that takeOutput would give, waiting content aside. */
  get outputOctets(): number {
    return this.#parts.output.octets;
  }

  /** Memory held by content that waits for the peer's windows. Octets. */
  get queuedOctets(): number {
    return this.#parts.streams.queuedCost;
  }

  /** Content that the owner has been given and has not consumed. Octets. */
  get unconsumedOctets(): number {
    return this.#parts.streams.unconsumed;
  }

  /** What the peer may still send on the connection (RFC 9113, section 5.2.1). Octets. */
  get receiveWindow(): number {
    return this.#parts.credit.available;
  }

  /** What we may still send on the connection. Octets. */
  get sendWindow(): number {
    return this.#parts.sender.window;
  }

  /** Begins: writes preface, SETTINGS and the raised window. Called once, before all else. */
  start(nowMs: number): void {
    const { frames, settings, credit, sweeper } = this.#parts;
    this.#context.now = nowMs;
    sweeper.start();
    if (!this.#context.isServer) {
      frames.clientPreface();
    }
    settings.start();
    credit.start();
    this.#context.requestFlush(false);
  }

  /**
   * Takes what the transport has received: the octets from `start` to `end`, by default all. Unless ConnectionOptions.isInputReused is set the buffer must not be written again: what waits
   * for the next turn, or for another connection's windows, refers to it.
   */
  receive(octets: Buffer, start = 0, end: number = octets.length): void {
    if (this.isClosed) {
      return;
    }
    this.#parts.liveness.onOctets();
    try {
      this.#parts.input.receive(octets, start, end);
    } catch (error) {
      this.#fail(error);
    }
    this.#settle();
  }

  /** Goes on with what an earlier turn of the loop has left; called in a later turn while wantsRead is false. */
  receiveDeferred(): void {
    if (this.isClosed) {
      return;
    }
    try {
      this.#parts.input.receiveDeferred();
    } catch (error) {
      this.#fail(error);
    }
    this.#settle();
  }

  /**
   * Tells the time, which must not go back; every 10 to 50 ms is a good rate. All timeouts are found here, and slices of content that were
   * held back as too small go on.
   */
  tick(nowMs: number): void {
    this.#context.now = nowMs;
    this.#context.ticks++;
    if (this.isClosed) {
      return;
    }
    this.#parts.sender.tick();
    if (!this.#parts.sweeper.isDue) {
      return;
    }
    try {
      if (this.#parts.sweeper.sweep()) {
        this.#end(null, false);
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#settle();
  }

  /** Everything to be written now, or null. Ends the turn: the owner calls it once per turn of its loop, or when onOutput is urgent. */
  takeOutput(): OutputBatch | null {
    const { input, sender, output, frames, deadlines } = this.#parts;
    let hasMore = false;
    if (!this.isClosed) {
      try {
        hasMore = sender.pump();
      } catch (error) {
        this.#fail(error);
      }
      this.#tellDue();
      input.endTurn();
    }
    this.#context.endFlush();
    const batch = output.take();
    frames.onTaken();
    deadlines.onOutputTaken();
    this.#context.abuse.clearAnswers();
    if (hasMore) {
      this.#context.requestFlush(false);
    }
    return batch;
  }

  /** The transport is above its high-water mark: content waits until as many calls of resumeOutput have been made as of this. */
  pauseOutput(): void {
    this.#parts.sender.pauses++;
  }

  /** Undoes one pauseOutput. */
  resumeOutput(): void {
    assert(this.#parts.sender.pauses > 0, 'output resumed more often than paused');
    this.#parts.sender.pauses--;
    this.#parts.sender.tick();
  }

  /** Client: opens a stream and sends its request; null while openCapacity is 0, and onCapacity then tells when to try again. */
  openStream(fields: FieldList, isEndOfStream: boolean): Http2Stream | null {
    assert(!this.#context.isServer, 'a server opens no streams');
    if (this.openCapacity <= 0) {
      this.#isCapacityWanted = true;
      return null;
    }
    const stream = this.#parts.streams.openLocal();
    stream.isAnnounced = true;
    stream.isHead = isHeadRequest(fields);
    this.#parts.sender.sendHeaders(stream, fields, isEndOfStream);
    return stream;
  }

  /** Sends a PING, unless one is under way; onPingAck tells of its return. */
  ping(): boolean {
    if (this.isClosed || this.#parts.pings.isWaiting(PingPurpose.OWNER)) {
      return false;
    }
    this.#parts.pings.send(PingPurpose.OWNER);
    this.#context.requestFlush(false);
    return true;
  }

  /**
   * Begins a graceful end: no new streams, while those that live may finish within `graceMs`, 0 = any time, by default that of the options;
   * then onClose(null). `debug` is what GOAWAY says, such as `max_age`.
   */
  shutdown(debug: string, graceMs: number = this.#context.options.graceMs): void {
    this.#parts.shutdown.start(debug, graceMs);
    this.#context.requestFlush(false);
  }

  /** Ends at once, with GOAWAY. `debug` as in shutdown. */
  abort(code: ErrorCode, debug: string): void {
    this.#end(new ConnectionError(code, debug), true);
  }

  /** The transport is gone. */
  transportClosed(): void {
    this.#end(null, false);
  }

  /** Tells what is due at the end of every call that may have changed something. */
  #settle(): void {
    const { output, streams } = this.#parts;
    this.#tellDue();
    const { octets } = output;
    if (octets > 0 && octets === output.frontOctets && streams.live > 0) {
      this.#context.requestAnswers();
    } else if (octets > 0) {
      this.#context.requestFlush(octets >= URGENT_OCTETS);
    }
  }

  #tellDue(): void {
    const { streams, shutdown, credit, input } = this.#parts;
    streams.tellEnded();
    if (this.isClosed) {
      return;
    }
    // Streams that have ended hold no content any more, which may be what credit was withheld for.
    credit.giveToConnection();
    if (shutdown.isComplete) {
      // RFC 9113, section 6.8: both sides learn from GOAWAY that nothing was lost.
      shutdown.finalise();
      shutdown.close();
      input.close();
      this.#context.handler.onClose(null);
    } else if (this.#isCapacityWanted && this.openCapacity > 0) {
      this.#isCapacityWanted = false;
      this.#context.handler.onCapacity();
    }
  }

  #fail(error: unknown): void {
    if (error instanceof ConnectionError) {
      this.#end(error, true);
      return;
    }
    this.#end(new ConnectionError(ErrorCode.INTERNAL_ERROR, 'internal_error'), true);
    throw error;
  }

  #end(error: ConnectionError | null, hasTransport: boolean): void {
    if (this.isClosed) {
      return;
    }
    const { shutdown, input, streams } = this.#parts;
    const code = error?.code ?? ErrorCode.CANCEL;
    if (hasTransport && error !== null) {
      shutdown.fail(code, error.message);
    } else {
      shutdown.close();
    }
    input.close();
    for (const stream of streams.list()) {
      streams.close(stream, Closure.RESET_BY_US);
      if (stream.isAnnounced) {
        this.#context.handler.onReset(stream, code, ResetCause.CONNECTION);
      }
    }
    streams.tellEnded();
    this.#context.handler.onClose(error);
    if (hasTransport) {
      this.#context.requestFlush(true);
    }
  }
}
