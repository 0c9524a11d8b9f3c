import type { Registry } from 'prom-client';
import { type ClusterSnapshot, HealthMetrics } from '../observability/health-metrics.ts';
import { ListenerMetrics, type ListenerSnapshot } from '../observability/listener-metrics.ts';
import { createRegistry } from '../observability/metrics.ts';
import type { Listener } from '../proxy/listener.ts';
import type { HealthMonitor } from './health-monitor.ts';

/** What metrics are read from at a scrape. */
export interface MetricsSources {
  /** Null before there is one. */
  readonly monitor: () => HealthMonitor | null;
  /** The admin listener included. */
  readonly listeners: () => readonly Listener[];
  readonly draining: () => boolean;
}

/** Every metric of one bridge, in a registry of its own. */
export interface BridgeMetrics {
  readonly registry: Registry;
  readonly health: HealthMetrics;
  readonly listeners: ListenerMetrics;
}

/** @param version that of the bridge, for `build_info`. */
export function createBridgeMetrics(version: string, sources: MetricsSources): BridgeMetrics {
  const registry = createRegistry({ version, nodeVersion: process.version });
  return {
    registry,
    health: new HealthMetrics(registry, () => clusterSnapshots(sources.monitor())),
    listeners: new ListenerMetrics(registry, () => sources.listeners().map(listenerSnapshot), sources.draining),
  };
}

function clusterSnapshots(monitor: HealthMonitor | null): readonly ClusterSnapshot[] {
  if (monitor === null) {
    return [];
  }
  const { verdict, view } = monitor;
  return [...verdict.clusters.values()].map(({ name, healthy, states, endpoints }) => ({
    name,
    healthy,
    states,
    endpoints,
    discoveredMs: view.clusters.get(name)?.discovery.lastSuccessMs ?? null,
  }));
}

function listenerSnapshot({ name, connections, certificateExpiryMs }: Listener): ListenerSnapshot {
  return { name, connections, certificateExpiryMs };
}
