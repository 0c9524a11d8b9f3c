import type { Socket } from 'node:net';
import type { Http2Connection, OutputBatch } from '../http2/index.ts';
import type { Ticker, Turn, TurnTask } from './turn.ts';
import { writeBatch } from './write-batch.ts';

/** What a transport tells its owner. */
export interface TransportOwner {
  /**
   * The socket is gone, and with it the connection: the last word. `error` is what the system said; null after an orderly end. `byPeer`: the
   * peer or the network ended it, before the connection did.
   */
  onTransportClosed(error: Error | null, byPeer: boolean): void;
  /** Something threw that must not: a defect of this program. The socket is destroyed. */
  onTransportDefect(error: Error): void;
}

/** How a transport behaves. */
export interface TransportOptions {
  /** Unwritten output above which the connection is paused until it has been written. Octets, default 256 KiB. Envoy: `per_connection_buffer_limit_bytes`. */
  readonly highWaterOctets: number;
  /** How long a peer may take to end its side after we have ended ours. Milliseconds, default 1 000. Envoy: `delayed_close_timeout`. */
  readonly lingerMs: number;
  /** Whether a peer that has ended its side still gets the answers to what it asked before; for servers. Default false. */
  readonly keepsHalfOpen: boolean;
}

export const DEFAULT_TRANSPORT_OPTIONS: TransportOptions = Object.freeze({
  highWaterOctets: 262_144,
  lingerMs: 1000,
  keepsHalfOpen: false,
});

/** How long nothing may be said to a peer that has ended its side: mostly it is gone altogether, and TCP would tell no earlier than with our next word. Milliseconds. */
const HALF_OPEN_MS = 30_000;

/** Output that has not moved for so long counts as a full transport, however little it is. Milliseconds. */
const STUCK_MS = 1000;

/**
 * Joins one HTTP/2 connection to its socket, on either side. Reads lead straight into the connection; what it has to say is written once
 * per turn of the loop, in one system call. The connection's handler passes its onOutput and onClose on to the methods of the same name.
 *
 *   open ──connection closed──► ending: the rest is written, our side ends ──peer's end, or lingerMs──► closed
 *     └──────────socket ended, failed or destroyed────────────────────────────────────────────────────────▲
 */
export class Http2Transport implements TurnTask, Ticker {
  readonly #socket: Socket;
  readonly #connection: Http2Connection;
  readonly #turn: Turn;
  readonly #owner: TransportOwner;
  readonly #highWaterOctets: number;
  readonly #lingerMs: number;
  readonly #keepsHalfOpen: boolean;
  /** Whether the peer has ended its side and is still being answered. */
  #isHalfOpen = false;
  /** When it was last told anything since then. */
  #saidAtMs = 0;
  /** Whether the turn will serve us at its end. */
  #isScheduled = false;
  /** The same for a few milliseconds later. */
  #isLate = false;
  /** Whether there is output that waits for company until then. */
  #isHeld = false;
  /** The same for the time before. */
  #isUrgent = false;
  /** Whether the transport is full, so that no output is taken. */
  #isFull = false;
  /** Whether reading is paused because the connection has to go on with what it has. */
  #isReadPaused = false;
  /** Whether the connection is within a call of ours: what it asks for is done when the call returns. */
  #isBusy = false;
  /** Whether the connection has ended. */
  #isEnding = false;
  /** Whether our side of the socket has ended. */
  #isEnded = false;
  /** Whether the socket ended before the connection. */
  #isLost = false;
  /** Whether the socket is gone. */
  #isClosed = false;
  /** Since when every tick has found output unwritten; -1 while it has not. Clock.now(). */
  #unwrittenSinceMs = -1;
  /** When our side ended; -1 before. Clock.now(). */
  #endedAtMs = -1;
  #error: Error | null = null;
  /** What the socket still writes without telling when that is done. */
  #unwritten: OutputBatch | null = null;

