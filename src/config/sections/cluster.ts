import { type Static, Type } from 'typebox';
import { isIpLiteral } from '../../model/address.ts';
import { formatDuration } from '../duration.ts';
import { closed, durationKey, nameKey, toMs, wordKey } from '../keys.ts';
import { type Finding, withRule } from '../rules.ts';
import { type ClusterTlsConfig, ClusterTlsSchema, toClusterTlsConfig } from './cluster-tls.ts';
import {
  type ConnectionPoolConfig,
  ConnectionPoolSchema,
  type KeepaliveConfig,
  KeepaliveSchema,
  type LoadBalancingConfig,
  LoadBalancingSchema,
  toConnectionPoolConfig,
  toKeepaliveConfig,
  toLoadBalancingConfig,
} from './cluster-traffic.ts';
import { DiscoverySchema, type DiscoverySourceConfig, toDiscoveryConfig } from './discovery.ts';
import { type HealthCheckConfig, HealthCheckSchema, toHealthCheckConfig } from './health-check.ts';
import { type HealthyWhen, healthyWhenKey } from './healthy-when.ts';

const MIN_STALE_AFTER_MS = 180_000;
/** Checks that may be missed before a result is too old. */
const STALE_CHECKS = 3;

const ClusterShape = Type.Object(
  {
    name: nameKey({ description: 'Unique over clusters and groups: part of URLs, metrics and logs.' }),
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
        defaultText: 'the longer of 3m and 3 × (longest interval + jitter + timeout)',
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
]);

type ClusterSection = Static<typeof ClusterShape>;

/** A cluster. Lengths are milliseconds. */
export interface ClusterConfig {
  /** Unique over clusters and groups. */
  readonly name: string;
  /** At least one source; their endpoints are joined. */
  readonly discovery: readonly DiscoverySourceConfig[];
  /** Default 5 000. May exceed `healthCheck.timeoutMs`, which bounds it. */
  readonly connectTimeoutMs: number;
  /** Null is cleartext HTTP/2. */
  readonly tls: ClusterTlsConfig | null;
  readonly healthCheck: HealthCheckConfig;
  readonly loadBalancing: LoadBalancingConfig;
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
  const healthCheck = toHealthCheckConfig(section.healthCheck);
  return {
    name: section.name,
    discovery: toDiscoveryConfig(section.discovery),
    connectTimeoutMs: toMs(section.connectTimeout),
    tls: section.tls === undefined ? null : toClusterTlsConfig(section.tls),
    healthCheck,
    loadBalancing: toLoadBalancingConfig(section.loadBalancing),
    connectionPool: toConnectionPoolConfig(section.connectionPool),
    keepalive: toKeepaliveConfig(section.keepalive),
    healthyWhen: section.healthyWhen,
    whenEmpty: section.whenEmpty,
    staleAfterMs: section.staleAfter === undefined ? leastStaleAfterMs(healthCheck) : toMs(section.staleAfter),
  };
}

function leastStaleAfterMs(healthCheck: HealthCheckConfig): number {
  const { intervalMs, noTrafficIntervalMs, unhealthyIntervalMs, intervalJitterMs, timeoutMs } = healthCheck;
  const longestMs = Math.max(intervalMs, noTrafficIntervalMs, unhealthyIntervalMs) + intervalJitterMs + timeoutMs;
  return Math.max(MIN_STALE_AFTER_MS, STALE_CHECKS * longestMs);
}

function findStaleProblems({ staleAfter, healthCheck }: ClusterSection): readonly Finding[] {
  const leastMs = leastStaleAfterMs(toHealthCheckConfig(healthCheck));
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
