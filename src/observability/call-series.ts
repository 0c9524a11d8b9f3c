import { formatGrpcStatus, GrpcStatus } from '../grpc/status.ts';
import { formatLabels } from './exposition.ts';

/** The number of gRPC's status codes, which begin with 0. */
const CODES = 17;

/** From a call that a loopback endpoint answers at once to one that somebody waits for; streams end in the last. Upper bounds, in seconds. */
export const CALL_DURATION_BUCKETS_SECONDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

const CODE_LABELS: readonly string[] = Array.from({ length: CODES }, (_, code) =>
  formatLabels({ grpc_code: formatGrpcStatus(code) }),
);
const LE_LABELS: readonly string[] = [...CALL_DURATION_BUCKETS_SECONDS.map(String), '+Inf'].map((le) => formatLabels({ le }));

/** What the counters of calls are told apart by. */
export interface CallLabels {
  readonly route: string;
  readonly cluster: string;
  /** With its package; `other` for methods without labels of their own, empty for what is not gRPC. */
  readonly grpc_service: string;
  /** As above. */
  readonly grpc_method: string;
}

/** The lines of one set of labels, for each of the metrics of calls. */
export interface CallLines {
  readonly started: string[];
  readonly handled: string[];
  readonly duration: string[];
}

/** The counters of one set of labels: numbers alone, so that counting makes no garbage. */
export class CallSeries {
  started = 0;
  readonly #labels: string;
  readonly #handled = new Float64Array(CODES);
  /** Of each bucket alone; what is above all of them comes last. */
  readonly #buckets = new Float64Array(LE_LABELS.length);
  #sumSeconds = 0;

  constructor(labels: CallLabels) {
    this.#labels = formatLabels({ ...labels });
  }

  /** A call has ended. Codes outside gRPC's list count as UNKNOWN, as clients take them. */
  onHandled(code: number, durationMs: number): void {
    const index = code >= 0 && code < CODES ? code : GrpcStatus.UNKNOWN;
    const seconds = durationMs / 1000;
    let bucket = 0;
    while (bucket < CALL_DURATION_BUCKETS_SECONDS.length && seconds > (CALL_DURATION_BUCKETS_SECONDS[bucket] ?? 0)) {
      bucket++;
    }
    this.#handled[index] = (this.#handled[index] ?? 0) + 1;
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#sumSeconds += seconds;
  }

  /** Appends what is known now; nothing before the first call. Codes that never came have no line. */
  write(names: { readonly [Name in keyof CallLines]: string }, lines: CallLines): void {
    if (this.started === 0) {
      return;
    }
    const labels = this.#labels;
    lines.started.push(`${names.started}{${labels}} ${this.started}`);
    for (const [code, count] of this.#handled.entries()) {
      if (count > 0) {
        lines.handled.push(`${names.handled}{${labels},${CODE_LABELS[code] ?? ''}} ${count}`);
      }
    }
    let count = 0;
    for (const [bucket, more] of this.#buckets.entries()) {
      count += more;
      lines.duration.push(`${names.duration}_bucket{${labels},${LE_LABELS[bucket] ?? ''}} ${count}`);
    }
    lines.duration.push(`${names.duration}_sum{${labels}} ${this.#sumSeconds}`, `${names.duration}_count{${labels}} ${count}`);
  }
}
