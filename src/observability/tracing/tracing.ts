import type { Logger } from 'pino';
import type { Clock, Timer } from '../../util/clock.ts';
import { CallSpans } from './call-spans.ts';
import { CheckSpans } from './check-spans.ts';
import type { EndedSpan } from './ended-span.ts';
import type { SpanExport } from './span-export.ts';
import { TraceIds } from './trace-context.ts';

export interface TracingOptions {
  /** Where the collector takes OTLP over HTTP, without `/v1/traces`. */
  readonly endpoint: string;
  /** That of the bridge. */
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often lost spans are told of. Milliseconds. */
export const LOSS_LOG_INTERVAL_MS = 60_000;
/** How long the last spans may take when the bridge closes. Milliseconds. */
export const CLOSE_TIMEOUT_MS = 2000;

/** Spans of calls and checks, for a collector. Whatever happens to that, calls are not disturbed: spans are dropped, and counted in the log. */
export class Tracing {
  readonly calls: CallSpans;
  readonly checks: CheckSpans;
  readonly #options: TracingOptions;
  #export: SpanExport | null = null;
  #lost = 0;
  #reason = '';
  #lossTimer: Timer | null = null;

  constructor(options: TracingOptions) {
    const { clock } = options;
    const deps = { clock, ids: new TraceIds(), sink: (span: EndedSpan): void => this.#export?.add(span) };
    this.#options = options;
    this.calls = new CallSpans(deps);
    this.checks = new CheckSpans(deps);
  }

  /** Loads the SDK. Spans that end before are not kept. */
  async open(): Promise<void> {
    const { endpoint, version } = this.#options;
    const { SpanExport } = await import('./span-export.ts');
    this.#export = new SpanExport({ endpoint, version, onLost: (spans, reason) => this.onLost(spans, reason) });
  }

  /** So many spans will never arrive: told at once, then once a minute. */
  onLost(spans: number, reason: string): void {
    this.#lost += spans;
    this.#reason = reason;
    if (this.#lossTimer === null) {
      this.#tellLoss();
    }
  }

  /** Sends what waits, within CLOSE_TIMEOUT_MS. */
  async close(): Promise<void> {
    const { clock } = this.#options;
    const spans = this.#export;
    if (spans !== null) {
      const over = new AbortController();
      await Promise.race([spans.flush(), clock.sleep(CLOSE_TIMEOUT_MS, over.signal)]);
      over.abort();
      spans.close();
      this.#export = null;
    }
    this.#lossTimer?.cancel();
    this.#lossTimer = null;
    this.#logLoss();
  }

  #tellLoss(): void {
    this.#lossTimer = null;
    if (this.#logLoss()) {
      this.#lossTimer = this.#options.clock.setTimer(LOSS_LOG_INTERVAL_MS, () => this.#tellLoss());
    }
  }

  /** Returns whether there was anything to say. */
  #logLoss(): boolean {
    const spans = this.#lost;
    if (spans === 0) {
      return false;
    }
    this.#lost = 0;
    this.#options.logger.warn({ spans, reason: this.#reason, endpoint: this.#options.endpoint }, 'spans were lost');
    return true;
  }
}
