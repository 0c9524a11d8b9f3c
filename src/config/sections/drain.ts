import { type Static, Type } from 'typebox';
import { closed, durationKey, toMs } from '../keys.ts';

/** The section `drain`. */
export const DrainSchema = Type.Object(
  {
    delay: durationKey({
      description:
        'How long the listeners go on as before after the first signal, with /readyz failing, so that load balancers turn away. Envoy: the time between /healthcheck/fail and /drain_listeners.',
      default: '5s',
      minimum: '0s',
      maximum: '1h',
    }),
    timeout: durationKey({
      description:
        'How long connections may take to finish after the delay, before they are closed. Envoy: --drain-time-s; gRPC: the deadline of a graceful shutdown.',
      default: '20s',
      minimum: '0s',
      maximum: '1h',
    }),
  },
  closed({ description: 'How the process ends after SIGTERM or SIGINT.', default: {} }),
);

/** How the process ends. Lengths are milliseconds. */
export interface DrainConfig {
  /** Default 5 000. */
  readonly delayMs: number;
  /** Default 20 000. */
  readonly timeoutMs: number;
}

export function toDrainConfig(section: Static<typeof DrainSchema>): DrainConfig {
  return { delayMs: toMs(section.delay), timeoutMs: toMs(section.timeout) };
}
