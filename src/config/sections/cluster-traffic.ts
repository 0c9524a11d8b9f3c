import { type Static, Type } from 'typebox';
import { closed, durationKey, toMs, wholeKey } from '../keys.ts';
import { complement, type Finding } from '../rules.ts';

/** The words of the key `protocol` of a cluster. */
export const CLUSTER_PROTOCOLS = ['http2', 'http1'] as const;

/** What the endpoints of a cluster speak. */
export type ClusterProtocol = (typeof CLUSTER_PROTOCOLS)[number];

/** The key `connectionPool` of a cluster. */
export const ConnectionPoolSchema = Type.Object(
  {
    maxConnections: wholeKey({
      description:
        'Connections to all endpoints together, each of which serves one request at a time; more requests wait. For protocol http1. Envoy: `max_connections`.',
      default: 1024,
      minimum: 1,
      maximum: 1_000_000,
    }),
    maxPendingRequests: wholeKey({
      description: 'Calls that may wait for a connection; the next one is answered UNAVAILABLE. Envoy: `max_pending_requests`.',
      default: 1024,
      minimum: 1,
      maximum: 1_000_000,
    }),
    maxConnectionAge: durationKey({
      description:
        'Age, spread by 10 % either way, at which a connection is replaced; 0s is never. For protocol http2. Envoy: `max_connection_duration`.',
      default: '0s',
      minimum: '0s',
      maximum: '24h',
    }),
    idleTimeout: durationKey({
      description: 'How long a connection may be without a call. Envoy: `idle_timeout`.',
      default: '1h',
      minimum: '1s',
      maximum: '24h',
    }),
  },
  closed({ description: 'Connections to the endpoints.', default: {} }),
);

/** Connections to endpoints. Lengths are milliseconds. */
export interface ConnectionPoolConfig {
  /** Of protocol http1. Default 1 024. */
  readonly maxConnections: number;
  /** Default 1 024. */
  readonly maxPendingRequests: number;
  /** Of protocol http2. 0 is never. Default 0. */
  readonly maxConnectionAgeMs: number;
  /** Default 3 600 000. */
  readonly idleTimeoutMs: number;
}

export function toConnectionPoolConfig(section: Static<typeof ConnectionPoolSchema>): ConnectionPoolConfig {
  return {
    maxConnections: section.maxConnections,
    maxPendingRequests: section.maxPendingRequests,
    maxConnectionAgeMs: toMs(section.maxConnectionAge),
    idleTimeoutMs: toMs(section.idleTimeout),
  };
}

/** The key `keepalive` of a cluster. */
export const KeepaliveSchema = Type.Object(
  {
    time: durationKey({
      description:
        'Silence after which an endpoint with calls under way is pinged; 0s is never. Many gRPC servers end connections that ping more often than every five minutes. gRPC: `keepalive_time_ms`. Envoy: `connection_keepalive.interval`.',
      default: '0s',
      minimum: '0s',
      maximum: '24h',
    }),
    timeout: durationKey({
      description:
        'Silence after such a ping that ends the connection. gRPC: `keepalive_timeout_ms`. Envoy: `connection_keepalive.timeout`.',
      default: '20s',
      minimum: '100ms',
      maximum: '10m',
    }),
  },
  closed({ description: 'PING on connections to endpoints, for protocol http2.', default: {} }),
);

/** PING on connections to endpoints. Lengths are milliseconds. */
export interface KeepaliveConfig {
  /** 0 is never. Default 0. */
  readonly timeMs: number;
  /** Default 20 000. */
  readonly timeoutMs: number;
}

export function toKeepaliveConfig(section: Static<typeof KeepaliveSchema>): KeepaliveConfig {
  return { timeMs: toMs(section.time), timeoutMs: toMs(section.timeout) };
}

/** Both keys with what they say of connections. */
interface TrafficSection {
  readonly connectionPool: Static<typeof ConnectionPoolSchema>;
  readonly keepalive: Static<typeof KeepaliveSchema>;
}

/** Keys with another value than their default that would have no effect on connections of that protocol. */
export function findIdleTrafficKeys(
  { connectionPool, keepalive }: TrafficSection,
  protocol: ClusterProtocol,
): readonly Finding[] {
  const plainPool = complement(ConnectionPoolSchema, {}) ?? connectionPool;
  const plainKeepalive = complement(KeepaliveSchema, {}) ?? keepalive;
  const message = `has no effect with protocol: ${protocol}`;
  if (protocol === 'http2') {
    return connectionPool.maxConnections === plainPool.maxConnections
      ? []
      : [{ at: ['connectionPool', 'maxConnections'], message, got: connectionPool.maxConnections }];
  }
  const findings: Finding[] = [];
  if (toMs(connectionPool.maxConnectionAge) !== toMs(plainPool.maxConnectionAge)) {
    findings.push({ at: ['connectionPool', 'maxConnectionAge'], message, got: connectionPool.maxConnectionAge });
  }
  for (const key of ['time', 'timeout'] as const) {
    if (toMs(keepalive[key]) !== toMs(plainKeepalive[key])) {
      findings.push({ at: ['keepalive', key], message, got: keepalive[key] });
    }
  }
  return findings;
}
