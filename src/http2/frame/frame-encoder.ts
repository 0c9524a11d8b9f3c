import { copyInto } from '../copy-into.ts';
import { CLIENT_PREFACE, Flag, FRAME_HEAD_OCTETS, FrameType, MIN_MAX_FRAME_OCTETS } from './constants.ts';
import { GOAWAY_FIXED_OCTETS, MAX_DEBUG_OCTETS } from './goaway.ts';
import { writeUint16, writeUint24, writeUint32 } from './octets.ts';
import type { OutputBuffer } from './output-buffer.ts';
import { PING_OCTETS } from './ping.ts';
import { RST_STREAM_OCTETS } from './rst-stream.ts';
import { SETTING_OCTETS, type Setting } from './settings.ts';
import { WINDOW_UPDATE_OCTETS } from './window-update.ts';

/** What every peer accepts (RFC 9113, section 4.2). Larger frames would only hold up the streams beside them. */
const FRAME_OCTETS = MIN_MAX_FRAME_OCTETS;

/** The head of every PING acknowledgement (RFC 9113, section 6.7). */
const PING_ACK_HEAD: Uint8Array = Uint8Array.of(0, 0, PING_OCTETS, FrameType.PING, Flag.ACK, 0, 0, 0, 0);

/** The first four octets of our PING payloads; arbitrary. */
export const PING_MARK = 0x67726862;

const NO_SLAB: Buffer = Buffer.alloc(0);

/**
 * Writes frames into an OutputBuffer. It knows the wire and nothing of streams: what may be sent when is the caller's concern.
 *
 * DATA that follows DATA of the same stream directly, in one batch, joins it: the head in the slab is changed instead of a new one written.
 * Peers count small frames (RUSTSEC-2026-0258), and a relay that reads many small messages at once need not send each in a frame of its own.
 */
export class FrameEncoder {
  readonly output: OutputBuffer;
  /** DATA sent in the connection's life, joined ones counted singly: what entitles a peer to WINDOW_UPDATE frames. */
  dataFramesSent = 0;
  /** The stream whose DATA frame was written last, with nothing behind it; 0 for none. */
  #joinStreamId = 0;
  #joinSlab: Buffer = NO_SLAB;
  #joinAt = 0;
  #joinOctets = 0;
  /** A field block too long for one frame, until it has been cut. */
  #longBlock: Buffer | null = null;
  /** Nothing may overtake our first SETTINGS. */
  #hasBatchLeft = false;

  constructor(output: OutputBuffer) {
    this.output = output;
  }

  /** To be called when the output has been taken: the frames in it can no longer be changed. */
  onTaken(): void {
    this.#hasBatchLeft = true;
    this.#endJoin();
  }

  /** RFC 9113, section 3.4. */
  clientPreface(): void {
    const at = this.output.reserve(CLIENT_PREFACE.length);
    this.output.slab.set(CLIENT_PREFACE, at);
    this.output.position = at + CLIENT_PREFACE.length;
  }

