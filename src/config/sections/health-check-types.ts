/** How endpoints can be checked. */
export const CHECK_TYPES = ['grpc', 'tcp', 'http', 'envoy', 'none'] as const;

/** How endpoints are checked. */
export type HealthCheckType = (typeof CHECK_TYPES)[number];

/** Keys that only checks over gRPC have a use for, that only checks over HTTP have, and that no check has a use for that is not made. */
const GRPC_KEYS = ['mode', 'services', 'authority', 'treat'] as const;
const HTTP_KEYS = ['http'] as const;
const REQUEST_KEYS = ['metadata'] as const;
const CHECK_KEYS = [
  'port',
  'interval',
  'intervalJitter',
  'noTrafficInterval',
  'unhealthyInterval',
  'timeout',
  'healthyThreshold',
  'unhealthyThreshold',
] as const;

/** A key of a health check that not every type has a use for. */
export type CheckKey =
  | (typeof GRPC_KEYS)[number]
  | (typeof HTTP_KEYS)[number]
  | (typeof REQUEST_KEYS)[number]
  | (typeof CHECK_KEYS)[number];

/** The keys that checks of a type have no use for. */
export function idleKeysOf(type: HealthCheckType): readonly CheckKey[] {
  switch (type) {
    case 'grpc':
      return HTTP_KEYS;
    case 'http':
      return GRPC_KEYS;
    case 'tcp':
      return [...GRPC_KEYS, ...REQUEST_KEYS, ...HTTP_KEYS];
    case 'envoy':
      return [...GRPC_KEYS, ...REQUEST_KEYS, ...HTTP_KEYS, ...CHECK_KEYS.filter((key) => key !== 'unhealthyThreshold')];
    case 'none':
      return [...GRPC_KEYS, ...REQUEST_KEYS, ...HTTP_KEYS, ...CHECK_KEYS];
  }
}
