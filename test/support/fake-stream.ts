import type { FieldList, Http2Stream } from '../../src/http2/index.ts';

/** A stream that takes what a test lets it take, and notes what it was asked for as text. */
export class FakeStream implements Http2Stream {
  readonly id = 1;
  context: object | null = null;
  isRecvEnded = false;
  isSendEnded = false;
  isClosed = false;
  queuedOctets = 0;
  /** Content that it takes at once; the rest waits. Octets. */
  window = Number.POSITIVE_INFINITY;
  consumed = 0;
  readonly content: Buffer[] = [];
  readonly log: string[] = [];

  sendInterim(fields: FieldList): void {
    this.log.push(`interim ${describeFields(fields)}`);
  }

  sendHeaders(fields: FieldList, isEndOfStream: boolean): void {
    this.log.push(`headers ${describeFields(fields)}${isEndOfStream ? ' end' : ''}`);
    this.isSendEnded = isEndOfStream;
  }

  sendData(octets: Buffer, start: number, end: number, isEndOfStream: boolean): number {
    const sent = Math.min(this.window, end - start);
    this.window -= sent;
    this.queuedOctets += end - start - sent;
    this.content.push(Buffer.from(octets.subarray(start, end)));
    this.log.push(`data ${end - start}${isEndOfStream ? ' end' : ''}`);
    this.isSendEnded = isEndOfStream;
    return sent;
  }

  sendTrailers(fields: FieldList): void {
    this.log.push(`trailers ${describeFields(fields)}`);
    this.isSendEnded = true;
  }

  consume(octets: number): void {
    this.consumed += octets;
  }

  reset(code: number): void {
    this.log.push(`reset ${code}`);
    this.isClosed = true;
  }

  stopReceiving(): void {
    this.log.push('stop');
  }
}

/** Fields as `name=value` with commas between. */
export function describeFields(fields: FieldList): string {
  const parts: string[] = [];
  for (let index = 0; index < fields.length; index++) {
    parts.push(`${fields.at(index).name.text}=${fields.at(index).valueText()}`);
  }
  return parts.join(',');
}
