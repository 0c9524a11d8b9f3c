import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { EndedSpan } from './ended-span.ts';

/** The only file that imports OpenTelemetry's SDK: it is loaded when spans are wanted, and never otherwise. */

export interface SpanExportOptions {
  /** Where the collector takes OTLP over HTTP; `/v1/traces` is added. */
  readonly endpoint: string;
  /** That of the bridge. */
  readonly version: string;
  /** So many spans will never arrive. The reason is for an operator. */
  readonly onLost: (spans: number, reason: string) => void;
}

/** Spans that wait to be sent; those that come when there are so many are lost. */
export const MAX_QUEUED_SPANS = 4096;
/** Spans in one request. */
const BATCH_SPANS = 512;
/** How long spans wait for others to be sent with them. Milliseconds. */
const BATCH_DELAY_MS = 1000;
/** How long the collector may take for one batch, repetitions included. Milliseconds. */
const EXPORT_TIMEOUT_MS = 5000;
/** When the SDK gives a batch up by itself, which the exporter always does before. Milliseconds. */
const BATCH_TIMEOUT_MS = 3 * EXPORT_TIMEOUT_MS;
/** A full queue at the end, beside the batch that is under way. */
const MAX_REQUESTS = MAX_QUEUED_SPANS / BATCH_SPANS + 1;
/** What batches are told that are not sent any more. */
const NOT_EXPORTED = { code: ExportResultCode.FAILED, error: new Error('closed') };
const SCOPE_NAME = 'grpc-health-bridge';

type OnExported = Parameters<SpanExporter['export']>[1];

/** Sends spans to a collector, in batches. */
export class SpanExport implements SpanExporter {
  readonly #options: SpanExportOptions;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #exporter: OTLPTraceExporter;
  readonly #processor: BatchSpanProcessor;
  readonly #resource: Resource;
  readonly #scope: { readonly name: string; readonly version: string };
  /** Spans that are not on their way yet. */
  #queued = 0;
  /** Spans of which it is not known whether they have arrived; `#queued` included. */
  #unsettled = 0;
  /** Who wants to know of batches that are under way, MAX_REQUESTS of them at most. */
  readonly #underWay = new Set<OnExported>();
  #isClosed = false;

  constructor(options: SpanExportOptions) {
    const { endpoint, version } = options;
    this.#options = options;
    const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
    this.#agent = new (url.startsWith('https:') ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: MAX_REQUESTS });
    this.#exporter = new OTLPTraceExporter({
      url,
      timeoutMillis: EXPORT_TIMEOUT_MS,
      concurrencyLimit: MAX_REQUESTS,
      httpAgentOptions: () => this.#agent,
    });
    this.#processor = new BatchSpanProcessor({
      exporter: this,
      maxQueueSize: MAX_QUEUED_SPANS,
      maxExportBatchSize: BATCH_SPANS,
      scheduledDelayMillis: BATCH_DELAY_MS,
      exportTimeoutMillis: BATCH_TIMEOUT_MS,
    });
    this.#resource = defaultResource()
      .merge(resourceFromAttributes({ 'service.name': SCOPE_NAME, 'service.version': version }))
      .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }));
    this.#scope = { name: SCOPE_NAME, version };
  }

  /** For SpanSink. */
  add(span: EndedSpan): void {
    if (this.#isClosed || this.#queued >= MAX_QUEUED_SPANS) {
      this.#options.onLost(1, this.#isClosed ? 'the bridge has closed' : `${MAX_QUEUED_SPANS} spans wait already`);
      return;
    }
    this.#queued++;
    this.#unsettled++;
    this.#processor.onEnd(this.#toReadable(span));
  }

  /** For the SDK: a batch leaves the queue. */
  export(spans: ReadableSpan[], onExported: OnExported): void {
    this.#queued -= spans.length;
    if (this.#isClosed) {
      onExported(NOT_EXPORTED);
      return;
    }
    this.#underWay.add(onExported);
    this.#exporter.export(spans, (result) => {
      if (this.#underWay.delete(onExported)) {
        this.#unsettled -= spans.length;
        if (result.code !== ExportResultCode.SUCCESS) {
          this.#options.onLost(spans.length, describe(result.error));
        }
        onExported(result);
      }
    });
  }

  /** Sends what waits. Resolves when the collector has it, or does not take it. */
  async flush(): Promise<void> {
    try {
      await this.#processor.shutdown();
    } catch {
      // It has been told by then, batch by batch.
    }
  }

  /** For the SDK, at the end of `flush`. */
  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  /** Ends every connection at once; what is under way is lost. May be called again. */
  close(): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    // Repetitions that the SDK has planned get no connection.
    this.#agent.maxSockets = 0;
    this.#agent.destroy();
    if (this.#unsettled > 0) {
      this.#options.onLost(this.#unsettled, 'the collector had not taken them when the bridge closed');
    }
    // The SDK has a timer for each.
    const told = [...this.#underWay];
    this.#underWay.clear();
    for (const onExported of told) {
      onExported(NOT_EXPORTED);
    }
  }

  #toReadable(span: EndedSpan): ReadableSpan {
    const { name, traceId, parentSpanId, endMs, durationMs } = span;
    const context: SpanContext = { traceId, spanId: span.spanId, traceFlags: TraceFlags.SAMPLED };
    const isRemote = span.kind === 'server';
    return {
      name,
      kind: span.kind === 'server' ? SpanKind.SERVER : SpanKind.CLIENT,
      spanContext: () => context,
      ...(parentSpanId === '' ? {} : { parentSpanContext: { ...context, spanId: parentSpanId, isRemote } }),
      startTime: toTime(endMs - durationMs),
      endTime: toTime(endMs),
      duration: toTime(durationMs),
      status: { code: span.isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
      attributes: span.attributes,
      links: [],
      events: [],
      ended: true,
      resource: this.#resource,
      instrumentationScope: this.#scope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  }
}

/** Seconds and nanoseconds, as the SDK has times. */
function toTime(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6))];
}

function describe(error: Error | undefined): string {
  const code = error !== undefined && 'code' in error ? String(error.code) : '';
  // Of several failed addresses Node makes an error without words.
  return [error?.message, code, error?.name].find((words) => words !== undefined && words !== '') ?? 'unknown';
}
