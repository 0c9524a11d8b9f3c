import { type EnvoyPart, http2Cluster } from './envoy.ts';

/** `connectionPool` of a cluster of the bridge. */
export interface Limits {
  readonly maxConnections?: number;
  readonly maxPendingRequests?: number;
  readonly maxRequests?: number;
  readonly maxRequestsPerConnection?: number;
}

/** One connection, one call at a time, one that waits: the usual way to see a breaker open. */
export const ALL_ONE: Limits = { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRequestsPerConnection: 1 };

/** The same limits as an Envoy has them, for a cluster of one endpoint. `protocol` is `explicit_http_config`. */
export function limitedCluster(name: string, address: string, limits: Limits, protocol: EnvoyPart): EnvoyPart {
  const { maxConnections, maxPendingRequests, maxRequests, maxRequestsPerConnection } = limits;
  const thresholds = {
    ...(maxConnections === undefined ? {} : { max_connections: maxConnections }),
    ...(maxPendingRequests === undefined ? {} : { max_pending_requests: maxPendingRequests }),
    ...(maxRequests === undefined ? {} : { max_requests: maxRequests }),
  };
  const common = maxRequestsPerConnection === undefined ? {} : { max_requests_per_connection: maxRequestsPerConnection };
  return http2Cluster(name, [address], {
    circuit_breakers: { thresholds: [thresholds] },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        common_http_protocol_options: common,
        explicit_http_config: protocol,
      },
    },
  });
}
