import type { HealthState } from '../model/health-view.ts';
import { isHealthy, isKnown } from './panic.ts';

/** What a level is chosen by. */
export interface Ranked {
  readonly endpoint: { readonly priority?: number };
  readonly state: HealthState;
}

/**
 * The endpoints of the level that calls go to: the lowest number that has a healthy endpoint; if none has, the lowest with an endpoint whose
 * health is known, for a panic. Envoy: `priority`, with all traffic on one level: its overprovisioning, which spreads calls over levels
 * while one is partly healthy, is left out. RFC 2782, "Priority": the lowest number that can be reached.
 */
export function chooseLevel<T extends Ranked>(endpoints: readonly T[]): readonly T[] {
  if (endpoints.every((each) => levelOf(each) === 0)) {
    return endpoints;
  }
  const healthy = endpoints.filter(({ state }) => isHealthy(state));
  const best = healthy.length > 0 ? healthy : endpoints.filter(({ state }) => isKnown(state));
  const level = best.reduce((least, each) => Math.min(least, levelOf(each)), Number.POSITIVE_INFINITY);
  return endpoints.filter((each) => levelOf(each) === level);
}

function levelOf({ endpoint }: Ranked): number {
  return endpoint.priority ?? 0;
}
