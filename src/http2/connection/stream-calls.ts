import type { FieldList } from '../hpack/field-list.ts';
import type { Stream, StreamOperations } from '../stream/stream.ts';
import type { ReceiveCredit } from './receive-credit.ts';
import type { Sender } from './sender.ts';

/** Leads what the owner asks of a stream to the half of the connection that does it. */
export class StreamCalls implements StreamOperations {
  readonly #sender: Sender;
  readonly #credit: ReceiveCredit;

  constructor(sender: Sender, credit: ReceiveCredit) {
    this.#sender = sender;
    this.#credit = credit;
  }

  sendInterim(stream: Stream, fields: FieldList): void {
    this.#sender.sendInterim(stream, fields);
  }

  sendHeaders(stream: Stream, fields: FieldList, isEndOfStream: boolean): void {
    this.#sender.sendHeaders(stream, fields, isEndOfStream);
  }

  sendData(stream: Stream, octets: Buffer, start: number, end: number): number {
    return this.#sender.sendData(stream, octets, start, end);
  }

  sendEnd(stream: Stream): void {
    this.#sender.sendEnd(stream);
  }

  sendTrailers(stream: Stream, fields: FieldList): void {
    this.#sender.sendTrailers(stream, fields);
  }

  consume(stream: Stream, octets: number): void {
    this.#credit.consume(stream, octets);
  }

  reset(stream: Stream, code: number): void {
    this.#sender.reset(stream, code);
  }

  stopReceiving(stream: Stream): void {
    this.#sender.stopReceiving(stream);
  }
}
