import type { OutlierView } from '../model/ejection.ts';
import { type AdminCluster, type AdminHost, toAdminHost, toThresholds } from './admin-host.ts';

/** `/clusters` as Envoy prints it, for the people and programs that read an Envoy's: lines of names and values between `::`. */
export function renderClustersText(clusters: readonly AdminCluster[]): string {
  return clusters.map(renderCluster).join('');
}

/** A reader knows a cluster by the lines of its limits, which Envoy prints for every one. */
function renderCluster({ name, endpoints, limits, outliers, trafficOf }: AdminCluster): string {
  const thresholds = ['default_priority', 'high_priority'].flatMap((priority) =>
    toThresholds(limits).map(([key, value]) => `${name}::${priority}::${key}::${value}\n`),
  );
  const lines = [
    `${name}::observability_name::${name}\n`,
    ...outlierLines(name, outliers ?? null),
    ...thresholds,
    `${name}::added_via_api::false\n`,
  ];
  for (const endpoint of endpoints) {
    lines.push(
      ...hostLines(name, toAdminHost(endpoint, trafficOf(endpoint.endpoint.key), outliers?.successRateOf(endpoint.endpoint.key))),
    );
  }
  return lines.join('');
}

/** Envoy prints them where there is outlier detection. Errors of local origin are not told apart, so that nothing is known of them. */
function outlierLines(cluster: string, outliers: OutlierView | null): readonly string[] {
  return outliers === null
    ? []
    : [
        `${cluster}::outlier::success_rate_average::${outliers.successRateAverage}\n`,
        `${cluster}::outlier::success_rate_ejection_threshold::${outliers.successRateThreshold}\n`,
        `${cluster}::outlier::local_origin_success_rate_average::-1\n`,
        `${cluster}::outlier::local_origin_success_rate_ejection_threshold::-1\n`,
      ];
}

/** In Envoy's order. A rate of success of -1 is too little traffic to tell. */
function hostLines(cluster: string, host: AdminHost): readonly string[] {
  const values: readonly (readonly [string, string | number | boolean])[] = [
    ...host.gauges,
    ['hostname', host.hostname],
    ['health_flags', host.flags.length === 0 ? 'healthy' : host.flags.map((flag) => `/${flag}`).join('')],
    ['weight', host.weight],
    ['region', host.region],
    ['zone', host.zone],
    ['sub_zone', host.subZone],
    ['canary', host.canary],
    ['priority', host.priority],
    ['success_rate', host.successRate],
    ['local_origin_success_rate', -1],
  ];
  return values.map(([key, value]) => `${cluster}::${host.address}::${key}::${value}\n`);
}
