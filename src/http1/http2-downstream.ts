import { isGrpcContentType } from '../grpc/content-type.ts';
import { FieldList, type Http2Stream, ResetCause } from '../http2/index.ts';
import type { DownstreamStreamHandler } from '../proxy/downstream-stream.ts';
import { LocalReason } from '../proxy/local-reason.ts';
import type { LocalReplies } from '../proxy/local-replies.ts';
import { type RawFields, valuesOf } from './fields.ts';
import type { Http1Exchange } from './http1-exchange.ts';
import type { DownstreamSide, RelayedRequest } from './relayed-request.ts';

/**
 * The client's side of an exchange on an HTTP/2 stream. Credit for request content is given as the endpoint takes it (RFC 9113, section
 * 5.2.1), and response content is read on as it leaves.
 */
export class Http2Downstream implements DownstreamSide, DownstreamStreamHandler {
  readonly #request: RelayedRequest;
  readonly #replies: LocalReplies;
  /** Null when it has closed. */
  #stream: Http2Stream | null;
  #exchange: Http1Exchange | null = null;
  /** Request content for which no credit has been given. Octets. */
  #unconsumed = 0;
  #isDropping = false;
  #hasHeaders = false;
  /** Whether the client has ended the stream early. */
  #isReset = false;

  constructor(stream: Http2Stream, request: RelayedRequest, replies: LocalReplies) {
    this.#stream = stream;
    this.#request = request;
    this.#replies = replies;
    if (stream.isRecvEnded) {
      request.body?.finish();
    }
  }

  /** Begins. Called once. */
  start(exchange: Http1Exchange): void {
    this.#exchange = exchange;
    exchange.start();
  }

  onDownstreamData(octets: Buffer, start: number, end: number): void {
    const stream = this.#stream;
    const { body } = this.#request;
    this.#exchange?.onDownstreamData(end - start);
    if (this.#isDropping || body === null) {
      stream?.consume(end - start);
      return;
    }
    this.#unconsumed += end - start;
    // The range is good for this call alone.
    body.give(Buffer.from(octets.subarray(start, end)));
    if (stream?.isRecvEnded === true) {
      body.finish();
    }
  }

  onDownstreamTrailers(): void {
    // RFC 9110, section 6.5.1: trailers may be dropped, and undici sends none.
    this.#request.body?.finish();
  }

  onDownstreamOverLimit(): void {
    this.#exchange?.refuse(LocalReason.HEADERS_TOO_LARGE);
  }

  onDownstreamSent(): void {
    if (this.#stream?.queuedOctets === 0) {
      this.#exchange?.onDownstreamReady();
    }
  }

  onDownstreamReset(_code: number, cause: ResetCause): void {
    // The end follows at once.
    this.#isReset = cause !== ResetCause.CONNECTION;
  }

  onDownstreamClosed(): void {
    this.#stream = null;
    this.#exchange?.onDownstreamClosed(this.#isReset);
    this.#exchange = null;
  }

  sendInterim(status: number, fields: RawFields): void {
    this.#stream?.sendInterim(toFieldList(fields, status));
  }

  sendHeaders(status: number, fields: RawFields, isEnd: boolean): void {
    this.#hasHeaders = true;
    this.#stream?.sendHeaders(toFieldList(fields, status), isEnd);
  }

  sendData(octets: Buffer): boolean {
    const stream = this.#stream;
    return stream === null || (stream.sendData(octets, 0, octets.length, false) === octets.length && stream.queuedOctets === 0);
  }

  sendEnd(trailers: RawFields): void {
    if (trailers.length > 0) {
      this.#stream?.sendTrailers(toFieldList(trailers, null));
    } else {
      this.#stream?.sendData(NO_OCTETS, 0, 0, true);
    }
  }

  fail(reason: LocalReason): void {
    const { method, fields } = this.#request;
    if (this.#stream !== null) {
      const isGrpc = isGrpcContentType(valuesOf(fields, 'content-type')[0] ?? '');
      // An answer in the way of gRPC has no place behind a response of HTTP/1.1, which may be anything.
      this.#replies.send(this.#stream, reason, {
        isGrpc: isGrpc && !this.#hasHeaders,
        isHead: method === 'HEAD',
        hasHeaders: this.#hasHeaders,
      });
    }
  }

  onBodyTaken(octets: number): void {
    const known = Math.min(octets, this.#unconsumed);
    this.#unconsumed -= known;
    this.#stream?.consume(known);
  }

  dropRequest(): void {
    this.#isDropping = true;
    this.#stream?.consume(this.#unconsumed);
    this.#unconsumed = 0;
    this.#request.body?.destroy();
    this.#stream?.stopReceiving();
  }
}

const NO_OCTETS = Buffer.alloc(0);

/** With `:status` unless these are trailers. */
function toFieldList(fields: RawFields, status: number | null): FieldList {
  const list = new FieldList();
  if (status !== null) {
    list.pushText(':status', String(status));
  }
  for (let index = 0; index + 1 < fields.length; index += 2) {
    list.pushText((fields[index] ?? '').toLowerCase(), trimSpace(fields[index + 1] ?? ''));
  }
  return list;
}

/** RFC 9113, section 8.2.1: no space at either end. `String.trim` would also take octets that are part of a character. */
function trimSpace(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isSpace(value.charCodeAt(start))) {
    start++;
  }
  while (end > start && isSpace(value.charCodeAt(end - 1))) {
    end--;
  }
  return value.slice(start, end);
}

function isSpace(octet: number): boolean {
  return octet === 0x20 || octet === 0x09;
}
