import type { UpstreamPoolOptions } from '../../src/upstream/options.ts';

/** The limits of a cluster that says nothing of them, but for these. */
export function poolLimits(changes: Partial<UpstreamPoolOptions> = {}): UpstreamPoolOptions {
  return {
    maxConnections: 1024,
    maxPendingRequests: 1024,
    maxRequests: 1024,
    maxRetries: 3,
    maxRequestsPerConnection: 0,
    maxConnectionAgeMs: 0,
    idleTimeoutMs: 3_600_000,
    ...changes,
  };
}
