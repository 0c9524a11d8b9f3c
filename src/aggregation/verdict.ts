import type { EndpointHealth, HealthState } from '../model/health-view.ts';

/**
 * How many healthy members make a whole healthy: at least one, all, a share of those that count (a whole percentage, 1 to
 * 100), or a number (1 or more). Envoy: `cluster_min_healthy_percentages` for the share; it has no twin of the others.
 */
export type HealthyWhen = 'any' | 'all' | { readonly percent: number } | { readonly count: number };

/**
 * `degraded`: healthy for the code, but something is not as it should be. `stale`: unhealthy, and only because results
 * are too old; with fresh ones of the same kind it would be healthy.
 */
export type VerdictStatus = 'healthy' | 'degraded' | 'unhealthy' | 'stale';

/** What one cluster is, computed once per view. */
export interface ClusterVerdict {
  readonly name: string;
  readonly healthy: boolean;
  readonly status: VerdictStatus;
  /** One line for people, without addresses: `2 of 3 healthy`, `no endpoints`, `discovery failed`. */
  readonly summary: string;
  /** Endpoints that are healthy or degraded. */
  readonly available: number;
  /** Endpoints that count: the denominator. */
  readonly total: number;
  /** How many endpoints are in each state; a state that no endpoint is in is absent. */
  readonly states: ReadonlyMap<HealthState, number>;
  /** The failing ones first, then the degraded, then the healthy; each kind by key. */
  readonly endpoints: readonly EndpointHealth[];
  /** Why discovery fails; empty otherwise. May hold addresses: for full details only. */
  readonly discoveryReason: string;
}

/** One member of a group or of the whole: a cluster, and whether it only degrades. */
export interface MemberVerdict {
  readonly verdict: ClusterVerdict;
  readonly optional: boolean;
}

/** What several clusters are together: a group, or the whole bridge. */
export interface GroupVerdict {
  readonly name: string;
  /** How many of the members that are not optional must be healthy. */
  readonly healthyWhen: HealthyWhen;
  readonly healthy: boolean;
  readonly status: VerdictStatus;
  /** In the order of the configuration. */
  readonly members: readonly MemberVerdict[];
}

/** All verdicts of one view. */
export interface BridgeVerdict {
  /** Over `health.clusters`; its name is empty. */
  readonly whole: GroupVerdict;
  readonly clusters: ReadonlyMap<string, ClusterVerdict>;
  readonly groups: ReadonlyMap<string, GroupVerdict>;
  /** By gRPC service name: the clusters that check it, judged by that service alone, none of them optional. */
  readonly services: ReadonlyMap<string, GroupVerdict>;
  /** Every non-optional cluster of the whole has had a first result, an empty answer or a failed discovery attempt. */
  readonly initialized: boolean;
}
