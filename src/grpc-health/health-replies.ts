import { GRPC_CONTENT_TYPE } from '../grpc/content-type.ts';
import { encodeHealthCheckResponse } from '../grpc/health-message.ts';
import { frameMessage, type MessageProblem } from '../grpc/message.ts';
import type { ServingStatus } from '../grpc/serving-status.ts';
import { GrpcStatus } from '../grpc/status.ts';
import { encodeGrpcMessage } from '../grpc/trailers.ts';
import { FieldList, type Http2Stream } from '../http2/index.ts';

/**
 * Why a call of the health service has no answer: `unknownService`, the name stands for nothing; `malformed`, the message is no
 * HealthCheckRequest; `badTimeout`, the same of `grpc-timeout`; `tooManyWatches` and `tooManyNames`, limits; `down`, what a status path says.
 */
export type Refusal = MessageProblem | 'unknownService' | 'malformed' | 'badTimeout' | 'tooManyWatches' | 'tooManyNames' | 'down';

/** A refusal in its forms. */
export interface RefusalText {
  readonly grpcStatus: number;
  /** What a GET would be answered with: the code under which the answer is counted. */
  readonly httpStatus: number;
  readonly message: string;
}

const { INTERNAL, NOT_FOUND, RESOURCE_EXHAUSTED, UNAVAILABLE, UNIMPLEMENTED } = GrpcStatus;

/** Statuses as gRPC servers commonly use them (grpc.io, "Status codes and their use in gRPC"). */
const REFUSALS: Readonly<Record<Refusal, RefusalText>> = Object.freeze({
  unknownService: { grpcStatus: NOT_FOUND, httpStatus: 404, message: 'unknown service' },
  malformed: { grpcStatus: INTERNAL, httpStatus: 400, message: 'the request is no HealthCheckRequest' },
  badTimeout: { grpcStatus: INTERNAL, httpStatus: 400, message: 'malformed grpc-timeout' },
  // gRPC over HTTP/2, "Message-Encoding": with grpc-accept-encoding, which says what would have been understood.
  compressed: { grpcStatus: UNIMPLEMENTED, httpStatus: 400, message: 'compressed requests are not supported' },
  badFlag: { grpcStatus: INTERNAL, httpStatus: 400, message: 'malformed message prefix' },
  tooLarge: { grpcStatus: RESOURCE_EXHAUSTED, httpStatus: 400, message: 'the request is too large' },
  none: { grpcStatus: INTERNAL, httpStatus: 400, message: 'the request has no message' },
  cut: { grpcStatus: INTERNAL, httpStatus: 400, message: 'the request ended within its message' },
  tooMany: { grpcStatus: INTERNAL, httpStatus: 400, message: 'the request has more than one message' },
  tooManyWatches: { grpcStatus: RESOURCE_EXHAUSTED, httpStatus: 429, message: 'too many watches' },
  tooManyNames: { grpcStatus: RESOURCE_EXHAUSTED, httpStatus: 429, message: 'too many names to list' },
  down: { grpcStatus: UNAVAILABLE, httpStatus: 503, message: 'unavailable' },
});

/** Writes what the health service answers. Everything that is the same for each call is built once. */
export class HealthReplies {
  readonly #headers = toFields([[':status', '200'], ...BASE]);
  readonly #trailers = toFields([['grpc-status', String(GrpcStatus.OK)]]);
  readonly #refusals = new Map<Refusal, FieldList>();
  readonly #words = new Map<ServingStatus, Buffer>();

  /** Begins a response: all of a Watch up to its end. */
  sendHeaders(stream: Http2Stream): void {
    stream.sendHeaders(this.#headers, false);
  }

  /** One HealthCheckResponse, after the headers. Returns its octets on the wire, as the others do. */
  sendWord(stream: Http2Stream, status: ServingStatus): number {
    const message = this.#wordOf(status);
    stream.sendData(message, 0, message.length, false);
    return message.length;
  }

  /** A whole response of one message. */
  sendMessage(stream: Http2Stream, message: Buffer): number {
    const framed = frameMessage(message);
    this.sendHeaders(stream);
    stream.sendData(framed, 0, framed.length, false);
    this.#end(stream);
    return framed.length;
  }

  /** A whole response to Check. */
  sendCheck(stream: Http2Stream, status: ServingStatus): number {
    this.sendHeaders(stream);
    const octets = this.sendWord(stream, status);
    this.#end(stream);
    return octets;
  }

  /** A whole response without a message. Returns what it says. */
  refuse(stream: Http2Stream, refusal: Refusal): RefusalText {
    stream.sendHeaders(this.#refusalOf(refusal), true);
    stream.stopReceiving();
    return REFUSALS[refusal];
  }

  #end(stream: Http2Stream): void {
    stream.sendTrailers(this.#trailers);
    stream.stopReceiving();
  }

  #wordOf(status: ServingStatus): Buffer {
    const known = this.#words.get(status);
    if (known !== undefined) {
      return known;
    }
    const framed = frameMessage(encodeHealthCheckResponse(status));
    this.#words.set(status, framed);
    return framed;
  }

  #refusalOf(refusal: Refusal): FieldList {
    const known = this.#refusals.get(refusal);
    if (known !== undefined) {
      return known;
    }
    const { grpcStatus, message } = REFUSALS[refusal];
    // gRPC over HTTP/2, "Trailers-Only".
    const status: readonly Pair[] = [
      ['grpc-status', String(grpcStatus)],
      ['grpc-message', encodeGrpcMessage(message)],
    ];
    const fields = toFields([[':status', '200'], ...BASE, ...status]);
    this.#refusals.set(refusal, fields);
    return fields;
  }
}

type Pair = readonly [name: string, value: string];

const BASE: readonly Pair[] = [
  ['content-type', GRPC_CONTENT_TYPE],
  ['grpc-accept-encoding', 'identity'],
];

function toFields(pairs: readonly Pair[]): FieldList {
  const fields = new FieldList();
  for (const [name, value] of pairs) {
    fields.pushText(name, value);
  }
  return fields;
}
