import { GRPC_CONTENT_TYPE } from '../grpc/content-type.ts';
import { encodeGrpcMessage } from '../grpc/trailers.ts';
import { ErrorCode, FieldList, type Http2Stream } from '../http2/index.ts';
import { LOCAL_ANSWERS, LocalReason } from './local-reason.ts';

/** Says that the answer is ours, and why. */
export const ERROR_HEADER = 'x-health-bridge-error';

/** What is known of the request that is answered. */
export interface AnsweredRequest {
  readonly isGrpc: boolean;
  /** Its answer has no content (RFC 9110, section 9.3.2). */
  readonly isHead: boolean;
  /** Whether the response's header section has been sent, so that only its end can be told. */
  readonly hasHeaders: boolean;
}

/** An answer, ready to be sent any number of times. */
interface Prepared {
  readonly trailersOnly: FieldList;
  readonly trailers: FieldList;
  readonly plain: FieldList;
  readonly body: Buffer;
}

/** Answers to HTTP/2 requests that are made here, not by an endpoint. Each is built once. */
export class LocalReplies {
  readonly #prepared = new Map<LocalReason, Prepared>(Object.values(LocalReason).map((reason) => [reason, prepare(reason)]));

  /**
   * Ends the stream with the reason. A gRPC call is told by its status: with one header section if none was sent before (gRPC over HTTP/2,
   * "Trailers-Only"), else with trailers behind the content that is queued. Other requests get a small answer, or a reset.
   */
  send(stream: Http2Stream, reason: LocalReason, request: AnsweredRequest): void {
    const prepared = this.#prepared.get(reason);
    if (prepared === undefined || stream.isClosed) {
      return;
    }
    if (request.isGrpc) {
      if (request.hasHeaders) {
        stream.sendTrailers(prepared.trailers);
      } else {
        stream.sendHeaders(prepared.trailersOnly, true);
      }
    } else if (request.hasHeaders) {
      stream.reset(ErrorCode.INTERNAL_ERROR);
      return;
    } else {
      stream.sendHeaders(prepared.plain, request.isHead);
      if (!request.isHead) {
        stream.sendData(prepared.body, 0, prepared.body.length, true);
      }
    }
    stream.stopReceiving();
  }
}

function prepare(reason: LocalReason): Prepared {
  const { grpcStatus, httpStatus, message } = LOCAL_ANSWERS[reason];
  const body = Buffer.from(`${message}\n`);
  const status: readonly (readonly [string, string])[] = [
    ['grpc-status', String(grpcStatus)],
    ['grpc-message', encodeGrpcMessage(message)],
    [ERROR_HEADER, reason],
  ];
  return {
    trailersOnly: toFields([[':status', '200'], ['content-type', GRPC_CONTENT_TYPE], ...status]),
    trailers: toFields(status),
    plain: toFields([
      [':status', String(httpStatus)],
      ['content-type', 'text/plain; charset=utf-8'],
      ['content-length', String(body.length)],
      [ERROR_HEADER, reason],
    ]),
    body,
  };
}

function toFields(fields: readonly (readonly [string, string])[]): FieldList {
  const list = new FieldList();
  for (const [name, value] of fields) {
    list.pushText(name, value);
  }
  return list;
}
