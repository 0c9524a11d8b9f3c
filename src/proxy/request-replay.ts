import { copyInto, FieldList, type Http2Stream } from '../http2/index.ts';

/** Content kept of one request, so that it can be sent again. Octets; Envoy's `per_request_buffer_limit_bytes` in small, gRPC's default 256 KiB. */
export const MAX_REPLAY_OCTETS = 65_536;

/** Room that stays with the object when it is used again. Octets. */
const ROOM_OCTETS = 2048;

/** Room when that is full. Octets. */
const MORE_ROOM_OCTETS = 16_384;

/** Rooms of MORE_ROOM_OCTETS that are kept while nobody uses them: 4 MiB. */
const MAX_FREE_ROOMS = 256;

/** The memory of the replays of one listener. What they may hold together is limited; above it calls are no longer replayable. */
export class ReplayBudget {
  /** Octets, default 64 MiB. */
  readonly limit: number;
  /** Content that is kept. */
  octets = 0;
  readonly #free: Buffer[] = [];

  constructor(limit: number = 64 * 1024 * 1024) {
    this.limit = limit;
  }

  /** Room for 16 KiB of content, with arbitrary octets in it. */
  takeRoom(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(MORE_ROOM_OCTETS);
  }

  /** Takes a room back. */
  giveRoom(room: Buffer): void {
    if (this.#free.length < MAX_FREE_ROOMS) {
      this.#free.push(room);
    }
  }
}

const NO_OCTETS: Buffer = Buffer.alloc(0);

/**
 * What a client has sent of a request, kept until an endpoint has begun to answer, so that a call which provably was not processed can go
 * to another. Content is copied, as the buffer that it was read into is used again; so is the object, for call after call.
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
  /** The first octets of every request; made when the first request needs it. */
  #firstRoom: Buffer = NO_OCTETS;
  /** How far that is filled. */
  #firstOctets = 0;
  /** The octets behind them: all rooms are full but the last. */
  readonly #rooms: Buffer[] = [];
  /** How far the last one is filled. */
  #lastOctets = 0;
  readonly #budget: ReplayBudget;

  constructor(budget: ReplayBudget) {
    this.#budget = budget;
  }

  /** Content kept. Octets. */
  get octets(): number {
    return this.#octets;
  }

  /** A new request. What the list holds is taken from it. */
  begin(fields: FieldList, isEnded: boolean): void {
    this.fields.takeFrom(fields);
    this.trailers = null;
    this.isEnded = isEnded;
    this.isWhole = true;
  }

  /** Whether so much more may be kept of a request that is under way. */
  hasRoom(octets: number): boolean {
    return this.isWhole && this.#octets + octets <= MAX_REPLAY_OCTETS && this.#budget.octets + octets <= this.#budget.limit;
  }

  /** Keeps content. */
  add(octets: Buffer, start: number, end: number): void {
    this.#octets += end - start;
    this.#budget.octets += end - start;
    let at = start;
    if (this.#firstOctets < ROOM_OCTETS && at < end) {
      if (this.#firstRoom.length === 0) {
        this.#firstRoom = Buffer.allocUnsafeSlow(ROOM_OCTETS);
      }
      const until = Math.min(end, at + ROOM_OCTETS - this.#firstOctets);
      copyInto(this.#firstRoom, this.#firstOctets, octets, at, until);
      this.#firstOctets += until - at;
      at = until;
    }
    while (at < end) {
      const room = this.#roomyRoom();
      const until = Math.min(end, at + MORE_ROOM_OCTETS - this.#lastOctets);
      copyInto(room, this.#lastOctets, octets, at, until);
      this.#lastOctets += until - at;
      at = until;
    }
  }

  /** Sends all there is on a stream that has been opened with `fields`, and returns how much of the content has left at once. */
  sendTo(stream: Http2Stream): number {
    const isEnd = this.isEnded && this.trailers === null;
    const last = this.#rooms.length - 1;
    let sent = 0;
    if (this.#firstOctets > 0) {
      sent = stream.sendData(this.#firstRoom, 0, this.#firstOctets, isEnd && last < 0);
    }
    for (let index = 0; index <= last; index++) {
      const room = this.#rooms[index];
      if (room !== undefined) {
        const isLast = index === last;
        sent += stream.sendData(room, 0, isLast ? this.#lastOctets : MORE_ROOM_OCTETS, isEnd && isLast);
      }
    }
    if (this.trailers !== null) {
      stream.sendTrailers(this.trailers);
    } else if (isEnd && this.#octets === 0) {
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
    this.#firstOctets = 0;
    this.#lastOctets = 0;
    for (let room = this.#rooms.pop(); room !== undefined; room = this.#rooms.pop()) {
      this.#budget.giveRoom(room);
    }
  }

  /** Lets go of everything. */
  clear(): void {
    this.drop();
    this.fields.clear();
  }

  #roomyRoom(): Buffer {
    const last = this.#rooms.at(-1);
    if (last !== undefined && this.#lastOctets < MORE_ROOM_OCTETS) {
      return last;
    }
    const room = this.#budget.takeRoom();
    this.#rooms.push(room);
    this.#lastOctets = 0;
    return room;
  }
}
