import { formatAddress } from '../model/address.ts';
import type { OutlierView } from '../model/ejection.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { EndpointTraffic } from '../model/endpoint-traffic.ts';
import type { EndpointHealth, HealthState } from '../model/health-view.ts';
import { MAX_ORIGIN_NAME_LENGTH, toPrintable } from './printable.ts';

/** A cluster as `/clusters` lists it. */
export interface AdminCluster {
  readonly name: string;
  readonly endpoints: readonly EndpointHealth[];
  readonly limits: AdminLimits;
  /** Null without outlier detection. Absent: the same. */
  readonly outliers?: OutlierView | null;
  /** By endpoint key; null where no route leads, so that there are no connections. */
  readonly trafficOf: (key: string) => EndpointTraffic | null;
}

/** What a cluster may have at once. Envoy: `circuit_breakers.thresholds`. */
export interface AdminLimits {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
}

/** The thresholds by name, in Envoy's order; of either priority, as there is but one here. */
export function toThresholds({
  maxConnections,
  maxPendingRequests,
  maxRequests,
  maxRetries,
}: AdminLimits): readonly (readonly [string, number])[] {
  return [
    ['max_connections', maxConnections],
    ['max_pending_requests', maxPendingRequests],
    ['max_requests', maxRequests],
    ['max_retries', maxRetries],
  ];
}

/** What both forms of `/clusters` say of an endpoint, in Envoy's terms. */
export interface AdminHost {
  /** As Envoy's text form prints addresses: of a unix socket the path alone, of an abstract one with an `@`. */
  readonly address: string;
  readonly hostname: string;
  /** Words of Envoy's `health_flags`, in its order; none is healthy. */
  readonly flags: readonly EnvoyFlag[];
  /** Per cent; -1 is too little traffic to tell. */
  readonly successRate: number;
  readonly weight: number;
  readonly priority: number;
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  readonly canary: boolean;
  /** Gauges by name, in alphabetical order. */
  readonly gauges: readonly (readonly [name: string, value: number])[];
}

/** The words of `health_flags` that our states have a use for. */
export type EnvoyFlag =
  | 'failed_active_hc'
  | 'failed_outlier_check'
  | 'degraded_active_hc'
  | 'pending_active_hc'
  | 'excluded_via_immediate_hc_fail'
  | 'eds_status_draining';

/**
 * Every state but healthy and degraded has a word that makes an Envoy's reader call the host unhealthy. What waits for its first
 * check, or is out of the counting, has failed as well: so an Envoy has its new hosts.
 */
const FLAGS: Readonly<Record<HealthState, readonly EnvoyFlag[]>> = {
  healthy: [],
  degraded: ['degraded_active_hc'],
  unhealthy: ['failed_active_hc'],
  stale: ['failed_active_hc'],
  pending: ['failed_active_hc', 'pending_active_hc'],
  excluded: ['failed_active_hc', 'excluded_via_immediate_hc_fail'],
  ejected: ['failed_outlier_check'],
  draining: ['eds_status_draining'],
};

export function toAdminHost(
  { endpoint, state, ejection }: EndpointHealth,
  traffic: EndpointTraffic | null,
  successRate = -1,
): AdminHost {
  const { hostname, origin } = endpoint;
  return {
    address: printAddress(endpoint),
    hostname: shown(hostname),
    flags: toFlags(state, ejection !== undefined),
    successRate,
    ...rankOf(endpoint),
    region: shown(origin?.locality.region),
    zone: shown(origin?.locality.zone),
    subZone: shown(origin?.locality.subZone),
    canary: origin?.canary === true,
    gauges: [
      ['cx_active', traffic?.connections ?? 0],
      ['rq_active', traffic?.activeRequests ?? 0],
    ],
  };
}

/** An endpoint that is ejected may be ill by checks as well: Envoy prints both, in this order. */
function toFlags(state: HealthState, isEjected: boolean): readonly EnvoyFlag[] {
  const flags = FLAGS[state];
  return !isEjected || state === 'ejected'
    ? flags
    : flags.flatMap((flag): EnvoyFlag[] => (flag === 'failed_active_hc' ? [flag, 'failed_outlier_check'] : [flag]));
}

/** What the source says goes before what the bridge goes by. */
function rankOf({ origin, weight = 1, priority = 0 }: Endpoint): Pick<AdminHost, 'weight' | 'priority'> {
  return { weight: origin?.weight ?? weight, priority: origin?.priority ?? priority };
}

function printAddress({ address }: Endpoint): string {
  if (address.kind === 'tcp') {
    return formatAddress(address);
  }
  const path = address.path.startsWith('\0') ? `@${address.path.slice(1)}` : address.path;
  return toPrintable(path, Number.POSITIVE_INFINITY);
}

/** A source may call things anything: a line must stay a line. */
function shown(text: string | null | undefined): string {
  return toPrintable(text ?? '', MAX_ORIGIN_NAME_LENGTH);
}
