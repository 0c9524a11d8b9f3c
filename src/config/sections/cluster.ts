import { type Static, Type } from 'typebox';
import { isIpLiteral } from '../../model/address.ts';
import { formatDuration } from '../duration.ts';
import { closed, durationKey, nameKey, toMs, wordKey } from '../keys.ts';
import { type Finding, withRule } from '../rules.ts';
import { type ClusterTlsConfig, ClusterTlsSchema, toClusterTlsConfig } from './cluster-tls.ts';
import {
  CLUSTER_PROTOCOLS,
  type ClusterProtocol,
  findIdleKeepaliveKeys,
  type KeepaliveConfig,
  KeepaliveSchema,
  toKeepaliveConfig,
} from './cluster-traffic.ts';
import { type ConnectionPoolConfig, ConnectionPoolSchema, findIdlePoolKeys, toConnectionPoolConfig } from './connection-pool.ts';
import { DiscoverySchema, type DiscoverySourceConfig, toDiscoveryConfig } from './discovery.ts';
import { findIdleKeys, type HealthCheckConfig, HealthCheckSchema, toHealthCheckConfig } from './health-check.ts';
import type { HealthCheckType } from './health-check-types.ts';
import { type HealthyWhen, healthyWhenKey } from './healthy-when.ts';
import { type LoadBalancingConfig, LoadBalancingSchema, toLoadBalancingConfig } from './load-balancing.ts';
import { type OutlierDetectionConfig, OutlierDetectionSchema, toOutlierDetectionConfig } from './outlier-detection.ts';
import { type SubsetsConfig, SubsetsSchema, toSubsetsConfig } from './subsets.ts';

const MIN_STALE_AFTER_MS = 180_000;
/** Checks that may be missed before a result is too old. */
const STALE_CHECKS = 3;

const ClusterShape = Type.Object(
  {
    name: nameKey({ description: 'Unique over clusters and groups: part of URLs, metrics and logs.' }),
    protocol: wordKey(CLUSTER_PROTOCOLS, {
      description:
        'What the endpoints speak. http2: gRPC, and any other HTTP/2, with prior knowledge or ALPN. http1: HTTP/1.1, for plain requests from clients of both versions. Envoy: `http2_protocol_options`, `http_protocol_options`.',
      default: 'http2',
    }),
    discovery: DiscoverySchema,
    connectTimeout: durationKey({
      description: 'The longest that TCP and TLS may take together, within `healthCheck.timeout`. Envoy: `connect_timeout`.',
      default: '5s',
      minimum: '10ms',
      maximum: '10m',
    }),
    tls: Type.Optional(ClusterTlsSchema),
    healthCheck: HealthCheckSchema,
    loadBalancing: LoadBalancingSchema,
    subsets: Type.Optional(SubsetsSchema),
    outlierDetection: Type.Optional(OutlierDetectionSchema),
    connectionPool: ConnectionPoolSchema,
    keepalive: KeepaliveSchema,
    healthyWhen: healthyWhenKey(
      'How many healthy endpoints make the cluster healthy. Envoy: `cluster_min_healthy_percentages` of the health check filter.',
    ),
    whenEmpty: wordKey(['healthy', 'unhealthy'], {
      description: 'What a cluster is whose discovery found no endpoints.',
      default: 'unhealthy',
    }),
    staleAfter: Type.Optional(
      durationKey({
        description: 'A result older than this no longer counts as healthy. It may not be shorter than its default.',
        defaultText: 'the longer of 3m and 3 × (longest interval + jitter + timeout, of polls for type envoy)',
        minimum: '3m',
        maximum: '24h',
      }),
    ),
  },
  closed({ description: 'A named set of endpoints that are checked alike.' }),
);

/** One entry of `clusters`. */
export const ClusterSchema = withRule(ClusterShape, (cluster) => [
  ...findStaleProblems(cluster),
  ...findSizeProblems(cluster),
  ...findPortProblems(cluster),
  ...findCheckProblems(cluster),
  ...findIdlePoolKeys(cluster.connectionPool, cluster.protocol),
  ...findIdleKeepaliveKeys(cluster.keepalive, cluster.protocol),
]);

type ClusterSection = Static<typeof ClusterShape>;

/** A cluster. Lengths are milliseconds. */
export interface ClusterConfig {
  /** Unique over clusters and groups. */
  readonly name: string;
  /** Default `http2`. What a protocol has no use for is refused. */
  readonly protocol: ClusterProtocol;
  /** At least one source; their endpoints are joined. */
  readonly discovery: readonly DiscoverySourceConfig[];
  /** Default 5 000. May exceed `healthCheck.timeoutMs`, which bounds it. */
  readonly connectTimeoutMs: number;
  /** Null is cleartext. */
  readonly tls: ClusterTlsConfig | null;
  readonly healthCheck: HealthCheckConfig;
  readonly loadBalancing: LoadBalancingConfig;
  /** Null is none: routes lead to all endpoints alike. */
  readonly subsets: SubsetsConfig | null;
  /** Null is off. */
  readonly outlierDetection: OutlierDetectionConfig | null;
  readonly connectionPool: ConnectionPoolConfig;
  readonly keepalive: KeepaliveConfig;
  /** Default `any`. */
  readonly healthyWhen: HealthyWhen;
  /** Default `unhealthy`. */
  readonly whenEmpty: 'healthy' | 'unhealthy';
  /** Default and lower limit: the longer of 180 000 and 3 × (longest interval with jitter + timeout). */
  readonly staleAfterMs: number;
}