  /** Takes the socket over; it is connected, and nobody else reads or writes it. `owner` is usually the connection's handler. */
  constructor(
    socket: Socket,
    connection: Http2Connection,
    turn: Turn,
    options: Partial<TransportOptions> & { readonly owner: TransportOwner },
  ) {
    this.#socket = socket;
    this.#connection = connection;
    this.#turn = turn;
    this.#owner = options.owner;
    this.#highWaterOctets = options.highWaterOctets ?? DEFAULT_TRANSPORT_OPTIONS.highWaterOctets;
    this.#lingerMs = options.lingerMs ?? DEFAULT_TRANSPORT_OPTIONS.lingerMs;
    this.#keepsHalfOpen = options.keepsHalfOpen ?? DEFAULT_TRANSPORT_OPTIONS.keepsHalfOpen;
  }

  /** The peer's address, or an empty string when the socket has none. */
  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }

  /** Whether the transport is above its high-water mark. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Begins. `head` is what has been read from the socket already. Sockets made with `onread` lead it to `receive`. */
  start(head: Buffer | null): void {
    const socket = this.#socket;
    socket.on('data', (octets: Buffer) => this.receive(octets));
    socket.on('drain', () => this.#onDrain());
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.once('close', () => this.#onClosed());
    this.#turn.add(this);
    this.#isBusy = true;
    this.#connection.start(this.#turn.nowMs);
    this.#isBusy = false;
    if (socket.destroyed) {
      // Its close event may have been emitted before we listened.
      this.#onClosed();
    } else if (head !== null && head.length > 0) {
      this.receive(head);
    }
    this.#afterCall();
  }

  /** The first `end` octets have come. Returns false when the socket was told to stop reading, as sockets with `onread` want it. */
  receive(octets: Buffer, end: number = octets.length): boolean {
    this.#turn.beginRead();
    this.#isBusy = true;
    try {
      this.#connection.receive(octets, 0, end);
    } catch (thrown) {
      this.#onDefect(thrown);
    }
    this.#isBusy = false;
    if (!this.#connection.wantsRead && !this.#isReadPaused) {
      this.#isReadPaused = true;
      this.#socket.pause();
      this.#schedule();
    }
    this.#afterCall();
    this.#turn.endRead();
    return !this.#isReadPaused;
  }

  /** For ConnectionHandler.onOutput. */
  onOutput(isUrgent: boolean): void {
    if (isUrgent && !this.#isUrgent && !this.#isFull) {
      this.#isUrgent = true;
      this.#turn.scheduleUrgent(this);
      return;
    }
    this.#schedule();
  }

  /** For ConnectionHandler.onAnswers. */
  onAnswers(): void {
    this.#isHeld = true;
    if (!this.#isLate) {
      this.#isLate = true;
      this.#turn.scheduleLate(this);
    }
  }

  /** For ConnectionHandler.onClose: writes the rest, ends our side, and destroys the socket when the peer does not end its own. */
  onClose(): void {
    this.#isEnding = true;
    if (!this.#isBusy) {
      this.#schedule();
    }
  }

  /** Ends at once, without a word to the peer. */
  destroy(): void {
    this.#socket.destroy();
  }

  onTurn(): void {
    this.#isScheduled = false;
    if (this.#isReadPaused) {
      this.#readOn();
    }
    this.#flush();
    this.#afterCall();
  }

  onLate(): void {
    this.#isLate = false;
    if (this.#isHeld) {
      this.#flush();
      this.#afterCall();
    }
  }

  onUrgent(): void {
    this.#isUrgent = false;
    this.#flush();
    this.#afterCall();
  }

  tick(nowMs: number): void {
    if (this.#endedAtMs >= 0) {
      if (nowMs - this.#endedAtMs >= this.#lingerMs) {
        this.#socket.destroy();
      }
      return;
    }
    this.#watchOutput(nowMs);
    this.#isBusy = true;
    try {
      this.#connection.tick(nowMs);
    } catch (thrown) {
      this.#onDefect(thrown);
    }
    this.#isBusy = false;
    if (this.#isHalfOpen && nowMs - this.#saidAtMs >= HALF_OPEN_MS) {
      this.#transportClosed();
    }
    this.#afterCall();
  }

  #schedule(): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#turn.schedule(this);
    }
  }

  /** A new turn: the connection goes on with what it has kept, and when that is all, with reading. */
  #readOn(): void {
    this.#isBusy = true;
    try {
      this.#connection.receiveDeferred();
    } catch (thrown) {
      this.#onDefect(thrown);
    }
    this.#isBusy = false;
    if (this.#connection.wantsRead) {
      this.#isReadPaused = false;
      this.#socket.resume();
    } else {
      this.#schedule();
    }
  }

  #flush(): void {
    if (this.#isFull || this.#isEnded) {
      return;
    }
    this.#isHeld = false;
    this.#isBusy = true;
    try {
      const batch = this.#connection.takeOutput();
      if (batch !== null) {
        this.#releaseWritten();
        this.#unwritten = writeBatch(this.#socket, batch) ?? this.#unwritten;
        if (this.#isHalfOpen) {
          this.#saidAtMs = this.#turn.nowMs;
        }
        if (this.#socket.writableLength > this.#highWaterOctets) {
          this.#pauseOutput();
        }
      }
    } catch (thrown) {
      this.#onDefect(thrown);
    }
    this.#isBusy = false;
  }

  #releaseWritten(): void {
    if (this.#unwritten !== null && this.#socket.writableLength === 0) {
      this.#unwritten.release();
      this.#unwritten = null;
    }
  }

  #pauseOutput(): void {
    if (!this.#isFull) {
      this.#isFull = true;
      this.#connection.pauseOutput();
    }
  }

  #onDrain(): void {
    if (this.#isFull && this.#socket.writableLength <= this.#highWaterOctets / 2) {
      this.#isFull = false;
      this.#connection.resumeOutput();
      this.#schedule();
    }
  }

  /** A peer that reads nothing is found by the connection, which sees a pause that lasts (Http2Limits.stallTimeoutMs): little output counts as well. */
  #watchOutput(nowMs: number): void {
    if (this.#socket.writableLength === 0) {
      this.#unwrittenSinceMs = -1;
      this.#releaseWritten();
      this.#onDrain();
    } else if (this.#unwrittenSinceMs < 0) {
      this.#unwrittenSinceMs = nowMs;
    } else if (nowMs - this.#unwrittenSinceMs >= STUCK_MS) {
      this.#pauseOutput();
    }
  }

  /** What the connection asked for while it was busy. */
  #afterCall(): void {
    if (this.#isHalfOpen && !this.#isEnding && this.#connection.liveStreams === 0) {
      this.#transportClosed();
    }
    if (this.#isEnding && !this.#isEnded) {
      this.#isFull = false;
      this.#flush();
      this.#isEnded = true;
      this.#endedAtMs = this.#turn.nowMs;
      this.#socket.end();
      // What the peer still sends is read away: closing with unread octets makes TCP send a reset, which may destroy our last words.
      this.#socket.resume();
    }
  }

  #onEnd(): void {
    if (this.#keepsHalfOpen && this.#connection.liveStreams > 0) {
      this.#isHalfOpen = true;
      this.#saidAtMs = this.#turn.nowMs;
    } else {
      this.#transportClosed();
    }
    this.#afterCall();
    this.#turn.runUrgent();
  }

  #onClosed(): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    this.#isEnded = true;
    this.#unwritten?.release();
    this.#unwritten = null;
    this.#turn.remove(this);
    this.#transportClosed();
    this.#turn.runUrgent();
    this.#owner.onTransportClosed(this.#error, this.#isLost);
  }

  #transportClosed(): void {
    this.#isLost ||= !this.#isEnding;
    this.#isBusy = true;
    try {
      this.#connection.transportClosed();
    } catch (thrown) {
      this.#onDefect(thrown);
    }
    this.#isBusy = false;
  }

  #onDefect(thrown: unknown): void {
    this.#socket.destroy();
    this.#owner.onTransportDefect(thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown }));
  }
}
