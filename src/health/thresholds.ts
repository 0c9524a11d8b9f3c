import type { Signal } from './outcome.ts';

/**
 * One service on one endpoint, as the results so far make it.
 *
 *   pending ──first result──► healthy | degraded | unhealthy
 *   healthy, degraded ──explicit failure, or unhealthyThreshold failures in a row──► unhealthy
 *   unhealthy ──healthyThreshold passes in a row──► healthy | degraded
 *   healthy ◄──any pass──► degraded
 *
 * A Watch message overrules the counters, both ways.
 */
export interface ServiceState {
  readonly state: 'pending' | 'healthy' | 'degraded' | 'unhealthy';
  /** Why it is unhealthy or degraded; empty otherwise. */
  readonly reason: string;
  /** Checks in a row that passed while unhealthy. */
  readonly passes: number;
  /** Failures in a row while not unhealthy. */
  readonly failures: number;
}

/** Results in a row that flip a service; each 1 or more. Envoy: `healthy_threshold`, `unhealthy_threshold`. */
export interface Thresholds {
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
}

export const PENDING: ServiceState = { state: 'pending', reason: '', passes: 0, failures: 0 };

/** Counts the result of a Check, or the failure of a stream. */
export function applyCheck(previous: ServiceState, signal: Signal, thresholds: Thresholds): ServiceState {
  switch (signal.kind) {
    case 'pass': {
      const passes = previous.passes + 1;
      const passed = previous.state !== 'unhealthy' || passes >= thresholds.healthyThreshold;
      return passed ? pass(signal.degradedReason) : { ...previous, passes };
    }
    case 'explicitFailure':
      return fail(signal.reason);
    case 'failure': {
      const available = previous.state === 'healthy' || previous.state === 'degraded';
      const failures = previous.failures + 1;
      return available && failures < thresholds.unhealthyThreshold ? { ...previous, failures } : fail(signal.reason);
    }
  }
}

/** Takes a Watch message at its word, in both directions. */
export function applyWatchMessage(signal: Exclude<Signal, { readonly kind: 'failure' }>): ServiceState {
  return signal.kind === 'pass' ? pass(signal.degradedReason) : fail(signal.reason);
}

function pass(degradedReason: string | null): ServiceState {
  return { state: degradedReason === null ? 'healthy' : 'degraded', reason: degradedReason ?? '', passes: 0, failures: 0 };
}

function fail(reason: string): ServiceState {
  return { state: 'unhealthy', reason, passes: 0, failures: 0 };
}