export function toClusterConfig(section: ClusterSection): ClusterConfig {
  const discovery = toDiscoveryConfig(section.discovery);
  const healthCheck = toHealthCheckConfig(section.healthCheck, defaultCheckType(discovery, section.protocol));
  return {
    name: section.name,
    protocol: section.protocol,
    discovery,
    connectTimeoutMs: toMs(section.connectTimeout),
    tls: section.tls === undefined ? null : toClusterTlsConfig(section.tls),
    healthCheck,
    loadBalancing: toLoadBalancingConfig(section.loadBalancing),
    subsets: section.subsets === undefined ? null : toSubsetsConfig(section.subsets),
    outlierDetection: section.outlierDetection === undefined ? null : toOutlierDetectionConfig(section.outlierDetection),
    connectionPool: toConnectionPoolConfig(section.connectionPool),
    keepalive: toKeepaliveConfig(section.keepalive),
    healthyWhen: section.healthyWhen,
    whenEmpty: section.whenEmpty,
    staleAfterMs: section.staleAfter === undefined ? leastStaleAfterMs(healthCheck, discovery) : toMs(section.staleAfter),
  };
}

/** Where nothing but Envoys is asked, the state is theirs. Servers of HTTP/1.1 know nothing of grpc.health.v1. */
function defaultCheckType(discovery: readonly DiscoverySourceConfig[], protocol: ClusterProtocol): HealthCheckType {
  if (discovery.every(({ type }) => type === 'envoy')) {
    return 'envoy';
  }
  return protocol === 'http1' ? 'tcp' : 'grpc';
}

function leastStaleAfterMs(healthCheck: HealthCheckConfig, discovery: readonly DiscoverySourceConfig[]): number {
  const longestMs = healthCheck.type === 'envoy' ? longestPollMs(discovery) : longestCheckMs(healthCheck);
  return Math.max(MIN_STALE_AFTER_MS, STALE_CHECKS * longestMs);
}

function longestCheckMs(healthCheck: HealthCheckConfig): number {
  const { intervalMs, noTrafficIntervalMs, unhealthyIntervalMs, intervalJitterMs, timeoutMs } = healthCheck;
  return Math.max(intervalMs, noTrafficIntervalMs, unhealthyIntervalMs) + intervalJitterMs + timeoutMs;
}

function longestPollMs(discovery: readonly DiscoverySourceConfig[]): number {
  return discovery.reduce(
    (longest, source) =>
      source.type === 'envoy' ? Math.max(longest, source.pollIntervalMs + source.jitterMs + source.timeoutMs) : longest,
    0,
  );
}

/** A type that the sources decide is looked at here, and reports of health can only come from an Envoy. */
function findCheckProblems({ discovery, healthCheck, protocol }: ClusterSection): readonly Finding[] {
  const sources = toDiscoveryConfig(discovery);
  const other = sources.find(({ type }) => type !== 'envoy');
  if (healthCheck.type === undefined) {
    return findIdleKeys(healthCheck, defaultCheckType(sources, protocol)).map((finding) => ({
      ...finding,
      at: ['healthCheck', ...finding.at],
    }));
  }
  return healthCheck.type === 'envoy' && other !== undefined
    ? [
        {
          at: ['healthCheck', 'type'],
          message: `needs sources of type envoy alone, and there is one of type ${other.type}`,
          got: healthCheck.type,
        },
      ]
    : [];
}

function findStaleProblems({ staleAfter, healthCheck, discovery, protocol }: ClusterSection): readonly Finding[] {
  const sources = toDiscoveryConfig(discovery);
  const leastMs = leastStaleAfterMs(toHealthCheckConfig(healthCheck, defaultCheckType(sources, protocol)), sources);
  return staleAfter === undefined || toMs(staleAfter) >= leastMs
    ? []
    : [{ at: ['staleAfter'], message: `must be ${formatDuration(leastMs)} or more, for checks this far apart`, got: staleAfter }];
}

/** A static list has its size in the file; names in it may stand for any number, and so may other sources. */
function findSizeProblems({ discovery, healthyWhen }: ClusterSection): readonly Finding[] {
  if (typeof healthyWhen !== 'object' || !('count' in healthyWhen)) {
    return [];
  }
  const sizes = toDiscoveryConfig(discovery).map(knownSize);
  const size = sizes.reduce((sum, each) => sum + each, 0);
  return healthyWhen.count <= size
    ? []
    : [{ at: ['healthyWhen', 'count'], message: `is more than the cluster's ${size} endpoints`, got: healthyWhen.count }];
}

function knownSize(source: DiscoverySourceConfig): number {
  if (source.type !== 'static') {
    return Number.POSITIVE_INFINITY;
  }
  const known = source.endpoints.every(({ address }) => address.kind === 'unix' || isIpLiteral(address.host));
  return known ? source.endpoints.length : Number.POSITIVE_INFINITY;
}

function findPortProblems({ discovery, healthCheck }: ClusterSection): readonly Finding[] {
  const withoutPort = toDiscoveryConfig(discovery).some(
    (source) => source.type === 'static' && source.endpoints.some(({ address }) => address.kind === 'unix'),
  );
  return healthCheck.port === undefined || !withoutPort
    ? []
    : [{ at: ['healthCheck', 'port'], message: 'cannot be applied to unix sockets', got: healthCheck.port }];
}
