import { type Static, Type } from 'typebox';
import { closed, durationKey, toMs } from '../keys.ts';
import { complement, type Finding } from '../rules.ts';

/** The words of the key `protocol` of a cluster. */
export const CLUSTER_PROTOCOLS = ['http2', 'http1'] as const;

/** What the endpoints of a cluster speak. */
export type ClusterProtocol = (typeof CLUSTER_PROTOCOLS)[number];

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

/** Keys with another value than their default that would have no effect on connections of that protocol. */
export function findIdleKeepaliveKeys(keepalive: Static<typeof KeepaliveSchema>, protocol: ClusterProtocol): readonly Finding[] {
  const plain = complement(KeepaliveSchema, {}) ?? keepalive;
  return (['time', 'timeout'] as const)
    .filter((key) => protocol === 'http1' && toMs(keepalive[key]) !== toMs(plain[key]))
    .map((key) => ({ at: ['keepalive', key], message: `has no effect with protocol: ${protocol}`, got: keepalive[key] }));
}
