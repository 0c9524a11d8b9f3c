import type { Endpoint } from '../model/endpoint.ts';
import { type AdminCluster, type AdminHost, type EnvoyFlag, toAdminHost, toThresholds } from './admin-host.ts';

/** The fields of Envoy's `HostHealthStatus` that flags stand in; the one that is missing is a word of `eds_health_status`. */
const FIELDS: Readonly<Record<Exclude<EnvoyFlag, 'eds_status_draining'>, string>> = {
  failed_active_hc: 'failed_active_health_check',
  failed_outlier_check: 'failed_outlier_check',
  degraded_active_hc: 'failed_active_degraded_check',
  pending_active_hc: 'pending_active_hc',
  excluded_via_immediate_hc_fail: 'excluded_via_immediate_hc_fail',
};

/**
 * `/clusters?format=json` as Envoy prints it: a message `Clusters` in the JSON of protocol buffers, which leaves out what is empty,
 * zero or false.
 */
export function renderClustersJson(clusters: readonly AdminCluster[]): string {
  return `${JSON.stringify(clusters.length === 0 ? {} : { cluster_statuses: clusters.map(toCluster) }, null, 1)}\n`;
}

function toCluster({ name, endpoints, limits, outliers, trafficOf }: AdminCluster): object {
  const thresholds = Object.fromEntries(toThresholds(limits));
  const hosts = endpoints.map((health) => {
    const { key } = health.endpoint;
    return toHost(health.endpoint, toAdminHost(health, trafficOf(key), outliers?.successRateOf(key)));
  });
  const threshold = outliers?.successRateThreshold ?? -1;
  return {
    name,
    ...(threshold > 0 ? { success_rate_ejection_threshold: toPercent(threshold) } : {}),
    ...(hosts.length === 0 ? {} : { host_statuses: hosts }),
    circuit_breakers: { thresholds: [thresholds, { priority: 'HIGH', ...thresholds }] },
    observability_name: name,
  };
}

function toHost(endpoint: Endpoint, host: AdminHost): object {
  return {
    address: toAddressMessage(endpoint, host),
    // Counts of 64 bits are text in the JSON of protocol buffers.
    stats: host.gauges.map(([name, value]) => ({ type: 'GAUGE', ...(value === 0 ? {} : { value: String(value) }), name })),
    health_status: toHealthStatus(host.flags),
    ...(host.successRate >= 0 ? { success_rate: toPercent(host.successRate) } : {}),
    ...(host.weight === 0 ? {} : { weight: host.weight }),
    ...(host.hostname === '' ? {} : { hostname: host.hostname }),
    ...(host.priority === 0 ? {} : { priority: host.priority }),
    locality: toLocality(host),
  };
}

/** A message `Percent`, whose value is left out where it is 0. */
function toPercent(value: number): object {
  return value === 0 ? {} : { value };
}

function toAddressMessage({ address }: Endpoint, host: AdminHost): object {
  return address.kind === 'tcp'
    ? { socket_address: { address: address.host, port_value: address.port } }
    : { pipe: { path: host.address } };
}

function toHealthStatus(flags: readonly EnvoyFlag[]): object {
  const set = flags.flatMap((flag) => (flag === 'eds_status_draining' ? [] : [[FIELDS[flag], true]]));
  const edsStatus = flags.includes('eds_status_draining') ? 'DRAINING' : 'HEALTHY';
  return { ...Object.fromEntries(set), eds_health_status: edsStatus };
}

function toLocality({ region, zone, subZone }: AdminHost): object {
  const given = Object.entries({ region, zone, sub_zone: subZone }).filter(([, value]) => value !== '');
  return Object.fromEntries(given);
}
