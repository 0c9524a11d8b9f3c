import type { BridgeVerdict, ClusterVerdict } from '../../aggregation/verdict.ts';
import type { EndpointTraffic } from '../../model/endpoint-traffic.ts';
import type { EndpointHealth } from '../../model/health-view.ts';
import type { StateChange } from '../../model/state-change.ts';
import type { Lifecycle } from '../health-page.ts';
import { MAX_ORIGIN_NAME_LENGTH, MAX_REASON_LENGTH, toPrintable } from '../printable.ts';

/** Endpoints that the page gets of one cluster, failing ones first, and of all: what a browser can show every second. */
export const MAX_SHOWN_PER_CLUSTER = 200;
export const MAX_SHOWN = 2_000;

/** Labels that the page gets of an endpoint. */
const MAX_SHOWN_LABELS = 8;

/** What the status page is made from. */
export interface StatusSource {
  readonly version: string;
  readonly verdict: () => BridgeVerdict;
  readonly lifecycle: () => Lifecycle;
  readonly trafficOf: (cluster: string, endpoint: string) => EndpointTraffic | null;
  /** Calls to a cluster that have ended since the start. */
  readonly callsOf: (cluster: string) => number;
  /** Of a cluster, the oldest first. */
  readonly changesOf: (cluster: string) => readonly StateChange[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** `/status.json`: everything that the page shows, at this moment. Times are milliseconds since 1970. Not a stable interface. */
export function renderSnapshot(source: StatusSource): string {
  const { version, lifecycle, verdict, now } = source;
  const { whole, clusters } = verdict();
  const optional = new Set(whole.members.flatMap((member) => (member.optional ? [member.verdict.name] : [])));
  const budget = { left: MAX_SHOWN };
  const { started, draining, maintenance } = lifecycle();
  return JSON.stringify({
    version,
    nowMs: now(),
    started,
    draining,
    maintenance,
    healthy: whole.healthy,
    status: whole.status,
    clusters: [...clusters.values()].map((cluster) => ({
      ...toCluster(cluster, source, budget),
      optional: optional.has(cluster.name),
    })),
  });
}

function toCluster(cluster: ClusterVerdict, source: StatusSource, budget: { left: number }): object {
  const { name, healthy, status, summary, available, total, states, endpoints } = cluster;
  const shown = endpoints.slice(0, Math.min(MAX_SHOWN_PER_CLUSTER, budget.left));
  budget.left -= shown.length;
  return {
    name,
    healthy,
    status,
    summary,
    available,
    total,
    states: Object.fromEntries(states),
    discoveryReason: toPrintable(cluster.discoveryReason, MAX_REASON_LENGTH),
    endpoints: shown.map((endpoint) => toEndpoint(endpoint, source.trafficOf(name, endpoint.endpoint.key))),
    calls: source.callsOf(name),
    omitted: endpoints.length - shown.length,
    changes: source.changesOf(name).map(({ atMs, endpoint, from, to, reason }) => ({
      atMs,
      endpoint: toPrintable(endpoint, MAX_REASON_LENGTH),
      from,
      to,
      reason: toPrintable(reason, MAX_REASON_LENGTH),
    })),
  };
}

function toEndpoint(health: EndpointHealth, traffic: EndpointTraffic | null): object {
  const { endpoint, state, reason, sinceMs, lastResultMs, checkMs } = health;
  return {
    address: toPrintable(endpoint.key, MAX_REASON_LENGTH),
    hostname: toPrintable(endpoint.hostname ?? '', MAX_ORIGIN_NAME_LENGTH),
    zone: toPrintable(endpoint.origin?.locality.zone ?? '', MAX_ORIGIN_NAME_LENGTH),
    labels: Object.entries(endpoint.labels ?? {})
      .slice(0, MAX_SHOWN_LABELS)
      .map(([name, value]) => toPrintable(`${name}=${value}`, MAX_ORIGIN_NAME_LENGTH)),
    state,
    reason: toPrintable(reason, MAX_REASON_LENGTH),
    sinceMs,
    lastResultMs,
    checkMs,
    traffic,
  };
}
