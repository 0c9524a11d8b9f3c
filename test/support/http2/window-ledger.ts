import assert from 'node:assert/strict';
import type { Http2Connection, Http2Stream } from '../../../src/http2/index.ts';
import { Stream } from '../../../src/http2/stream/stream.ts';
import type { WireFrame } from './wire.ts';

const DEFAULT_WINDOW = 65_535;

/** RFC 9113, section 6.9: the highest bit of an increment is reserved. */
const RESERVED_BIT_MASK = 0x7fff_ffff;

/** One stream's two windows, as an observer of the wire sees them. */
interface StreamWindows {
  /** What the engine may still send. */
  engine: number;
  /** What the engine's peer may still send. */
  peer: number;
}

/**
 * Follows the four flow-control ledgers of RFC 9113, section 5.2, from the frames that cross the wire alone, and fails when the engine sends
 * more than it may, or when its own count of the peer's credit differs: initial + credits sent − octets received = receive window.
 */
export class WindowLedger {
  engine = DEFAULT_WINDOW;
  peer = DEFAULT_WINDOW;
  readonly #streams = new Map<number, StreamWindows>();
  #engineInitial = DEFAULT_WINDOW;
  #peerInitial: number;
  readonly #announced: number;

  /** `announced` is the stream window in the engine's SETTINGS; a smaller one than the default holds from their acknowledgement on. */
  constructor(announced: number) {
    this.#announced = announced;
    this.#peerInitial = Math.max(DEFAULT_WINDOW, announced);
  }

  /** A frame that the peer sends. */
  recv(frame: WireFrame): void {
    if (frame.type === 0) {
      this.peer -= frame.payload.length;
      this.#of(frame.streamId).peer -= frame.payload.length;
    } else if (isMalformed(frame)) {
      // Ends the connection, and with it all windows.
    } else if (frame.type === 8 && frame.streamId === 0) {
      this.engine += frame.payload.readUInt32BE(0) & RESERVED_BIT_MASK;
    } else if (frame.type === 8) {
      this.#of(frame.streamId).engine += frame.payload.readUInt32BE(0) & RESERVED_BIT_MASK;
    } else if (frame.type === 4 && (frame.flags & 1) === 1) {
      this.#acknowledge();
    } else if (frame.type === 4) {
      this.#recvSettings(frame.payload);
    }
  }

  /** A frame that the engine sends. */
  sent(frame: WireFrame): void {
    if (frame.type === 0) {
      this.engine -= frame.payload.length;
      const windows = this.#of(frame.streamId);
      windows.engine -= frame.payload.length;
      if (frame.payload.length > 0) {
        assert.ok(this.engine >= 0, `connection window overdrawn by ${-this.engine}`);
        assert.ok(windows.engine >= 0, `window of stream ${frame.streamId} overdrawn by ${-windows.engine}`);
      }
    } else if (frame.type === 8 && frame.streamId === 0) {
      this.peer += frame.payload.readUInt32BE(0);
    } else if (frame.type === 8) {
      this.#of(frame.streamId).peer += frame.payload.readUInt32BE(0);
    }
  }

  /** To be called when all output so far has been seen, with the engine's live streams. */
  check(connection: Http2Connection, streams: ReadonlyMap<number, Http2Stream>): void {
    if (connection.isClosed) {
      return;
    }
    assert.equal(connection.receiveWindow, this.peer, 'connection receive window');
    assert.equal(connection.sendWindow, this.engine, 'connection send window');
    for (const [streamId, stream] of streams) {
      if (stream instanceof Stream && !stream.isClosed) {
        const windows = this.#of(streamId);
        assert.equal(stream.sendWindow, windows.engine, `send window of stream ${streamId}`);
        assert.equal(stream.recvWindow, windows.peer, `receive window of stream ${streamId}`);
      }
    }
  }

  /** What the engine's peer may still send on a stream. */
  peerWindowOf(streamId: number): number {
    return this.#of(streamId).peer;
  }

  #acknowledge(): void {
    const change = this.#announced - this.#peerInitial;
    this.#peerInitial = this.#announced;
    for (const windows of this.#streams.values()) {
      windows.peer += change;
    }
  }

  #recvSettings(payload: Buffer): void {
    for (let at = 0; at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) === 4) {
        const value = payload.readUInt32BE(at + 2);
        for (const windows of this.#streams.values()) {
          windows.engine += value - this.#engineInitial;
        }
        this.#engineInitial = value;
      }
    }
  }

  #of(streamId: number): StreamWindows {
    let windows = this.#streams.get(streamId);
    if (windows === undefined) {
      windows = { engine: this.#engineInitial, peer: this.#peerInitial };
      this.#streams.set(streamId, windows);
    }
    return windows;
  }
}

function isMalformed({ type, payload }: WireFrame): boolean {
  return (type === 8 && payload.length !== 4) || (type === 4 && payload.length % 6 !== 0);
}
