import { isGrpcContentType } from '../grpc/content-type.ts';
import { FieldList } from '../http2/index.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { CallRecord, type RecordedPlan } from '../proxy/call-record.ts';
import type { DownstreamPeer } from '../proxy/downstream-stream.ts';
import type { LocalReason } from '../proxy/local-reason.ts';
import type { CallObserver, CallProtocol } from '../proxy/observer.ts';
import type { Clock } from '../util/clock.ts';
import { type RawFields, valuesOf } from './fields.ts';
import type { RelayedRequest } from './relayed-request.ts';

/** What a call is told of. */
export interface CallLogOptions {
  readonly observer: CallObserver;
  readonly clock: Clock;
  readonly plan: RecordedPlan;
  readonly protocol: CallProtocol;
  readonly peer: Pick<DownstreamPeer, 'remoteAddress' | 'remotePort'>;
}

/** One call as the listener's observer sees it, from its start to the end of its downstream stream. */
export class CallLog {
  readonly #observer: CallObserver;
  readonly #clock: Clock;
  readonly #record: CallRecord;

  /** The call starts. */
  constructor({ observer, clock, plan, protocol, peer }: CallLogOptions, request: RelayedRequest) {
    this.#observer = observer;
    this.#clock = clock;
    this.#record = new CallRecord(toFieldList(request), observer.wantsResponseFields === true);
    this.#record.begin(plan, peer.remoteAddress, clock.now());
    this.#record.protocol = protocol;
    this.#record.remotePort = peer.remotePort ?? 0;
    this.#record.isGrpc = isGrpcContentType(valuesOf(request.fields, 'content-type')[0] ?? '');
    observer.onCallStart(this.#record);
  }

  onAttempt(endpoint: Endpoint): void {
    this.#record.endpoint = endpoint;
  }

  onRetry(): void {
    this.#record.retries++;
    this.#observer.onRetry(this.#record);
  }

  /** @param isRequestWhole whether all of the request had come by then. */
  onHeaders(status: number, fields: RawFields, isRequestWhole: boolean): void {
    this.#record.firstByteMs = this.#clock.now() - this.#record.startedAtMs;
    this.#record.httpStatus = status;
    this.#record.isRequestWhole = isRequestWhole;
    if (this.#observer.wantsResponseFields === true) {
      const list = new FieldList();
      list.pushText(':status', String(status));
      pushFields(list, fields);
      this.#record.keepResponse(list);
    }
  }

  onTrailers(fields: RawFields): void {
    if (this.#observer.wantsResponseFields === true && fields.length > 0) {
      const list = new FieldList();
      pushFields(list, fields);
      this.#record.keepTrailers(list);
    }
  }

  onRequestData(octets: number): void {
    this.#record.requestOctets += octets;
  }

  onResponseData(octets: number): void {
    this.#record.responseOctets += octets;
  }

  onResponseEnd(): void {
    this.#record.onResponseEnd(null);
  }

  /** @param isGone whether the client has left altogether. */
  onCancel(isGone: boolean): void {
    this.#record.onCancel(isGone);
  }

  onLocalAnswer(reason: LocalReason, hasHeaders: boolean): void {
    this.#record.onLocalAnswer(reason, hasHeaders);
    this.#observer.onLocalReply(reason);
  }

  /** The last word. */
  onEnd(): void {
    this.#record.durationMs = this.#clock.now() - this.#record.startedAtMs;
    this.#observer.onCallEnd(this.#record);
  }
}

function toFieldList({ method, path, authority, fields }: RelayedRequest): FieldList {
  const list = new FieldList();
  list.pushText(':method', method);
  list.pushText(':path', path);
  if (authority !== null) {
    list.pushText(':authority', authority);
  }
  pushFields(list, fields);
  return list;
}

function pushFields(list: FieldList, fields: RawFields): void {
  for (let index = 0; index + 1 < fields.length; index += 2) {
    list.pushText((fields[index] ?? '').toLowerCase(), fields[index + 1] ?? '');
  }
}
