import type { CallView } from '../../proxy/observer.ts';
import type { LineWriter } from './line-writer.ts';
import type { PartFrame } from './part-frame.ts';
import type { Piece } from './piece.ts';

/** What lines show as a number. */
export const NumberValue = {
  BYTES_RECEIVED: 0,
  BYTES_SENT: 1,
  DURATION: 2,
  GRPC_STATUS_NUMBER: 3,
  RESPONSE_CODE: 4,
  RESPONSE_DURATION: 5,
  SERVICE_TIME: 6,
  UPSTREAM_REQUEST_ATTEMPT_COUNT: 7,
} as const;
/** One of them. */
export type NumberValue = (typeof NumberValue)[keyof typeof NumberValue];

/** Numbers below are kept as pieces once they were seen: statuses, and most times and sizes. */
const KEPT_NUMBERS = 1024;

/** A whole number, such as a size or a time; there is none while it is negative. Fractions of milliseconds are cut off, as Envoy does. */
export class NumberPart {
  readonly #value: NumberValue;
  readonly #frame: PartFrame;
  readonly #kept: (Piece | null)[] = Array.from({ length: KEPT_NUMBERS }, () => null);

  constructor(value: NumberValue, frame: PartFrame) {
    this.#value = value;
    this.#frame = frame;
  }

  write(call: CallView, line: LineWriter): void {
    const value = numberOf(this.#value, call);
    if (value < 0) {
      line.piece(this.#frame.none);
    } else if (value < KEPT_NUMBERS) {
      this.#writeSmall(Math.trunc(value), line);
    } else {
      line.piece(this.#frame.opening);
      line.number(Math.floor(value));
    }
  }

  #writeSmall(value: number, line: LineWriter): void {
    const piece = (this.#kept[value] ??= this.#frame.around(Buffer.from(String(value))));
    if (line.at + piece.length <= line.end) {
      line.piece(piece);
    } else {
      // Half a number would be another number.
      line.piece(this.#frame.opening);
      line.number(value);
    }
  }
}

/** Negative for none. */
function numberOf(value: NumberValue, call: CallView): number {
  switch (value) {
    case NumberValue.BYTES_RECEIVED:
      return call.requestOctets;
    case NumberValue.BYTES_SENT:
      return call.responseOctets;
    case NumberValue.DURATION:
      return call.durationMs;
    case NumberValue.GRPC_STATUS_NUMBER:
      return call.grpcStatus;
    case NumberValue.RESPONSE_CODE:
      return call.httpStatus;
    case NumberValue.RESPONSE_DURATION:
      return call.firstByteMs;
    case NumberValue.SERVICE_TIME:
      return call.isRequestWhole ? call.firstByteMs : -1;
    case NumberValue.UPSTREAM_REQUEST_ATTEMPT_COUNT:
      return call.endpoint === null ? 0 : call.retries + 1;
  }
}
