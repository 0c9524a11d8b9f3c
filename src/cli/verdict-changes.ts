import type { BridgeVerdict, ClusterVerdict } from '../aggregation/verdict.ts';
import type { EndpointHealth } from '../model/health-view.ts';

/**
 * What is another than before, one line each, without an end: endpoints first, then clusters, then the whole, as the one follows from the
 * other. All there is for the first verdict, where `before` is null; nothing when only times have changed.
 */
export function describeChanges(before: BridgeVerdict | null, now: BridgeVerdict): readonly string[] {
  const lines: string[] = [];
  for (const verdict of now.clusters.values()) {
    lines.push(...endpointChanges(before?.clusters.get(verdict.name) ?? null, verdict));
  }
  for (const verdict of now.clusters.values()) {
    const earlier = before?.clusters.get(verdict.name);
    if (earlier?.status !== verdict.status || earlier.summary !== verdict.summary) {
      lines.push(`cluster ${verdict.name} ${verdict.status}: ${verdict.summary}`);
    }
  }
  if (before?.whole.status !== now.whole.status) {
    lines.push(`whole ${now.whole.status}`);
  }
  return lines;
}

function endpointChanges(before: ClusterVerdict | null, now: ClusterVerdict): readonly string[] {
  const earlier = new Map(before?.endpoints.map((endpoint) => [endpoint.endpoint.key, endpoint]));
  const lines: string[] = [];
  for (const endpoint of now.endpoints) {
    const { key } = endpoint.endpoint;
    if (!isSame(earlier.get(key), endpoint)) {
      lines.push(`endpoint ${now.name} ${key} ${endpoint.state}${endpoint.reason === '' ? '' : `: ${endpoint.reason}`}`);
    }
    earlier.delete(key);
  }
  return [...lines, ...[...earlier.keys()].map((key) => `endpoint ${now.name} ${key} removed`)];
}

function isSame(before: EndpointHealth | undefined, now: EndpointHealth): boolean {
  return before?.state === now.state && before.reason === now.reason;
}
