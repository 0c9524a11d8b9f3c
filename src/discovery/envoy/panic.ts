import type { ReportedHealth } from '../../model/endpoint.ts';

/** A host as its cluster's load balancer counts it. */
export interface CountedHost {
  readonly state: ReportedHealth['state'];
  readonly priority: number;
}

/** Envoy: `healthy_panic_threshold`, by default. What is configured cannot be told from `/clusters`. Percent. */
const PANIC_THRESHOLD = 50;
/** Envoy: `overprovisioning_factor`, by default: a priority counts as whole down to 72 % healthy. Percent. */
const OVERPROVISIONING = 140;

/** Hosts of one priority, without those that Envoy excludes from its maths. */
interface Level {
  counted: number;
  healthy: number;
  degraded: number;
}

/**
 * The priorities among whose hosts an Envoy ignores health, as too few are left, if its thresholds are the default ones. None is
 * while all priorities together can take all calls; a priority that does is one with less than half of its hosts available.
 */
export function panickingPriorities(hosts: readonly CountedHost[]): ReadonlySet<number> {
  const levels = new Map<number, Level>();
  for (const { state, priority } of hosts) {
    const level = levels.get(priority) ?? { counted: 0, healthy: 0, degraded: 0 };
    levels.set(priority, level);
    level.counted += isExcluded(state) ? 0 : 1;
    level.healthy += state === 'healthy' ? 1 : 0;
    level.degraded += state === 'degraded' ? 1 : 0;
  }
  const capacity = [...levels.values()].reduce((sum, level) => sum + capacityOf(level), 0);
  if (capacity >= 100) {
    return new Set();
  }
  return new Set([...levels].filter(([, level]) => isBelowThreshold(level)).map(([priority]) => priority));
}

/** How many of 100 calls a priority could take. Envoy rounds healthy and degraded hosts down each. */
function capacityOf({ counted, healthy, degraded }: Level): number {
  const share = (hosts: number): number => (counted === 0 ? 0 : Math.min(100, Math.floor((OVERPROVISIONING * hosts) / counted)));
  return share(healthy) + share(degraded);
}

function isBelowThreshold({ counted, healthy, degraded }: Level): boolean {
  return counted === 0 || (healthy + degraded) * 100 < counted * PANIC_THRESHOLD;
}

function isExcluded(state: ReportedHealth['state']): boolean {
  return state === 'pending' || state === 'draining' || state === 'excluded';
}
