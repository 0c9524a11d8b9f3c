import { CallMetrics } from '../observability/call-metrics.ts';
import { METRICS_CONTENT_TYPES, type MetricsFormat, readRegistry, renderMetrics } from '../observability/exposition.ts';
import { type ClusterSnapshot, HealthMetrics } from '../observability/health-metrics.ts';
import { ListenerMetrics, type ListenerSnapshot } from '../observability/listener-metrics.ts';
import { createRegistry } from '../observability/metrics.ts';
import { ProcessMetrics } from '../observability/process-metrics.ts';
import { UpstreamMetrics } from '../observability/upstream-metrics.ts';
import type { Listener } from '../proxy/listener.ts';
import type { HealthMonitor } from './health-monitor.ts';

/** What is read of a listener. */
type ListenerNumbers = Pick<Listener, 'name' | 'connections' | 'certificateExpiryMs'>;

/** What metrics are read from at a scrape. */
export interface MetricsSources {
  /** Null before there is one. */
  readonly monitor: () => HealthMonitor | null;
  /** Requests under way, by the clusters that calls are forwarded to. */
  readonly activeRequests: () => ReadonlyMap<string, number>;
  /** Whether endpoints of a cluster may be ejected. */
  readonly detectsOutliers: (cluster: string) => boolean;
  /** The admin listener included. */
  readonly listeners: () => readonly ListenerNumbers[];
  readonly draining: () => boolean;
}

/** Every metric of one bridge. */
export interface BridgeMetrics {
  readonly health: HealthMetrics;
  readonly listeners: ListenerMetrics;
  readonly calls: CallMetrics;
  readonly upstream: UpstreamMetrics;
  readonly process: ProcessMetrics;
  /** Forgets what was counted for clusters that are not among these any longer. */
  readonly retain: (clusters: ReadonlySet<string>) => void;
  /** What a scrape is answered. */
  readonly render: (format: MetricsFormat) => Promise<{ readonly contentType: string; readonly body: string }>;
}

/** @param version that of the bridge, for `build_info`. */
export function createBridgeMetrics(version: string, sources: MetricsSources): BridgeMetrics {
  const registry = createRegistry({ version, nodeVersion: process.version });
  const calls = new CallMetrics();
  const upstream = new UpstreamMetrics(() =>
    [...sources.activeRequests()].map(([name, activeRequests]) => ({
      name,
      activeRequests,
      retries: calls.retriesOf(name),
      retryDenials: { limit: calls.retryDenialsOf(name, 'limit'), overflow: calls.retryDenialsOf(name, 'overflow') },
      detectsOutliers: sources.detectsOutliers(name),
    })),
  );
  const own = new ProcessMetrics();
  const health = new HealthMetrics(registry, () => clusterSnapshots(sources.monitor()));
  return {
    health,
    listeners: new ListenerMetrics(registry, () => sources.listeners().map(listenerSnapshot), sources.draining),
    calls,
    upstream,
    process: own,
    retain: (clusters) => {
      health.retain(clusters);
      calls.retain(clusters);
    },
    render: async (format) => {
      const families = [...(await readRegistry(registry)), ...upstream.read(), ...calls.read(), ...own.read()];
      return { contentType: METRICS_CONTENT_TYPES[format], body: renderMetrics(families, format) };
    },
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

function listenerSnapshot({ name, connections, certificateExpiryMs }: ListenerNumbers): ListenerSnapshot {
  return { name, connections, certificateExpiryMs };
}