  /** One or more octets of content; longer than a frame, it is cut. */
  data(streamId: number, octets: Buffer, start: number, end: number): void {
    if (this.#joinStreamId === streamId && this.#joinOctets + end - start <= FRAME_OCTETS) {
      this.dataFramesSent++;
      this.#joinOctets += end - start;
      writeUint24(this.#joinSlab, this.#joinAt, this.#joinOctets);
      this.output.append(octets, start, end);
      return;
    }
    for (let at = start; at < end; at += FRAME_OCTETS) {
      const until = Math.min(end, at + FRAME_OCTETS);
      this.dataFramesSent++;
      this.#beginJoin(streamId, until - at);
      this.output.append(octets, at, until);
    }
  }

  /** Ends the stream: on its last DATA frame if that can still be changed, else by an empty one. */
  endStream(streamId: number): void {
    if (this.#joinStreamId !== streamId) {
      this.#beginJoin(streamId, 0);
    }
    this.#joinSlab[this.#joinAt + 4] = Flag.END_STREAM;
    this.#endJoin();
  }

  /**
   * Room for a field block of at most `octets`. The caller encodes it into `blockTarget` from the offset returned and then calls endBlock.
   */
  beginBlock(octets: number): number {
    if (octets <= FRAME_OCTETS) {
      return this.output.reserve(FRAME_HEAD_OCTETS + octets) + FRAME_HEAD_OCTETS;
    }
    this.#longBlock = Buffer.allocUnsafeSlow(octets);
    return 0;
  }

  /** Where beginBlock's offset points to. */
  get blockTarget(): Buffer {
    return this.#longBlock ?? this.output.slab;
  }

  /** Frames the block that ends at `end`: HEADERS, and CONTINUATION as far as it is too long (RFC 9113, section 4.3). */
  endBlock(streamId: number, end: number, isEndOfStream: boolean): void {
    const flags = isEndOfStream ? Flag.END_STREAM : Flag.NONE;
    const block = this.#longBlock;
    if (block === null) {
      const at = this.output.position;
      this.#writeHead(end - at - FRAME_HEAD_OCTETS, FrameType.HEADERS, flags | Flag.END_HEADERS, streamId);
      this.output.position = end;
      return;
    }
    this.#longBlock = null;
    for (let at = 0; at < end || at === 0; at += FRAME_OCTETS) {
      const until = Math.min(end, at + FRAME_OCTETS);
      const last = until === end ? Flag.END_HEADERS : Flag.NONE;
      const type = at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
      this.#begin(until - at, type, at === 0 ? flags | last : last, streamId);
      this.output.append(block, at, until);
    }
  }

  /** RFC 9113, section 6.4. */
  rstStream(streamId: number, code: number): void {
    const at = this.#begin(RST_STREAM_OCTETS, FrameType.RST_STREAM, Flag.NONE, streamId);
    writeUint32(this.output.slab, at, code);
    this.output.position = at + RST_STREAM_OCTETS;
  }

  /** RFC 9113, section 6.5. */
  settings(settings: readonly Setting[]): void {
    let at = this.#begin(settings.length * SETTING_OCTETS, FrameType.SETTINGS, Flag.NONE, 0);
    for (const setting of settings) {
      writeUint16(this.output.slab, at, setting.id);
      writeUint32(this.output.slab, at + 2, setting.value);
      at += SETTING_OCTETS;
    }
    this.output.position = at;
  }

  /** Stays in its place among the frames: what follows it was made under the settings that it acknowledges (RFC 9113, section 6.5.3). */
  settingsAck(): void {
    this.#begin(0, FrameType.SETTINGS, Flag.ACK, 0);
  }

  /** `value` and a constant are the eight octets, so that the acknowledgement can be told from others. */
  ping(value: number): void {
    const at = this.#begin(PING_OCTETS, FrameType.PING, Flag.NONE, 0);
    writeUint32(this.output.slab, at, PING_MARK);
    writeUint32(this.output.slab, at + 4, value);
    this.output.position = at + PING_OCTETS;
  }

  /** Repeats the eight octets at `start`, before everything that waits if there is room: RFC 9113, section 6.7, gives PING priority. */
  pingAck(octets: Buffer, start: number): void {
    const front = this.#hasBatchLeft ? this.output.reserveFront(FRAME_HEAD_OCTETS + PING_OCTETS) : -1;
    if (front >= 0) {
      this.output.frontSlab.set(PING_ACK_HEAD, front);
      copyInto(this.output.frontSlab, front + FRAME_HEAD_OCTETS, octets, start, start + PING_OCTETS);
      return;
    }
    const at = this.#begin(PING_OCTETS, FrameType.PING, Flag.ACK, 0);
    copyInto(this.output.slab, at, octets, start, start + PING_OCTETS);
    this.output.position = at + PING_OCTETS;
  }

  /** `debug` is ASCII of ours; what exceeds MAX_DEBUG_OCTETS is cut. */
  goaway(lastStreamId: number, code: number, debug: string): void {
    const text = debug.slice(0, MAX_DEBUG_OCTETS);
    const at = this.#begin(GOAWAY_FIXED_OCTETS + text.length, FrameType.GOAWAY, Flag.NONE, 0);
    writeUint32(this.output.slab, at, lastStreamId);
    writeUint32(this.output.slab, at + 4, code);
    this.output.position = at + GOAWAY_FIXED_OCTETS + this.output.slab.write(text, at + GOAWAY_FIXED_OCTETS, 'latin1');
  }

  /** `increment` is 1 to 2^31-1; stream 0 is the connection. */
  windowUpdate(streamId: number, increment: number): void {
    const at = this.#begin(WINDOW_UPDATE_OCTETS, FrameType.WINDOW_UPDATE, Flag.NONE, streamId);
    writeUint32(this.output.slab, at, increment);
    this.output.position = at + WINDOW_UPDATE_OCTETS;
  }

  /** Starts a frame that nothing joins, with room for its whole payload, and returns where that payload goes. */
  #begin(length: number, type: number, flags: number, streamId: number): number {
    this.output.reserve(FRAME_HEAD_OCTETS + length);
    this.#writeHead(length, type, flags, streamId);
    this.output.position += FRAME_HEAD_OCTETS;
    return this.output.position;
  }

  /** Starts a DATA frame whose payload of `length` is appended by the caller, and which later DATA may join. */
  #beginJoin(streamId: number, length: number): void {
    const at = this.output.reserve(FRAME_HEAD_OCTETS);
    this.#writeHead(length, FrameType.DATA, Flag.NONE, streamId);
    this.output.position = at + FRAME_HEAD_OCTETS;
    this.#joinStreamId = streamId;
    this.#joinSlab = this.output.slab;
    this.#joinAt = at;
    this.#joinOctets = length;
  }

  #endJoin(): void {
    this.#joinStreamId = 0;
    this.#joinSlab = NO_SLAB;
  }

  #writeHead(length: number, type: number, flags: number, streamId: number): void {
    const slab = this.output.slab;
    const at = this.output.position;
    this.#joinStreamId = 0;
    writeUint24(slab, at, length);
    slab[at + 3] = type;
    slab[at + 4] = flags;
    writeUint32(slab, at + 5, streamId);
  }
}
