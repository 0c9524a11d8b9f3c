import { type Static, Type } from 'typebox';
import { closed, durationKey, toMs, wholeKey } from '../keys.ts';
import { complement, type Finding } from '../rules.ts';

/** The most that a limit of connections or calls can be set to: as good as none. */
const MAX_LIMIT = 1_000_000;

/** The key `connectionPool` of a cluster. */
export const ConnectionPoolSchema = Type.Object(
  {
    maxConnections: wholeKey({
      description:
        'Connections to all endpoints together, those that are being made or are leaving included; beyond it calls wait for a place. Each endpoint may have one all the same. Envoy: `max_connections`; gRPC: no twin; Istio: `tcp.maxConnections`.',
      default: 1024,
      minimum: 1,
      maximum: MAX_LIMIT,
    }),
    maxPendingRequests: wholeKey({
      description:
        'Calls that may wait for a connection; the next one is answered UNAVAILABLE. Envoy: `max_pending_requests`; gRPC: no twin; Istio: `http.http1MaxPendingRequests`.',
      default: 1024,
      minimum: 1,
      maximum: MAX_LIMIT,
    }),
    maxRequests: wholeKey({
      description:
        'Calls under way on connections to all endpoints together; the next one that has a connection to go to is answered UNAVAILABLE. Envoy: `max_requests`; gRPC A32: `max_requests`; Istio: `http.http2MaxRequests`.',
      default: 1024,
      minimum: 1,
      maximum: MAX_LIMIT,
    }),
    maxRetries: wholeKey({
      description:
        'Calls that are being repeated by the retry of a route, from the decision until an endpoint has answered; beyond it, calls end with the status that they got. A retry.budget goes before it. Connections and calls that no endpoint has begun to process are tried again regardless. For protocol http2. Envoy: `max_retries`; gRPC: no twin; Istio: `http.maxRetries`.',
      default: 3,
      minimum: 0,
      maximum: MAX_LIMIT,
    }),
    maxRequestsPerConnection: wholeKey({
      description:
        'Calls after which a connection takes no more; it ends with its last one, and the next call gets another connection. 0 is any number; 1 is a connection for each call. Envoy: `max_requests_per_connection`; gRPC: no twin; Istio: `http.maxRequestsPerConnection`.',
      default: 0,
      minimum: 0,
      maximum: 1_000_000_000,
    }),
    maxConnectionAge: durationKey({
      description:
        'Age, spread by 10 % either way, at which a connection is replaced; 0s is never. For protocol http2. Envoy: `max_connection_duration`; gRPC A9: `max_connection_age_ms`; Istio: `tcp.maxConnectionDuration`.',
      default: '0s',
      minimum: '0s',
      maximum: '24h',
    }),
    idleTimeout: durationKey({
      description:
        'How long a connection may be without a call. Envoy: `idle_timeout`; gRPC: `client_idle_timeout_ms`; Istio: `http.idleTimeout`.',
      default: '1h',
      minimum: '1s',
      maximum: '24h',
    }),
  },
  closed({ description: 'Connections to the endpoints, and calls on them: limits per cluster and process.', default: {} }),
);

type ConnectionPoolSection = Static<typeof ConnectionPoolSchema>;

/** Connections to endpoints. Lengths are milliseconds. */
export interface ConnectionPoolConfig {
  /** Default 1 024. */
  readonly maxConnections: number;
  /** Default 1 024. */
  readonly maxPendingRequests: number;
  /** Default 1 024. */
  readonly maxRequests: number;
  /** Of protocol http2. Default 3. */
  readonly maxRetries: number;
  /** 0 is any number. Default 0. */
  readonly maxRequestsPerConnection: number;
  /** Of protocol http2. 0 is never. Default 0. */
  readonly maxConnectionAgeMs: number;
  /** Default 3 600 000. */
  readonly idleTimeoutMs: number;
}

export function toConnectionPoolConfig(section: ConnectionPoolSection): ConnectionPoolConfig {
  const { maxConnections, maxPendingRequests, maxRequests, maxRetries, maxRequestsPerConnection } = section;
  return {
    maxConnections,
    maxPendingRequests,
    maxRequests,
    maxRetries,
    maxRequestsPerConnection,
    maxConnectionAgeMs: toMs(section.maxConnectionAge),
    idleTimeoutMs: toMs(section.idleTimeout),
  };
}

/** Keys with another value than their default that would have no effect on connections of that protocol. */
export function findIdlePoolKeys(section: ConnectionPoolSection, protocol: 'http2' | 'http1'): readonly Finding[] {
  const plain = complement(ConnectionPoolSchema, {}) ?? section;
  const ages = { given: toMs(section.maxConnectionAge), plain: toMs(plain.maxConnectionAge) };
  const idle: ('maxConnectionAge' | 'maxRetries')[] = [
    ...(ages.given === ages.plain ? [] : (['maxConnectionAge'] as const)),
    ...(section.maxRetries === plain.maxRetries ? [] : (['maxRetries'] as const)),
  ];
  return protocol === 'http2'
    ? []
    : idle.map((key) => ({
        at: ['connectionPool', key],
        message: `has no effect with protocol: ${protocol}`,
        got: section[key],
      }));
}
