import type { Clock } from '../../util/clock.ts';
import type { SpanSink } from './ended-span.ts';
import type { TraceIds } from './trace-context.ts';

export interface CheckSpansDeps {
  readonly clock: Clock;
  readonly ids: TraceIds;
  readonly sink: SpanSink;
}

/** A check that has ended. */
export interface EndedCheck {
  readonly cluster: string;
  /** The endpoint's key. */
  readonly endpoint: string;
  readonly type: 'grpc' | 'http' | 'tcp';
  /** Of gRPC: how it is asked. Which of the two `auto` has found to work is not told. */
  readonly mode: 'auto' | 'watch' | 'check';
  /** As in metrics. */
  readonly outcome: string;
  readonly durationMs: number;
}

const HEALTH_SERVICE = 'grpc.health.v1.Health';
/** What is no error: the endpoint may get calls. */
const PASSED: ReadonlySet<string> = new Set(['serving', 'degraded']);

/** A trace of its own for each health check, which the endpoint is not told of. */
export class CheckSpans {
  readonly #deps: CheckSpansDeps;

  constructor(deps: CheckSpansDeps) {
    this.#deps = deps;
  }

  onCheck(check: EndedCheck): void {
    const { clock, ids, sink } = this.#deps;
    const { cluster, endpoint, outcome, durationMs } = check;
    const isError = !PASSED.has(outcome);
    sink({
      name: nameOf(check),
      kind: 'client',
      traceId: ids.traceId(),
      spanId: ids.spanId(),
      parentSpanId: '',
      endMs: clock.wallNow(),
      durationMs,
      attributes: {
        'bridge.cluster': cluster,
        'bridge.endpoint': endpoint,
        'bridge.check.outcome': outcome,
        ...(isError ? { 'error.type': outcome } : {}),
        ...rpcOf(check),
      },
      isError,
    });
  }
}

function nameOf({ type, mode }: EndedCheck): string {
  if (type !== 'grpc') {
    return type === 'http' ? 'GET' : 'tcp connect';
  }
  return mode === 'auto' ? HEALTH_SERVICE : `${HEALTH_SERVICE}/${methodOf(mode)}`;
}

function rpcOf({ type, mode }: EndedCheck): Readonly<Record<string, string>> {
  if (type !== 'grpc') {
    return {};
  }
  const method = mode === 'auto' ? {} : { 'rpc.method': methodOf(mode) };
  return { 'rpc.system': 'grpc', 'rpc.service': HEALTH_SERVICE, ...method };
}

function methodOf(mode: 'watch' | 'check'): string {
  return mode === 'watch' ? 'Watch' : 'Check';
}
