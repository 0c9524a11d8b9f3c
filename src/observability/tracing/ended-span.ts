/** One span that is over, in words that need no SDK. */
export interface EndedSpan {
  readonly name: string;
  /** `server` for calls that came, `client` for what the bridge asked of its own accord. */
  readonly kind: 'server' | 'client';
  /** 32 hexadecimal digits in small letters. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  /** Empty for the first span of its trace. */
  readonly parentSpanId: string;
  /** Milliseconds since 1970, fractions included. */
  readonly endMs: number;
  readonly durationMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly isError: boolean;
}

/** Takes spans, or drops them; never throws, never waits. */
export type SpanSink = (span: EndedSpan) => void;
