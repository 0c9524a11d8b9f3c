import type { Logger } from 'pino';
import type { ClusterConfig } from '../config/sections/cluster.ts';
import type { OutlierDetectionConfig } from '../config/sections/outlier-detection.ts';
import type { HealthTlsOptions } from '../health/options.ts';
import { DEFAULT_HTTP1_TIMEOUTS, type Http1ClusterOptions } from '../http1/options.ts';
import { UPSTREAM_LIMITS } from '../http2/index.ts';
import type { UpstreamMetrics } from '../observability/upstream-metrics.ts';
import type { OutlierOptions } from '../outlier/options.ts';
import type { UpstreamClusterOptions, UpstreamObserver } from '../upstream/options.ts';

/** What both kinds of clusters are told of their endpoints. */
type CommonOptions = Pick<
  UpstreamClusterOptions,
  'name' | 'connectTimeoutMs' | 'tls' | 'panicThresholdPercent' | 'policy' | 'hashOn' | 'outlier'
>;

/** What the configuration says of a cluster of HTTP/2 endpoints. `tls`: its files, read; null is cleartext. */
export function toHttp2ClusterOptions(cluster: ClusterConfig, tls: HealthTlsOptions | null): UpstreamClusterOptions {
  return {
    ...toCommonOptions(cluster, tls),
    pool: cluster.connectionPool,
    keepalive: cluster.keepalive,
    limits: UPSTREAM_LIMITS,
  };
}

/** What the configuration says of a cluster of HTTP/1.1 endpoints. `tls`: its files, read; null is cleartext. */
export function toHttp1ClusterOptions(cluster: ClusterConfig, tls: HealthTlsOptions | null): Http1ClusterOptions {
  return { ...toCommonOptions(cluster, tls), pool: cluster.connectionPool, timeouts: DEFAULT_HTTP1_TIMEOUTS };
}

/** Who counts connections. */
export type ConnectionCounter = Pick<UpstreamMetrics, 'onConnectionOpened' | 'onConnectionClosed'>;

/** Tells what happens to connections in log lines, and counts them. */
export function createConnectionLog(logger: Logger, counter: ConnectionCounter): UpstreamObserver {
  return {
    onConnectionOpened: (cluster, { key }) => {
      counter.onConnectionOpened(cluster);
      logger.debug({ cluster, endpoint: key }, 'connection opened');
    },
    onConnectionClosed: (cluster, { key }, reason) => {
      counter.onConnectionClosed(cluster);
      logger.debug({ cluster, endpoint: key, reason }, 'connection closed');
    },
    onConnectFailed: (cluster, { key }, failure, reason) =>
      logger.debug({ cluster, endpoint: key, failure, reason }, 'connection failed'),
    onUpstreamAbuse: (cluster, kind) => logger.warn({ cluster, kind }, 'endpoint reached a limit'),
    onUpstreamDefect: (cluster, err) => logger.error({ cluster, err }, 'connection to an endpoint failed inside'),
  };
}

function toCommonOptions(
  { name, connectTimeoutMs, loadBalancing, outlierDetection }: ClusterConfig,
  tls: HealthTlsOptions | null,
): CommonOptions {
  return {
    name,
    connectTimeoutMs,
    tls,
    panicThresholdPercent: Number.parseInt(loadBalancing.panicThreshold, 10),
    policy: loadBalancing.policy,
    hashOn: loadBalancing.hashOn,
    outlier: outlierDetection === null ? null : toOutlierOptions(outlierDetection),
  };
}

/** What counts in the health answer is no matter of the detector. */
function toOutlierOptions(config: OutlierDetectionConfig): OutlierOptions {
  return {
    consecutive5xx: config.consecutive5xx,
    consecutiveGatewayFailure: config.consecutiveGatewayFailure,
    intervalMs: config.intervalMs,
    baseEjectionTimeMs: config.baseEjectionTimeMs,
    maxEjectionTimeMs: config.maxEjectionTimeMs,
    maxEjectionPercent: config.maxEjectionPercent,
    successRate: config.successRate,
    failurePercentage: config.failurePercentage,
  };
}
