import type { HealthState } from '../model/health-view.ts';

/** What health leaves to balance over. */
export interface Selection<T> {
  readonly endpoints: readonly T[];
  /** Whether health was ignored. */
  readonly isPanic: boolean;
}

/**
 * The endpoints that may get calls: the healthy and degraded ones or, when they are fewer than `thresholdPercent` of the known ones, all
 * known ones, as so many cannot all be ill and the few would not bear the load. Envoy: `healthy_panic_threshold`. Endpoints that have not
 * been checked yet, are leaving or are excluded are not known, and never get calls.
 */
export function selectEndpoints<T extends { readonly state: HealthState }>(
  endpoints: readonly T[],
  thresholdPercent: number,
): Selection<T> {
  const healthy = endpoints.filter(({ state }) => isHealthy(state));
  const known = endpoints.filter(({ state }) => isKnown(state));
  const isPanic = healthy.length * 100 < thresholdPercent * known.length;
  return { endpoints: isPanic ? known : healthy, isPanic };
}

/** Whether an endpoint of that state gets calls. */
export function isHealthy(state: HealthState): boolean {
  return state === 'healthy' || state === 'degraded';
}

/** Whether an endpoint of that state gets calls while health is ignored. */
export function isKnown(state: HealthState): boolean {
  return state !== 'pending' && state !== 'draining' && state !== 'excluded';
}
