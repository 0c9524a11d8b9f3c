import type { CallObserver, CallView } from '../../proxy/observer.ts';
import type { Clock } from '../../util/clock.ts';
import { LineFormat, type LineStyle } from './line-format.ts';
import { FileOutput } from './log-output.ts';
import { type AccessLogStats, LogSink, type LogSinkObserver } from './log-sink.ts';

/** What is logged of calls, and where. */
export interface AccessLogOptions {
  readonly format: LineStyle;
  /** Path of a file, pipe or device. */
  readonly file: string;
  /** Whether requests to health URLs are logged as well. */
  readonly healthChecks: boolean;
}

/** How often the time of the day is compared with the clock that calls are timed by. Milliseconds. */
const WALL_CHECK_MS = 1_000;

/** One line for each finished call, and for each request that was answered here instead. Envoy: `access_log` of an HTTP listener. */
export class AccessLog implements CallObserver {
  readonly wantsResponseFields: boolean;
  readonly #format: LineFormat;
  readonly #output: FileOutput;
  readonly #sink: LogSink;
  readonly #clock: Clock;
  readonly #healthChecks: boolean;
  /** From Clock.now() to milliseconds since 1970. */
  #wallOffsetMs = 0;
  #wallCheckedMs = Number.NEGATIVE_INFINITY;

  constructor(
    { format, file, healthChecks }: AccessLogOptions,
    { clock, observer }: { readonly clock: Clock; readonly observer: LogSinkObserver },
  ) {
    this.#format = new LineFormat(format);
    this.wantsResponseFields = this.#format.wantsResponseFields;
    this.#output = new FileOutput(file);
    this.#sink = new LogSink(this.#format.form, this.#output, { clock, observer });
    this.#clock = clock;
    this.#healthChecks = healthChecks;
  }

  /** For metrics. */
  get stats(): AccessLogStats {
    return this.#sink;
  }

  /** Opens the file. @throws Error of the system. */
  open(): Promise<void> {
    return this.#output.open();
  }

  /** Opens the file anew, under its path, with the next line that is written. */
  reopen(): void {
    this.#output.close();
  }

  /** Writes what is left, as far as it is taken in time. May be called again. */
  close(): Promise<void> {
    return this.#sink.close();
  }

  onCallStart(): void {
    // There is nothing to tell yet.
  }

  onCallEnd(call: CallView): void {
    this.#log(call);
  }

  readonly onUnroutedEnd = (call: CallView, isProbe: boolean): void => {
    if (!isProbe || this.#healthChecks) {
      this.#log(call);
    }
  };

  onRetry(): void {
    // The line of the call tells.
  }

  onLocalReply(): void {
    // As above.
  }

  #log(call: CallView): void {
    const line = this.#sink.begin();
    if (line !== null) {
      this.#format.write(call, call.startedAtMs + this.#wallOffset(call.startedAtMs + call.durationMs), line);
      this.#sink.commit();
    }
  }

  #wallOffset(nowMs: number): number {
    if (nowMs - this.#wallCheckedMs > WALL_CHECK_MS) {
      this.#wallCheckedMs = nowMs;
      this.#wallOffsetMs = this.#clock.wallNow() - this.#clock.now();
    }
    return this.#wallOffsetMs;
  }
}
