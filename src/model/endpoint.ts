import { type Address, formatAddress } from './address.ts';

/** One address of a cluster. Its `key` is its identity: two endpoints with one key are the same endpoint. */
export interface Endpoint {
  /** IP literal and port, or a unix socket; host names are resolved before an endpoint exists. */
  readonly address: Address;
  /** `formatAddress(address)`, such as `10.0.0.1:50051`, `[::1]:50051`, `unix:/run/app.sock`. */
  readonly key: string;
  /** The name this address was found under, or null: the default for `:authority` and the TLS server name. */
  readonly hostname: string | null;
  /** What its source says of its health, where the source knows. */
  readonly reported?: ReportedHealth;
}

/** The health of an endpoint as whoever reported it sees it: an Envoy, so far. A new object for each time it was asked. */
export interface ReportedHealth {
  readonly state: 'healthy' | 'degraded' | 'unhealthy' | 'pending' | 'draining' | 'excluded';
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
