import { isGrpcContentType } from '../grpc/content-type.ts';
import { type FieldList, NameId } from '../http2/index.ts';
import { CallRecord, type RecordedPlan } from './call-record.ts';
import { LocalReason } from './local-reason.ts';
import type { CallObserver, CallProtocol } from './observer.ts';

/** A request that is answered here. */
export interface UnroutedRequest {
  /** Not used by anybody else until the end. */
  readonly fields: FieldList;
  readonly protocol: CallProtocol;
  /** Without port; empty for a unix socket. */
  readonly remoteAddress: string;
  readonly remotePort: number | undefined;
  /** Whether it is for a health URL. */
  readonly isProbe: boolean;
  /** The route that would have taken it; null for none. */
  readonly plan: RecordedPlan | null;
}

const NOT_FOUND = 404;
const NO_PLAN: RecordedPlan = Object.freeze({ name: '', cluster: Object.freeze({ name: '' }) });

/** A request that does not become a call, as the listener's observer is told of it at its end. */
export class UnroutedCall {
  /** What is known of it so far: whoever answers writes it. */
  readonly record: CallRecord;
  readonly #observer: CallObserver;
  readonly #isProbe: boolean;
  #hasEnded = false;

  /** The request has come. */
  constructor(observer: CallObserver, request: UnroutedRequest, nowMs: number) {
    const { fields, protocol, remoteAddress, remotePort, isProbe, plan } = request;
    this.#observer = observer;
    this.#isProbe = isProbe;
    this.record = new CallRecord(fields);
    this.record.begin(plan ?? NO_PLAN, remoteAddress, nowMs);
    this.record.protocol = protocol;
    this.record.remotePort = remotePort ?? 0;
    this.record.isGrpc = isGrpcContentType(fields.get(NameId.CONTENT_TYPE)?.valueText() ?? '');
  }

  /** The last word, told once. */
  end(nowMs: number): void {
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      if (this.record.httpStatus === NOT_FOUND && !this.#isProbe) {
        // Said by a handler that does not know our words.
        this.record.localReason ??= LocalReason.NO_ROUTE;
      }
      this.record.durationMs = nowMs - this.record.startedAtMs;
      this.#observer.onUnroutedEnd?.(this.record, this.#isProbe);
    }
  }
}
