import type { LocalReason } from '../proxy/local-reason.ts';
import type { RawFields } from './fields.ts';
import type { RequestBody } from './request-body.ts';

/** A request as it goes to an endpoint: framing and connection are made anew, and none of the client's words about them are left. */
export interface RelayedRequest {
  readonly method: string;
  /** In origin form, with its query. */
  readonly path: string;
  /** The host that was asked for; null for none, which HTTP/1.0 allows. */
  readonly authority: string | null;
  /** Without Host, Content-Length and what concerns a connection. */
  readonly fields: RawFields;
  /** What the parsed request announces; null for nothing, so that content is sent in chunks. */
  readonly contentLength: number | null;
  /** Null for a request without content. */
  readonly body: RequestBody | null;
}

/** A request that may be relayed, or why it is answered here. */
export type RequestResult =
  | { readonly kind: 'request'; readonly request: RelayedRequest }
  | { readonly kind: 'refused'; readonly reason: LocalReason; readonly message?: string };

/** Fields of a request that are made anew, or that this hop has dealt with. Request trailers are not passed on, so none are announced. */
export const OWN_FIELDS: readonly string[] = ['content-length', 'expect', 'host', 'trailer'];

/** The client's side of an exchange. None of these may call the exchange. */
export interface DownstreamSide {
  /** An interim response. */
  sendInterim(status: number, fields: RawFields): void;
  /** The final response; `isEnd`: it has no content, and nothing follows. */
  sendHeaders(status: number, fields: RawFields, isEnd: boolean): void;
  /** Content, which may be kept by reference. False: no more until `Http1Exchange.onDownstreamReady`. */
  sendData(octets: Buffer): boolean;
  /** The end of the content. Not after `isEnd`. */
  sendEnd(trailers: RawFields): void;
  /** An answer that is made here or, when the endpoint's has begun, its violent end. */
  fail(reason: LocalReason): void;
  /** The endpoint has taken that much request content. */
  onBodyTaken(octets: number): void;
  /** Nobody wants the rest of the request any more: what comes is thrown away. */
  dropRequest(): void;
}
