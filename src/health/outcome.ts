import type { TreatOptions } from './options.ts';

/**
 * What one check found, as a label of metrics: a bounded set.
 *   serving … unimplemented   the endpoint answered: in the words of grpc.health.v1, or by an HTTP status, expected or not (not_serving)
 *   degraded                  it answered that it works, and calls itself degraded
 *   status_error              another gRPC status
 *   protocol_error            an answer that is not gRPC, or not HTTP
 *   timeout                   nothing in time
 *   connection_lost           the connection or stream broke before the answer
 *   connect_failed, tls_failed  no connection
 *   setup_failed              nothing was sent: the check's own metadata could not be read
 */
export type OutcomeWord =
  | 'serving'
  | 'degraded'
  | 'not_serving'
  | 'unknown'
  | 'service_unknown'
  | 'unimplemented'
  | 'status_error'
  | 'protocol_error'
  | 'timeout'
  | 'connection_lost'
  | 'connect_failed'
  | 'tls_failed'
  | 'setup_failed';

/** How far a check got: an answer about health, a connection that was ready for calls, or neither. */
export type Reached = 'answered' | 'connected' | 'none';

/** What one check of one service found, before thresholds. */
export interface Outcome {
  readonly word: OutcomeWord;
  /** Words for an operator, at most `MAX_REASON_LENGTH` characters; empty for `serving`. */
  readonly reason: string;
  readonly reached: Reached;
}

/** How an outcome counts: passed (perhaps only just), a clear no, or one failure towards the threshold. */
export type Signal =
  | { readonly kind: 'pass'; readonly degradedReason: string | null }
  | { readonly kind: 'explicitFailure'; readonly reason: string }
  | { readonly kind: 'failure'; readonly reason: string };

export const SERVING: Outcome = { word: 'serving', reason: '', reached: 'answered' };

const PASS: Signal = { kind: 'pass', degradedReason: null };

/** The worst first: what stands for a check of several services. */
const SEVERITY: readonly OutcomeWord[] = [
  'setup_failed',
  'connect_failed',
  'tls_failed',
  'connection_lost',
  'timeout',
  'protocol_error',
  'status_error',
  'not_serving',
  'unimplemented',
  'service_unknown',
  'unknown',
  'degraded',
  'serving',
];

/** Applies `treat` to the three soft cases; everything else but SERVING fails whatever is configured. */
export function toSignal(outcome: Outcome, treat: TreatOptions): Signal {
  switch (outcome.word) {
    case 'serving':
      return PASS;
    case 'degraded':
      return { kind: 'pass', degradedReason: outcome.reason };
    case 'unimplemented':
      return toTreatedSignal(outcome, treat.unimplemented);
    case 'service_unknown':
      return toTreatedSignal(outcome, treat.serviceUnknown);
    case 'unknown':
      return toTreatedSignal(outcome, treat.statusUnknown);
    case 'not_serving':
      return { kind: 'explicitFailure', reason: outcome.reason };
    case 'status_error':
    case 'protocol_error':
    case 'timeout':
    case 'connection_lost':
    case 'connect_failed':
    case 'tls_failed':
    case 'setup_failed':
      return { kind: 'failure', reason: outcome.reason };
  }
}

/** The outcome that stands for the whole check: the worst, the first of equals. There is at least one. */
export function worstOutcome(outcomes: Iterable<Outcome>): Outcome {
  let worst = SERVING;
  for (const outcome of outcomes) {
    if (SEVERITY.indexOf(outcome.word) < SEVERITY.indexOf(worst.word)) {
      worst = outcome;
    }
  }
  return worst;
}

/** The furthest that any of them got. */
export function furthestReached(outcomes: Iterable<Outcome>): Reached {
  let furthest: Reached = 'none';
  for (const { reached } of outcomes) {
    if (reached === 'answered') {
      return reached;
    }
    furthest = reached === 'connected' ? reached : furthest;
  }
  return furthest;
}

function toTreatedSignal(outcome: Outcome, treatment: TreatOptions[keyof TreatOptions]): Signal {
  switch (treatment) {
    case 'healthy':
      return PASS;
    case 'degraded':
      return { kind: 'pass', degradedReason: outcome.reason };
    case 'unhealthy':
      return { kind: 'explicitFailure', reason: outcome.reason };
  }
}
