import assert from 'node:assert/strict';
import type { ClusterPolicy } from '../../src/aggregation/cluster-verdict.ts';
import { parseAddress } from '../../src/model/address.ts';
import { createEndpoint } from '../../src/model/endpoint.ts';
import type {
  ClusterHealth,
  DiscoveryHealth,
  EndpointHealth,
  HealthState,
  HealthView,
  ServiceHealth,
} from '../../src/model/health-view.ts';

/** When everything in these views happened, in milliseconds since 1970. */
export const THEN_MS = 1_700_000_000_000;

export const ALL_STATES: readonly HealthState[] = [
  'healthy',
  'degraded',
  'unhealthy',
  'pending',
  'stale',
  'ejected',
  'draining',
  'excluded',
];

/** One endpoint with its services; without any, the whole server has the endpoint's state. */
export function endpointHealth(
  text: string,
  state: HealthState,
  { reason = '', services }: { readonly reason?: string; readonly services?: Readonly<Record<string, HealthState>> } = {},
): EndpointHealth {
  const parsed = parseAddress(text);
  assert.equal(parsed.kind, 'address');
  const own = Object.entries(services ?? { '': state });
  return {
    endpoint: createEndpoint(parsed.address, null),
    state,
    reason,
    sinceMs: THEN_MS,
    lastResultMs: state === 'pending' ? null : THEN_MS,
    checkMs: state === 'pending' ? null : 1.25,
    services: new Map(own.map(([name, each]): [string, ServiceHealth] => [name, { state: each, reason, sinceMs: THEN_MS }])),
  };
}

/** Endpoints 10.0.0.1:1, 10.0.0.2:1 … in these states. */
export function endpointsIn(...states: readonly HealthState[]): readonly EndpointHealth[] {
  return states.map((state, index) =>
    endpointHealth(`10.0.0.${index + 1}:1`, state, { reason: state === 'unhealthy' ? 'NOT_SERVING' : '' }),
  );
}

const FOUND: DiscoveryHealth = { state: 'ok', reason: '', lastSuccessMs: THEN_MS };

/** A cluster that has had a verdict, unless said otherwise. */
export function clusterHealth(
  name: string,
  endpoints: readonly EndpointHealth[],
  changes: Partial<ClusterHealth> = {},
): ClusterHealth {
  const services = [...new Set(endpoints.flatMap((endpoint) => [...endpoint.services.keys()]))];
  return { name, discovery: FOUND, endpoints, services, hadVerdict: true, initialized: true, ...changes };
}

export function viewOf(...clusters: readonly ClusterHealth[]): HealthView {
  return { clusters: new Map(clusters.map((cluster) => [cluster.name, cluster])) };
}

export function policy(name: string, changes: Partial<ClusterPolicy> = {}): ClusterPolicy {
  return { name, healthyWhen: 'any', whenEmpty: 'unhealthy', ...changes };
}
