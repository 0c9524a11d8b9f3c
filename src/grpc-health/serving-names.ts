import type { BridgeVerdict } from '../aggregation/verdict.ts';
import type { ServingStatus } from '../grpc/serving-status.ts';

/** What is known of health at one moment. */
export interface ServingState {
  readonly verdict: BridgeVerdict;
  /** Whether the whole counts as down whatever the clusters are: while draining, or in maintenance. */
  readonly isHeldDown: boolean;
}

/** The name of the whole (health.proto: "the empty string … the overall health of the server"). */
export const WHOLE = '';

/**
 * What a name of grpc.health.v1 stands for: the empty one the whole, then clusters, groups, and gRPC services that some cluster checks, in this
 * order where names meet. Null for a name that stands for nothing. It says what the health URL of the same name answers.
 */
export function findServingStatus({ verdict, isHeldDown }: ServingState, name: string): ServingStatus | null {
  if (name === WHOLE) {
    return toWord(verdict.whole.healthy && !isHeldDown);
  }
  const found = verdict.clusters.get(name) ?? verdict.groups.get(name) ?? verdict.services.get(name);
  return found === undefined ? null : toWord(found.healthy);
}

/** Every name that stands for something, each once, the whole first. */
export function listServingStatuses(state: ServingState): ReadonlyMap<string, ServingStatus> {
  const { clusters, groups, services } = state.verdict;
  const names = new Set([WHOLE, ...clusters.keys(), ...groups.keys(), ...services.keys()]);
  return new Map([...names].map((name) => [name, findServingStatus(state, name) ?? 'SERVICE_UNKNOWN']));
}

function toWord(healthy: boolean): ServingStatus {
  return healthy ? 'SERVING' : 'NOT_SERVING';
}

/** The code of the health URL of the same name. */
export function toHttpCode(status: ServingStatus): number {
  switch (status) {
    case 'SERVING':
      return 200;
    case 'SERVICE_UNKNOWN':
      return 404;
    case 'NOT_SERVING':
    case 'UNKNOWN':
      return 503;
  }
}
