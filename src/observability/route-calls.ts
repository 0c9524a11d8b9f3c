import { parseMethodPath } from '../grpc/method-path.ts';
import { GrpcStatus } from '../grpc/status.ts';
import { type Field, NameId } from '../http2/index.ts';
import type { RetryDenial } from '../proxy/local-reason.ts';
import type { CallView } from '../proxy/observer.ts';
import { CallSeries } from './call-series.ts';
import { codeOfHttpStatus } from './http-code.ts';

/** Methods of one route with labels of their own. Clients choose paths, and every set of labels costs memory here and in what scrapes it. */
export const MAX_METHODS = 200;
/** Longer paths have no labels of their own. Characters; real ones are a third of it. */
export const MAX_METHOD_PATH_LENGTH = 256;
/** Interned paths that are remembered; then they are forgotten and found again. */
export const MAX_KNOWN_FIELDS = 4096;
const OTHER = 'other';

/** One gRPC method while it has not shown that it exists, and then. */
class MethodCalls {
  readonly path: string;
  readonly labels: { readonly grpc_service: string; readonly grpc_method: string };
  /** Null until an endpoint has answered a call with something but UNIMPLEMENTED. */
  series: CallSeries | null = null;
  /** Calls under way that are not counted as started yet. */
  pending = 0;
  /** Calls under way that are counted as started under `other`: as many ends go there. */
  owed = 0;
  /** Whether it is among the methods of its route. */
  isKept = true;

  constructor(path: string, service: string, method: string) {
    this.path = path;
    this.labels = { grpc_service: service, grpc_method: method };
  }
}

/**
 * The calls of one route to one cluster. A method gets labels of its own once an endpoint has answered it with something but UNIMPLEMENTED,
 * as clients could make up any number of others. Where a call belongs is known at its end, so its start is told of then; or at a scrape,
 * which puts what is under way under `other` for good. No counter ever goes back, and in each series as many calls end as start.
 */
export class RouteCalls {
  readonly route: string;
  readonly cluster: string;
  /** Attempts after others. */
  retries = 0;
  /** Calls that were not repeated although the route has their status repeated, by the reason. */
  readonly denials: Record<RetryDenial, number> = { limit: 0, overflow: 0 };
  /** Calls that have begun, and those that have ended, whatever their method. */
  begun = 0;
  ended = 0;
  readonly #other: CallSeries;
  readonly #plain: CallSeries;
  /** By path: those with a series, and those with calls under way. */
  readonly #methods = new Map<string, MethodCalls>();
  readonly #byField = new Map<Field, MethodCalls>();
  #proved = 0;

  constructor(route: string, cluster: string) {
    this.route = route;
    this.cluster = cluster;
    this.#other = this.#createSeries({ grpc_service: OTHER, grpc_method: OTHER });
    this.#plain = this.#createSeries({ grpc_service: '', grpc_method: '' });
  }

  /** Interned paths that are remembered. */
  get knownFields(): number {
    return this.#byField.size;
  }

  onStart(call: CallView): void {
    this.begun++;
    if (!call.isGrpc) {
      this.#plain.started++;
      return;
    }
    const method = this.#find(call, true);
    if (method === null) {
      this.#other.started++;
    } else if (method.series === null) {
      method.pending++;
    } else {
      method.series.started++;
    }
  }

  onEnd(call: CallView): void {
    this.ended++;
    if (call.retryDenial !== null) {
      this.denials[call.retryDenial]++;
    }
    if (!call.isGrpc) {
      const code = call.isCancelled ? GrpcStatus.CANCELLED : codeOfHttpStatus(call.httpStatus);
      this.#plain.onHandled(code, call.durationMs);
      return;
    }
    const method = this.#find(call, false);
    const series = method === null ? this.#other : this.#settle(method, call);
    series.onHandled(call.grpcStatus, call.durationMs);
  }

  /** Every series, with what is under way counted as started. */
  *publish(): Generator<CallSeries> {
    for (const method of this.#methods.values()) {
      if (method.series === null) {
        this.#other.started += method.pending;
        method.owed += method.pending;
        method.pending = 0;
      } else {
        yield method.series;
      }
    }
    yield this.#other;
    yield this.#plain;
  }

  /** The series that this end belongs to. */
  #settle(method: MethodCalls, call: CallView): CallSeries {
    if (method.series === null && isAnswered(call) && this.#proved < MAX_METHODS) {
      this.#proved++;
      method.series = this.#createSeries(method.labels);
      method.series.started = method.pending;
      method.pending = 0;
    }
    if (method.owed > 0) {
      method.owed--;
      this.#forgetIfIdle(method);
      return this.#other;
    }
    if (method.series !== null) {
      return method.series;
    }
    method.pending--;
    this.#other.started++;
    this.#forgetIfIdle(method);
    return this.#other;
  }

  /** So that unknown methods are no more than the calls under way, which have limits of their own. */
  #forgetIfIdle(method: MethodCalls): void {
    if (method.series === null && method.pending === 0 && method.owed === 0) {
      method.isKept = false;
      this.#methods.delete(method.path);
    }
  }

  /** Null for what belongs to `other`. A call finds the same at its start and at its end. */
  #find(call: CallView, isStart: boolean): MethodCalls | null {
    const field = call.requestFields.get(NameId.PATH);
    if (field === null) {
      return null;
    }
    const known = this.#byField.get(field);
    return known?.isKept === true ? known : this.#learn(field, isStart);
  }

  #learn(field: Field, isStart: boolean): MethodCalls | null {
    if (field.length > MAX_METHOD_PATH_LENGTH) {
      return null;
    }
    const path = field.valueText();
    const method = this.#methods.get(path) ?? (isStart ? this.#create(path) : null);
    // Fields without an id are good for this request alone: their objects are filled again.
    if (method !== null && field.id > 0) {
      if (this.#byField.size >= MAX_KNOWN_FIELDS) {
        this.#byField.clear();
      }
      this.#byField.set(field, method);
    }
    return method;
  }

  #create(path: string): MethodCalls | null {
    const parsed = this.#proved < MAX_METHODS ? parseMethodPath(path) : null;
    if (parsed === null) {
      return null;
    }
    const method = new MethodCalls(path, parsed.service, parsed.method);
    this.#methods.set(path, method);
    return method;
  }

  #createSeries(labels: MethodCalls['labels']): CallSeries {
    return new CallSeries({ route: this.route, cluster: this.cluster, ...labels });
  }
}

/** Whether an endpoint has answered as only one does that knows the method: gateways answer any path with a status of HTTP. */
function isAnswered({ firstByteMs, httpStatus, grpcStatus }: CallView): boolean {
  return firstByteMs >= 0 && httpStatus === 200 && grpcStatus !== GrpcStatus.UNIMPLEMENTED;
}
