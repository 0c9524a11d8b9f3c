import { grpcStatusOfHttp } from '../grpc/http-status.ts';
import { grpcStatusOfReset } from '../grpc/reset-code.ts';
import { GrpcStatus } from '../grpc/status.ts';
import { parseGrpcStatus } from '../grpc/trailers.ts';
import { FieldList, NameId } from '../http2/index.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { LOCAL_ANSWERS, type LocalReason, type RetryDenial } from './local-reason.ts';
import type { CallProtocol, CallView } from './observer.ts';

/** What a call is routed by. */
export interface RecordedPlan {
  /** Name of the route. */
  readonly name: string;
  readonly cluster: { readonly name: string };
}

/** What the observer sees of one call: fields that its exchange writes. The object is used again. */
export class CallRecord implements CallView {
  route = '';
  cluster = '';
  protocol: CallProtocol = 'HTTP/2';
  isGrpc = false;
  remoteAddress = '';
  remotePort = 0;
  endpoint: Endpoint | null = null;
  httpStatus = 0;
  grpcStatus = -1;
  requestOctets = 0;
  responseOctets = 0;
  startedAtMs = 0;
  durationMs = 0;
  firstByteMs = -1;
  retries = 0;
  retryDenial: RetryDenial | null = null;
  localReason: LocalReason | null = null;
  isCancelled = false;
  isClientGone = false;
  isUpstreamReset = false;
  isRequestWhole = false;
  responseFields: FieldList | null = null;
  trailerFields: FieldList | null = null;
  readonly requestFields: FieldList;
  /** Lists for copies of header sections and trailers; null where nobody wants them. */
  readonly #copies: { readonly response: FieldList; readonly trailers: FieldList } | null;

  /** The list is that of the exchange, whatever call it serves. */
  constructor(requestFields: FieldList, keepsResponses = false) {
    this.requestFields = requestFields;
    this.#copies = keepsResponses ? { response: new FieldList(), trailers: new FieldList() } : null;
  }

  /** A new call begins. */
  begin(plan: RecordedPlan, remoteAddress: string, nowMs: number): void {
    this.route = plan.name;
    this.cluster = plan.cluster.name;
    this.isGrpc = false;
    this.remoteAddress = remoteAddress;
    this.endpoint = null;
    this.httpStatus = 0;
    this.grpcStatus = -1;
    this.requestOctets = 0;
    this.responseOctets = 0;
    this.startedAtMs = nowMs;
    this.durationMs = 0;
    this.firstByteMs = -1;
    this.retries = 0;
    this.retryDenial = null;
    this.localReason = null;
    this.isCancelled = false;
    this.isClientGone = false;
    this.isUpstreamReset = false;
    this.isRequestWhole = false;
    this.responseFields = null;
    this.trailerFields = null;
  }

  /** The endpoint's response has begun. */
  onHeaders(fields: FieldList, nowMs: number): void {
    this.firstByteMs = nowMs - this.startedAtMs;
    this.httpStatus = fields.get(NameId.STATUS)?.status ?? 0;
    this.keepResponse(fields);
  }

  /** Copies the response's header section, if anybody wants it. */
  keepResponse(fields: FieldList): void {
    if (this.#copies !== null) {
      this.#copies.response.assign(fields);
      this.responseFields = this.#copies.response;
    }
  }

  /** The same of its trailers. */
  keepTrailers(fields: FieldList): void {
    if (this.#copies !== null) {
      this.#copies.trailers.assign(fields);
      this.trailerFields = this.#copies.trailers;
    }
  }

  /** The response is complete; `fields` are its trailers, or its header section if that is all. Null for neither. */
  onResponseEnd(fields: FieldList | null): void {
    if (this.isGrpc) {
      this.grpcStatus = statusOf(fields, this.httpStatus);
    }
  }

  /** The endpoint's RST_STREAM is passed on with that code. */
  onReset(code: number): void {
    this.isUpstreamReset = true;
    if (this.isGrpc) {
      this.grpcStatus = grpcStatusOfReset(code);
    }
  }

  /** The client has given up, and may have left altogether. */
  onCancel(isGone = false): void {
    this.isCancelled = true;
    this.isClientGone = isGone;
    if (this.isGrpc) {
      this.grpcStatus = GrpcStatus.CANCELLED;
    }
  }

  /** The answer, or its end, is made here. */
  onLocalAnswer(reason: LocalReason, hasHeaders: boolean): void {
    const { grpcStatus, httpStatus, message } = LOCAL_ANSWERS[reason];
    this.localReason = reason;
    if (this.isGrpc) {
      this.grpcStatus = grpcStatus;
    }
    if (!hasHeaders) {
      this.httpStatus = this.isGrpc ? 200 : httpStatus;
      // An answer that is not gRPC's has the message and a line end for content.
      this.responseOctets = this.isGrpc || this.#isHead ? 0 : message.length + 1;
    }
  }

  get #isHead(): boolean {
    return this.requestFields.get(NameId.METHOD)?.valueText() === 'HEAD';
  }
}

/** What a gRPC client makes of a response that is nothing but a header section. */
export function statusOfEnd(fields: FieldList): number {
  return statusOf(fields, fields.get(NameId.STATUS)?.status ?? 0);
}

function statusOf(fields: FieldList | null, httpStatus: number): number {
  return parseGrpcStatus(fields?.get(NameId.GRPC_STATUS)?.valueText() ?? '') ?? grpcStatusOfHttp(httpStatus);
}
