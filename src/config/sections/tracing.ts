import { type Static, Type } from 'typebox';
import { closed, switchKey, textKey } from '../keys.ts';
import { withRule } from '../rules.ts';

/** The longest URL that is taken. Characters. */
const MAX_URL_LENGTH = 2048;

const TracingShape = Type.Object(
  {
    propagate: switchKey({
      description: 'Whether traceparent and tracestate of requests are passed on (W3C Trace Context); false takes them off.',
      default: true,
    }),
    otlpEndpoint: Type.Optional(
      textKey(
        {
          description:
            'A collector that takes OTLP over HTTP: a span for each forwarded call and each health check is sent to /v1/traces below it, and endpoints see the span of the call as the parent. Calls whose traceparent is not sampled have none. Without the key no spans are made.',
          expects: 'a URL of http or https, without user, query and fragment',
          kind: 'URL',
          maxLength: MAX_URL_LENGTH,
        },
        isCollectorUrl,
      ),
    ),
  },
  closed({ description: 'Trace context of forwarded requests, and spans.', default: {} }),
);

/** The section `tracing`. */
export const TracingSchema = withRule(TracingShape, ({ propagate, otlpEndpoint }) =>
  otlpEndpoint !== undefined && !propagate
    ? [{ at: ['propagate'], message: 'must be true with otlpEndpoint, as spans of calls are parts of traces', got: propagate }]
    : [],
);

export interface TracingConfig {
  /** Default true. */
  readonly propagate: boolean;
  /** Null for no spans. */
  readonly otlpEndpoint: string | null;
}

export function toTracingConfig({ propagate, otlpEndpoint }: Static<typeof TracingSchema>): TracingConfig {
  return { propagate, otlpEndpoint: otlpEndpoint ?? null };
}

function isCollectorUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    /^https?:\/\//.test(text) &&
    url.username === '' &&
    url.password === '' &&
    !text.includes('?') &&
    !text.includes('#')
  );
}
