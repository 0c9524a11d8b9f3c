import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import type { Endpoint } from '../model/endpoint.ts';

/**
 * What a source that has several parts says of them: while one of them fails, the whole is a failure, which brings the endpoints
 * that are known in spite of it. Told as a success, they would hide how long the part has been away.
 *
 * @param endpoints null before anything was found. An empty set beside a failure is no news: whoever hears of it keeps the last one.
 * @returns null where there is nothing to say yet.
 */
export function toUpdate(endpoints: readonly Endpoint[] | null, failures: readonly string[]): DiscoveryUpdate | null {
  if (failures.length === 0) {
    return endpoints === null ? null : { kind: 'endpoints', endpoints };
  }
  const reason = failures.join('; ');
  return endpoints === null || endpoints.length === 0 ? { kind: 'failed', reason } : { kind: 'failed', reason, endpoints };
}
