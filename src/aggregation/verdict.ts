import type { EndpointHealth, HealthState } from '../model/health-view.ts';

/** How many healthy members make a whole healthy: at least one, all, a share of those that count, or a number. */
export type HealthyWhen = 'any' | 'all' | { readonly percent: number } | { readonly count: number };

/** `degraded`: healthy for the code, but something is not as it should be. */
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
  readonly states: ReadonlyMap<HealthState, number>;
  /** The failing ones first, then by key. */
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
  /** By gRPC service name: the clusters that check it, judged by that service alone. */
  readonly services: ReadonlyMap<string, GroupVerdict>;
  /** Every non-optional cluster of the whole has had a first result, an empty answer or a failed discovery attempt. */
  readonly initialized: boolean;
}
