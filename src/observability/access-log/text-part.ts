import { formatGrpcStatus } from '../../grpc/status.ts';
import type { CallView } from '../../proxy/observer.ts';
import { LineMemory, LineWriter } from './line-writer.ts';
import type { PartFrame } from './part-frame.ts';
import type { Piece } from './piece.ts';
import { responseFlagOf } from './response-flags.ts';

/** What lines show as a text that comes again and again. */
export const TextValue = {
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: 0,
  GRPC_STATUS_CAMEL: 1,
  GRPC_STATUS_SNAKE: 2,
  PROTOCOL: 3,
  RESPONSE_CODE_DETAILS: 4,
  RESPONSE_FLAGS: 5,
  ROUTE_NAME: 6,
  UPSTREAM_CLUSTER: 7,
  UPSTREAM_HOST: 8,
} as const;
/** One of them. */
export type TextValue = (typeof TextValue)[keyof typeof TextValue];

/** Texts that one part keeps; then it begins anew, as what comes often is back at once. */
export const MAX_KEPT_TEXTS = 1024;
/** What is shown of a text, escaped. Octets. */
const MAX_TEXT_OCTETS = 1024;
const CAMEL_STATUS = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

/** A text such as an address or a name; null and an empty one are none. */
export class TextPart {
  readonly #value: TextValue;
  readonly #frame: PartFrame;
  readonly #kept = new Map<string, Piece>();
  /** The one before, and its piece. */
  #text = '';
  #piece: Piece;

  constructor(value: TextValue, frame: PartFrame) {
    this.#value = value;
    this.#frame = frame;
    this.#piece = frame.none;
  }

  /** Texts that are kept. */
  get kept(): number {
    return this.#kept.size;
  }

  write(call: CallView, line: LineWriter): void {
    const text = textOf(this.#value, call) ?? '';
    if (text !== this.#text) {
      this.#text = text;
      this.#piece = this.#find(text);
    }
    line.piece(this.#piece);
  }

  #find(text: string): Piece {
    const known = text === '' ? this.#frame.none : this.#kept.get(text);
    if (known !== undefined) {
      return known;
    }
    if (this.#kept.size >= MAX_KEPT_TEXTS) {
      this.#kept.clear();
    }
    const made = this.#frame.around(escaped(text, this.#frame));
    this.#kept.set(text, made);
    return made;
  }
}

/** The address and port of the client; brackets are around the addresses of IPv6. */
export class AddressPart {
  readonly #frame: PartFrame;
  #address = '';
  #octets: Uint8Array = new Uint8Array();

  constructor(frame: PartFrame) {
    this.#frame = frame;
  }

  write({ remoteAddress, remotePort }: CallView, line: LineWriter): void {
    if (remoteAddress === '') {
      line.piece(this.#frame.none);
      return;
    }
    if (remoteAddress !== this.#address) {
      this.#address = remoteAddress;
      this.#octets = escaped(remoteAddress.includes(':') ? `[${remoteAddress}]:` : `${remoteAddress}:`, this.#frame);
    }
    line.piece(this.#frame.opening);
    line.raw(this.#octets);
    line.number(remotePort);
    line.piece(this.#frame.closing);
  }
}

function escaped(text: string, { form }: PartFrame): Uint8Array {
  const writer = new LineWriter(form);
  writer.begin(new LineMemory(MAX_TEXT_OCTETS), 0, MAX_TEXT_OCTETS);
  const octets = Buffer.from(text);
  writer.value(octets, 0, octets.length);
  return writer.octets.subarray(0, writer.at);
}

function textOf(value: TextValue, call: CallView): string | null {
  switch (value) {
    case TextValue.DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT:
      return call.remoteAddress;
    case TextValue.GRPC_STATUS_CAMEL:
      return statusText(call.grpcStatus, false);
    case TextValue.GRPC_STATUS_SNAKE:
      return statusText(call.grpcStatus, true);
    case TextValue.PROTOCOL:
      return call.protocol;
    case TextValue.RESPONSE_CODE_DETAILS:
      return detailsOf(call);
    case TextValue.RESPONSE_FLAGS:
      return responseFlagOf(call);
    case TextValue.ROUTE_NAME:
      return call.route;
    case TextValue.UPSTREAM_CLUSTER:
      return call.cluster;
    case TextValue.UPSTREAM_HOST:
      return call.endpoint === null ? null : call.endpoint.key;
  }
}

function statusText(code: number, isSnake: boolean): string | null {
  if (code < 0) {
    return null;
  }
  const camel = CAMEL_STATUS[code];
  return camel === undefined ? String(code) : isSnake ? formatGrpcStatus(code) : camel;
}

function detailsOf({ localReason, firstByteMs }: CallView): string | null {
  return localReason ?? (firstByteMs < 0 ? null : 'via_upstream');
}
