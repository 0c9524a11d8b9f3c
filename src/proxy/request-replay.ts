import { FieldList, type Http2Stream } from '../http2/index.ts';

/** Content kept of one request, so that it can be sent again. Octets; Envoy's `per_request_buffer_limit_bytes` in small, gRPC's default 256 KiB. */
export const MAX_REPLAY_OCTETS = 65_536;

/** Shorter ranges are copied behind each other, so that a client that sends single octets does not make us keep an object for each. Octets. */
const LINK_OCTETS = 1024;

/** Room for copies that stays with the object when it is used again: less than a connection keeps by reference, as it is written again. Octets. */
const ROOM_OCTETS = 2048;

/** Room for copies when that is full. Octets. */
const MORE_ROOM_OCTETS = 16_384;

/** Memory that the replays of one thread may hold together; above it calls are no longer replayable. Octets, default 64 MiB. */
export class ReplayBudget {
  readonly limit: number;
  octets = 0;

  constructor(limit: number = 64 * 1024 * 1024) {
    this.limit = limit;
  }
}

/** A range is only kept by reference if the memory that it keeps alive is at most so many times as large. */
const MAX_PINNED_FACTOR = 4;

const NO_OCTETS: Buffer = Buffer.alloc(0);

/** A piece of content. */
class Range {
  octets: Buffer = NO_OCTETS;
  start = 0;
  end = 0;
}

/**
 * What a client has sent of a request, kept until an endpoint has begun to answer, so that a call which provably was not processed can go
 * to another. The object is used again for call after call.
 *
 * While nobody has taken the request all of it is kept, whatever its size: what is not consumed is bounded by the stream's window.
 */
export class RequestReplay {
  readonly fields: FieldList = new FieldList();
  /** Null for none. */
  trailers: FieldList | null = null;
  /** Whether the request is complete. */
  isEnded = false;
  /** Whether all of the request is here. */
  isWhole = false;
  #octets = 0;
  #count = 0;
  /** Where short ranges are copied to, and how far that is filled. */
  #room: Buffer = NO_OCTETS;
  #roomAt = 0;
  /** The room of every request's first octets. */
  #firstRoom: Buffer = NO_OCTETS;
  readonly #ranges: Range[] = [];
  readonly #budget: ReplayBudget;

  constructor(budget: ReplayBudget) {
    this.#budget = budget;
  }

  /** Content kept. Octets. */
  get octets(): number {
    return this.#octets;
  }

  /** A new request. The list is copied. */
  begin(fields: FieldList, isEnded: boolean): void {
    this.fields.assign(fields);
    this.trailers = null;
    this.isEnded = isEnded;
    this.isWhole = true;
  }

  /** Whether so much more may be kept of a request that is under way. */
  hasRoom(octets: number): boolean {
    return this.isWhole && this.#octets + octets <= MAX_REPLAY_OCTETS && this.#budget.octets + octets <= this.#budget.limit;
  }

  /** Keeps content. The octets must not change afterwards. */
  add(octets: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length === 0) {
      return;
    }
    this.#octets += length;
    this.#budget.octets += length;
    if (length < LINK_OCTETS) {
      this.#copyIn(octets, start, end);
      return;
    }
    const range = this.#nextRange();
    const isSmallPart = length * MAX_PINNED_FACTOR < octets.buffer.byteLength;
    range.octets = isSmallPart ? Buffer.from(octets.subarray(start, end)) : octets;
    range.start = isSmallPart ? 0 : start;
    range.end = range.start + length;
  }

  /** Sends all there is on a stream that has been opened with `fields`, and returns how much of the content has left at once. */
  sendTo(stream: Http2Stream): number {
    const last = this.#count - 1;
    const isEnd = this.isEnded && this.trailers === null;
    let sent = 0;
    for (let index = 0; index <= last; index++) {
      const range = this.#ranges[index];
      if (range !== undefined) {
        sent += stream.sendData(range.octets, range.start, range.end, isEnd && index === last);
      }
    }
    if (this.trailers !== null) {
      stream.sendTrailers(this.trailers);
    } else if (isEnd && last < 0) {
      stream.sendData(NO_OCTETS, 0, 0, true);
    }
    return sent;
  }

  /** Lets go of the content: the request cannot be sent again. `fields` stay. */
  drop(): void {
    this.isWhole = false;
    this.trailers = null;
    this.#budget.octets -= this.#octets;
    this.#octets = 0;
    for (let index = 0; index < this.#count; index++) {
      const range = this.#ranges[index];
      if (range !== undefined) {
        range.octets = NO_OCTETS;
      }
    }
    this.#count = 0;
    this.#room = this.#firstRoom;
    this.#roomAt = 0;
  }

  /** Lets go of everything. */
  clear(): void {
    this.drop();
    this.fields.clear();
  }

  #copyIn(octets: Buffer, start: number, end: number): void {
    if (this.#roomAt + end - start > this.#room.length) {
      this.#makeRoom();
    }
    const at = this.#roomAt;
    this.#roomAt = at + octets.copy(this.#room, at, start, end);
    const last = this.#count === 0 ? undefined : this.#ranges[this.#count - 1];
    if (last !== undefined && last.octets === this.#room && last.end === at) {
      last.end = this.#roomAt;
      return;
    }
    const range = this.#nextRange();
    range.octets = this.#room;
    range.start = at;
    range.end = this.#roomAt;
  }

  #makeRoom(): void {
    const isFirst = this.#firstRoom.length === 0;
    this.#room = Buffer.allocUnsafeSlow(isFirst ? ROOM_OCTETS : MORE_ROOM_OCTETS);
    this.#roomAt = 0;
    if (isFirst) {
      this.#firstRoom = this.#room;
    }
  }

  #nextRange(): Range {
    let range = this.#ranges[this.#count];
    if (range === undefined) {
      range = new Range();
      this.#ranges.push(range);
    }
    this.#count++;
    return range;
  }
}
