import { isDeepStrictEqual } from 'node:util';
import { type Labels, MAX_LABEL_NAME_LENGTH, MAX_LABEL_VALUE_LENGTH, MAX_LABELS } from '../../model/endpoint.ts';
import type { ItemResult, Resource } from './resource.ts';

/** Pods of one namespace: as many as a Service may have endpoints. */
export const MAX_PODS = 10_000;
/** Pods that are asked for at once; an API server sends some 4 KiB of metadata for each. */
const PAGE_PODS = 1000;

/** What of a pod matters here. */
export interface Pod {
  readonly name: string;
  /** The first MAX_LABELS as the API server sends them, which is by name. */
  readonly labels: Labels;
}

/** All pods of a namespace. */
export const PODS: Resource<Pod> = {
  noun: 'pod',
  plural: 'pods',
  api: '/api/v1',
  labelSelector: '',
  asMetadata: true,
  maxItems: MAX_PODS,
  pageItems: PAGE_PODS,
  parse: parsePod,
  isSame: isDeepStrictEqual,
};

function parsePod(value: unknown): ItemResult<Pod> {
  const metadata: unknown = typeof value === 'object' && value !== null && 'metadata' in value ? value.metadata : null;
  const name: unknown = typeof metadata === 'object' && metadata !== null && 'name' in metadata ? metadata.name : null;
  if (typeof metadata !== 'object' || metadata === null || typeof name !== 'string') {
    return { kind: 'invalid', reason: 'a pod has no name' };
  }
  const labels: unknown = 'labels' in metadata ? metadata.labels : null;
  return { kind: 'item', item: { name, labels: readPodLabels(labels) } };
}

/** What is longer than Kubernetes allows is left out: no pod may make the others unknown. */
function readPodLabels(value: unknown): Labels {
  const kept: [string, string][] = [];
  const given: readonly [string, unknown][] = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  for (const [name, text] of given) {
    const isShort = name.length <= MAX_LABEL_NAME_LENGTH && typeof text === 'string' && text.length <= MAX_LABEL_VALUE_LENGTH;
    if (typeof text === 'string' && isShort && kept.length < MAX_LABELS) {
      kept.push([name, text]);
    }
  }
  return Object.fromEntries(kept);
}
