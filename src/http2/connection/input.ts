import { StreamError } from '../errors.ts';
import type { DecodeGate } from '../frame/decode-gate.ts';
import type { FrameDecoder } from '../frame/frame-decoder.ts';
import type { ConnectionContext } from './context.ts';
import { DeferredInput } from './deferred-input.ts';
import type { HeaderReceiver } from './header-receiver.ts';
import { PrefaceReader } from './preface.ts';
import type { StreamResets } from './stream-resets.ts';

/** What the input is led through. */
export interface InputParts {
  readonly decoder: FrameDecoder;
  readonly headers: HeaderReceiver;
  readonly resets: StreamResets;
}

/** Leads received octets through the preface to the frame decoder, and keeps what has to wait for the next turn of the owner's loop. */
export class Input {
  readonly #preface: PrefaceReader | null;
  readonly #deferred: DeferredInput;
  readonly #parts: InputParts;
  readonly #gate: DecodeGate;
  readonly #tellDue: () => void;
  #isClosed = false;

  /** `tellDue` tells the owner what has ended. */
  constructor(context: ConnectionContext, parts: InputParts, tellDue: () => void) {
    this.#gate = context.gate;
    this.#tellDue = tellDue;
    this.#preface = context.isServer ? new PrefaceReader() : null;
    this.#deferred = new DeferredInput(context.options.isInputReused, context.abuse);
    this.#parts = parts;
  }

  /** Whether nothing waits for the next turn. */
  get isDrained(): boolean {
    return this.#deferred.isEmpty;
  }

  /** Takes octets, or keeps them behind those that wait. Throws ConnectionError. */
  receive(octets: Buffer, start: number, end: number): void {
    if (this.#deferred.isEmpty) {
      this.#decode(octets, start, end, false);
    } else {
      this.#deferred.push(octets.subarray(start, end));
    }
  }

  /** Goes on with what waits, in a new turn. Throws ConnectionError. */
  receiveDeferred(): void {
    this.#parts.headers.newStreams = 0;
    this.#gate.isShut = false;
    for (let octets = this.#next(); octets !== null; octets = this.#next()) {
      this.#decode(octets, 0, octets.length, true);
    }
  }

  /** A turn of the owner's loop has ended: as many streams as before may begin in the next one. */
  endTurn(): void {
    this.#parts.headers.newStreams = 0;
    if (this.#deferred.isEmpty) {
      this.#gate.isShut = false;
    }
  }

  /** Takes nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#gate.isShut = true;
    this.#deferred.clear();
  }

  #next(): Buffer | null {
    return this.#gate.isShut ? null : this.#deferred.shift();
  }

  #decode(octets: Buffer, start: number, end: number, isOwned: boolean): void {
    let at = this.#preface === null || this.#preface.isComplete ? start : this.#preface.read(octets, start, end);
    while (at < end && !this.#gate.isShut) {
      at = this.#decodeFrom(octets, at, end);
      if (this.#gate.isYielding) {
        this.#gate.isYielding = false;
        this.#tellDue();
      }
    }
    if (at < end && !this.#isClosed) {
      this.#deferred.unshift(octets.subarray(at, end), isOwned);
    }
  }

  #decodeFrom(octets: Buffer, at: number, end: number): number {
    const { decoder, resets } = this.#parts;
    try {
      decoder.decode(octets, at, end);
    } catch (error) {
      if (!(error instanceof StreamError)) {
        throw error;
      }
      resets.recvError(error);
    }
    return decoder.position;
  }
}
