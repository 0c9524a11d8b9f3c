import { isDeepStrictEqual } from 'node:util';
import { type Address, formatAddress } from './address.ts';

/** What a source says of the part that an endpoint is to have. */
export interface EndpointTraits {
  /** Names and values that subsets choose by; absent is none. Envoy: the metadata `envoy.lb`. Kubernetes: labels of the pod. */
  readonly labels?: Labels;
  /** The share of calls that it is to get, against those of the others. A whole number, 1 or more; absent is 1. Envoy: `load_balancing_weight`. */
  readonly weight?: number;
  /**
   * The level that it belongs to: calls go to the lowest number that has a healthy endpoint. A whole number, 0 or more; absent is 0. Envoy:
   * `priority`.
   */
  readonly priority?: number;
}

/** Names and values; whoever makes them bounds them by MAX_LABELS. */
export type Labels = Readonly<Record<string, string>>;

/** Labels of one endpoint. Pods that are labelled by several tools have some thirty. */
export const MAX_LABELS = 64;
/** Characters of the name of a label; Kubernetes: 253 of a prefix, a slash and 63. */
export const MAX_LABEL_NAME_LENGTH = 317;
/** Characters of the value of a label; Kubernetes allows 63. */
export const MAX_LABEL_VALUE_LENGTH = 256;

/** One address of a cluster. Its `key` is its identity: two endpoints with one key are the same endpoint. */
export interface Endpoint extends EndpointTraits {
  /** IP literal and port, or a unix socket; host names are resolved before an endpoint exists. */
  readonly address: Address;
  /** `formatAddress(address)`, such as `10.0.0.1:50051`, `[::1]:50051`, `unix:/run/app.sock`. */
  readonly key: string;
  /** The name this address was found under, or null: the default for `:authority` and the TLS server name. */
  readonly hostname: string | null;
  /** What its source says of its health, where the source knows. */
  readonly reported?: ReportedHealth;
  /** What its source knows of it beside address and health, where the source tells: only shown. */
  readonly origin?: EndpointOrigin;
}

/** Where an endpoint stands in the source that listed it: an Envoy or Kubernetes. */
export interface EndpointOrigin {
  /** The source's own name for the cluster; Kubernetes: `namespace/service`. */
  readonly cluster: string;
  /** Envoy: `priority`; 0 is the highest. */
  readonly priority: number;
  /** Envoy: `load_balancing_weight`. */
  readonly weight: number;
  readonly locality: Locality;
  /** Kubernetes: `hints.forZones`, the zones that the endpoint is meant for; absent where there are none. */
  readonly hintZones?: readonly string[];
  /** Envoy: the metadata `envoy.lb`, `canary`; null where the source does not tell. */
  readonly canary: boolean | null;
  /**
   * Whether so few endpoints of this priority are healthy that the source ignores health among them, by its default threshold. It has
   * no effect here: it explains why an Envoy sends calls to endpoints that it lists as failed.
   */
  readonly panic: boolean;
  /** The state of the source itself where it is not in order, such as DRAINING; null where it is, or does not tell. */
  readonly sourceState: string | null;
}

/** Envoy: `config.core.v3.Locality`. Empty texts where nothing is configured. */
export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

/**
 * The health of an endpoint as whoever reported it sees it. An Envoy tells all of it, with a new object for each time it was asked;
 * Kubernetes tells only that an endpoint is leaving (`draining`). Where the bridge checks by itself, `draining` alone counts.
 */
export interface ReportedHealth {
  readonly state: 'healthy' | 'degraded' | 'unhealthy' | 'ejected' | 'pending' | 'draining' | 'excluded';
  /** The source's own words, such as Envoy's `failed_active_hc`; none while nothing is wrong. */
  readonly flags: readonly string[];
  /** Words for an operator; empty while healthy. */
  readonly reason: string;
  /** When the source said so, in milliseconds since 1970. */
  readonly atMs: number;
  /** How long asking took the last time, in milliseconds. */
  readonly pollMs: number;
  /** How often in a row the source could not be asked since then. */
  readonly failedPolls: number;
  /** Why it could not; empty while `failedPolls` is 0. */
  readonly failure: string;
}

/** What changed between two endpoint sets, by key. */
export interface EndpointDiff {
  readonly added: readonly Endpoint[];
  readonly removed: readonly Endpoint[];
  /** In both, in their new form: the survivors, which keep their health and connections. */
  readonly kept: readonly Endpoint[];
}

export function createEndpoint(address: Address, hostname: string | null): Endpoint {
  return { address, key: formatAddress(address), hostname };
}

/** Whether two forms of one endpoint are connected to in the same way. */
export function isReachedAlike({ address: one }: Endpoint, { address: other }: Endpoint): boolean {
  return one.kind === 'unix' || other.kind === 'unix' || one.otherHost === other.otherHost;
}

/** Whether two forms of one endpoint differ in their health alone, if at all. */
export function isShownAlike(one: Endpoint, other: Endpoint): boolean {
  return (
    one.hostname === other.hostname &&
    one.weight === other.weight &&
    one.priority === other.priority &&
    isDeepStrictEqual(one.labels, other.labels) &&
    isDeepStrictEqual(one.origin, other.origin)
  );
}

/** The endpoint with these traits besides: its own go before them, label by label. The same object where there are none. */
export function withTraits(endpoint: Endpoint, { labels, weight, priority }: EndpointTraits): Endpoint {
  if (labels === undefined && weight === undefined && priority === undefined) {
    return endpoint;
  }
  return {
    ...(weight === undefined ? {} : { weight }),
    ...(priority === undefined ? {} : { priority }),
    ...endpoint,
    ...(labels === undefined ? {} : { labels: { ...labels, ...endpoint.labels } }),
  };
}

/** Keeps the first endpoint of each key, in order. */
export function uniqueEndpoints(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const byKey = new Map<string, Endpoint>();
  for (const endpoint of endpoints) {
    if (!byKey.has(endpoint.key)) {
      byKey.set(endpoint.key, endpoint);
    }
  }
  return [...byKey.values()];
}

export function diffEndpoints(previous: readonly Endpoint[], next: readonly Endpoint[]): EndpointDiff {
  const before = new Set(previous.map((endpoint) => endpoint.key));
  const after = new Set(next.map((endpoint) => endpoint.key));
  return {
    added: next.filter((endpoint) => !before.has(endpoint.key)),
    removed: previous.filter((endpoint) => !after.has(endpoint.key)),
    kept: next.filter((endpoint) => before.has(endpoint.key)),
  };
}
