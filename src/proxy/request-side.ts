import type { FieldList, Http2Stream } from '../http2/index.ts';
import { type ReplayBudget, RequestReplay } from './request-replay.ts';

/**
 * The request of one call on its way from the client to an endpoint, and to another if the first one refuses it. The client gets credit
 * for content as it leaves, once however often it is sent.
 */
export class RequestSide {
  readonly #replay: RequestReplay;
  /** Content that has left in this attempt. Octets. */
  #sent = 0;
  /** Content for which the client has been given credit. Octets. */
  #consumed = 0;

  constructor(budget: ReplayBudget) {
    this.#replay = new RequestReplay(budget);
  }

  /** The header section, as it goes upstream. The object is the same for every call. */
  get fields(): FieldList {
    return this.#replay.fields;
  }

  /** Whether all that has come is still here, so that it can be sent from the start. */
  get isWhole(): boolean {
    return this.#replay.isWhole;
  }

  /** Whether the request is complete and has nothing behind its header section. */
  get isBare(): boolean {
    const { isEnded, octets, trailers } = this.#replay;
    return isEnded && octets === 0 && trailers === null;
  }

  /** A new request. What the list holds is taken from it. */
  begin(fields: FieldList, isEnded: boolean): void {
    this.#replay.begin(fields, isEnded);
    this.#sent = 0;
    this.#consumed = 0;
  }

  /** Content has come on `down`. `up` is null while the request waits: then it is kept whatever its size, which the stream's window bounds. */
  // oxlint-disable-next-line eslint/max-params -- an object made for each frame would be garbage
  receive(octets: Buffer, start: number, end: number, down: Http2Stream, up: Http2Stream | null): void {
    const replay = this.#replay;
    replay.isEnded = down.isRecvEnded;
    if (up === null || replay.hasRoom(end - start)) {
      replay.add(octets, start, end);
    } else if (replay.isWhole) {
      replay.drop();
    }
    if (up !== null) {
      this.credit(up.sendData(octets, start, end, down.isRecvEnded), down);
    }
  }

  /** Trailers have come. `up` as in `receive`. */
  receiveTrailers(fields: FieldList, up: Http2Stream | null): void {
    this.#replay.isEnded = true;
    if (this.#replay.isWhole) {
      this.#replay.trailers = fields.retain();
    }
    up?.sendTrailers(fields);
  }

  /** Sends what there is behind the header section on a new stream. */
  sendTo(up: Http2Stream, down: Http2Stream | null): void {
    this.#sent = 0;
    this.credit(this.#replay.sendTo(up), down);
  }

  /** Content has left. */
  credit(octets: number, down: Http2Stream | null): void {
    this.#sent += octets;
    const due = this.#sent - this.#consumed;
    if (due > 0) {
      this.#consumed = this.#sent;
      down?.consume(due);
    }
  }

  /** The request will not be sent again. */
  commit(): void {
    this.#replay.drop();
  }

  /** The call is over. */
  clear(): void {
    this.#replay.clear();
  }
}
