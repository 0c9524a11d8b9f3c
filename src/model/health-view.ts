import type { Endpoint } from './endpoint.ts';

/**
 * What an endpoint, or one service on it, is to the bridge. `degraded` counts as healthy for the code;
 * `pending` had no result yet; `stale` had one too long ago; `draining` and `excluded` come from the source;
 * `ejected` from outlier detection. Everything but `healthy` and `degraded` is not healthy.
 */
export type HealthState = 'healthy' | 'degraded' | 'unhealthy' | 'pending' | 'stale' | 'ejected' | 'draining' | 'excluded';

/** The state of one gRPC service on one endpoint, with why and since when. */
export interface ServiceHealth {
  readonly state: HealthState;
  /** Words for an operator, such as `NOT_SERVING` or `connection refused`; empty while healthy or pending. */
  readonly reason: string;
  /** When the state was entered, in milliseconds since 1970. */
  readonly sinceMs: number;
}

/** One endpoint: the worst of its services. */
export interface EndpointHealth extends ServiceHealth {
  readonly endpoint: Endpoint;
  /** When the last result came in, in milliseconds since 1970; null before the first. */
  readonly lastResultMs: number | null;
  /** How long the last check took, in milliseconds; null before the first. */
  readonly checkMs: number | null;
  /** By gRPC service name; the empty name is the whole server. */
  readonly services: ReadonlyMap<string, ServiceHealth>;
  /** Set while outlier detection has ejected the endpoint: `state` is `ejected` then, unless it is worse by itself. */
  readonly ejection?: {
    /** The state that the health answer counts. */
    readonly countsAs: HealthState;
  };
  /** What the source of the endpoint calls its health, where the state is the source's: see `ReportedHealth`. */
  readonly flags?: readonly string[];
}

/** How finding the endpoints of a cluster stands. A failure keeps the endpoints found last. */
export interface DiscoveryHealth {
  /** `pending` before the first answer or failure; `ok` after an answer, an empty one included; `failed` since a failure. */
  readonly state: 'pending' | 'ok' | 'failed';
  /** Why it failed; empty otherwise. */
  readonly reason: string;
  /** When an answer came last, in milliseconds since 1970; null if never. */
  readonly lastSuccessMs: number | null;
  /** Set while that answer is no longer believed: it cannot make an empty cluster healthy. */
  readonly expired?: boolean;
}

export interface ClusterHealth {
  readonly name: string;
  readonly discovery: DiscoveryHealth;
  /** In the order of their keys. */
  readonly endpoints: readonly EndpointHealth[];
  /** The gRPC service names that are checked on each endpoint. */
  readonly services: readonly string[];
  /**
   * Latched once every endpoint known then has had a result: from then on pending endpoints no longer count in the
   * denominator of `all` and `percent`, as a pod that has just come up must not turn the cluster unhealthy.
   */
  readonly hadVerdict: boolean;
  /** Latched once there is a first result, an empty answer or a failed discovery attempt: what `/readyz` waits for. */
  readonly initialized: boolean;
}

/** Everything known about health at one moment: immutable, replaced in one assignment, read by every answer. */
export interface HealthView {
  /** In the order of the configuration. */
  readonly clusters: ReadonlyMap<string, ClusterHealth>;
}
