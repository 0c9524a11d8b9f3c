import {
  type EndpointTraits,
  type Labels,
  MAX_LABEL_NAME_LENGTH,
  MAX_LABEL_VALUE_LENGTH,
  MAX_LABELS,
} from '../model/endpoint.ts';

/** The largest weight of an endpoint, so that the sum of a list stays a whole number without doubt. */
export const MAX_WEIGHT = 1_000_000;

/** What a key of a listed endpoint says, or what is wrong with it. */
export type TraitResult =
  | { readonly kind: 'traits'; readonly traits: EndpointTraits }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Reads one key of an endpoint of a list that somebody else has written; `labels` and `weight` are known. */
export function readTrait(name: string, value: unknown): TraitResult {
  switch (name) {
    case 'labels': {
      const labels = readLabels(value);
      return labels === null
        ? { kind: 'invalid', reason: `must be names with texts, ${MAX_LABELS} at most` }
        : { kind: 'traits', traits: { labels } };
    }
    case 'weight':
      return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_WEIGHT
        ? { kind: 'traits', traits: { weight: value } }
        : { kind: 'invalid', reason: `must be a whole number from 1 to ${MAX_WEIGHT}` };
    default:
      return { kind: 'invalid', reason: 'is not a known key' };
  }
}

/** Labels of a JSON object; null where they are none, or more or longer than they may be. */
export function readLabels(value: unknown): Labels | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return null;
  }
  const entries: [string, string][] = [];
  for (const [name, text] of Object.entries<unknown>({ ...value })) {
    if (!isLabelName(name) || typeof text !== 'string' || text.length > MAX_LABEL_VALUE_LENGTH || entries.length >= MAX_LABELS) {
      return null;
    }
    entries.push([name, text]);
  }
  return Object.fromEntries(entries);
}

function isLabelName(name: string): boolean {
  return name !== '' && name.length <= MAX_LABEL_NAME_LENGTH;
}
