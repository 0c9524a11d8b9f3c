import { NameId } from '../../http2/index.ts';
import type { CallObserver, CallView } from '../../proxy/observer.ts';
import type { Clock } from '../../util/clock.ts';
import { describeCall } from './call-attributes.ts';
import type { SpanSink } from './ended-span.ts';
import { FLAG_SAMPLED, formatTraceParent, parseTraceParent, type TraceIds } from './trace-context.ts';

export interface CallSpansDeps {
  readonly clock: Clock;
  readonly ids: TraceIds;
  readonly sink: SpanSink;
}

/** What goes upstream in place of the `traceparent` that came. */
export interface SpanStart {
  readonly traceparent: string;
  /** Whether a new trace begins, to which a `tracestate` that came does not belong. */
  readonly isRoot: boolean;
}

/** Calls under way that have spans at the same time; those beyond have none. */
export const MAX_OPEN_SPANS = 65_536;

/**
 * A span for each forwarded call whose trace is sampled: as the `sampled` flag of its `traceparent` says, and without one always. The
 * endpoint is told the id of that span as its parent.
 */
export class CallSpans implements CallObserver {
  readonly #deps: CallSpansDeps;
  /** By the ids of open spans, those of their parents; empty for none. */
  readonly #parents = new Map<string, string>();

  constructor(deps: CallSpansDeps) {
    this.#deps = deps;
  }

  /**
   * A request is about to be relayed. Null if its trace context is to pass as it came.
   *
   * @param traceparent null for none, and for several.
   */
  begin(traceparent: string | null): SpanStart | null {
    const { ids } = this.#deps;
    const context = traceparent === null ? null : parseTraceParent(traceparent);
    if ((context !== null && (context.flags & FLAG_SAMPLED) === 0) || this.#parents.size >= MAX_OPEN_SPANS) {
      return null;
    }
    const spanId = ids.spanId();
    this.#parents.set(spanId, context?.spanId ?? '');
    const { traceId, flags } = context ?? { traceId: ids.traceId(), flags: FLAG_SAMPLED };
    return { traceparent: formatTraceParent({ traceId, spanId, flags }), isRoot: context === null };
  }

  onCallStart(): void {
    // The span has begun with its id.
  }

  onCallEnd(call: CallView): void {
    const context = parseTraceParent(call.requestFields.get(NameId.TRACEPARENT)?.valueText() ?? '');
    const parentSpanId = context === null ? undefined : this.#parents.get(context.spanId);
    if (context === null || parentSpanId === undefined) {
      return;
    }
    const { traceId, spanId } = context;
    this.#parents.delete(spanId);
    const endMs = this.#deps.clock.wallNow();
    const { durationMs } = call;
    this.#deps.sink({ ...describeCall(call), kind: 'server', traceId, spanId, parentSpanId, endMs, durationMs });
  }

  onRetry(): void {
    // The call's view counts them.
  }

  onLocalReply(): void {
    // The call's view has the reason.
  }
}
