import { type Static, Type } from 'typebox';
import { closed, switchKey } from '../keys.ts';

/** The section `tracing`. */
export const TracingSchema = Type.Object(
  {
    propagate: switchKey({
      description: 'Whether traceparent and tracestate of requests are passed on (W3C Trace Context); false takes them off.',
      default: true,
    }),
  },
  closed({ description: 'Trace context of forwarded requests.', default: {} }),
);

/** Default true. */
export type TracingConfig = Static<typeof TracingSchema>;
