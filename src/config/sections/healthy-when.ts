import { Type } from 'typebox';
import { closed, wholeKey, wordKey } from '../keys.ts';
import { MAX_STATIC_ENDPOINTS } from '../limits.ts';
import type { KeyNotes } from '../notes.ts';

/** How many healthy members make a whole healthy. Envoy: `cluster_min_healthy_percentages` for the share. */
export type HealthyWhen = 'any' | 'all' | { readonly percent: number } | { readonly count: number };

/** The schema of a key `healthyWhen`. */
export type HealthyWhenSchema = Type.TUnion<
  [Type.TEnum<['any', 'all']>, Type.TObject<{ percent: Type.TInteger }>, Type.TObject<{ count: Type.TInteger }>]
>;

const NOTES: KeyNotes = {
  expects: 'any, all, { percent: 1 to 100 } or { count: 1 or more }',
  kind: 'any | all | { percent } | { count }',
  range: `percent 1 to 100, count 1 to ${MAX_STATIC_ENDPOINTS}`,
};

/** A key `healthyWhen`: one shape for clusters, groups and the whole. */
export function healthyWhenKey(description: string): HealthyWhenSchema {
  const percent = wholeKey({ description: 'At least this share of those that count.', minimum: 1, maximum: 100 });
  const count = wholeKey({ description: 'At least this many.', minimum: 1, maximum: MAX_STATIC_ENDPOINTS });
  return Type.Union(
    [
      wordKey(['any', 'all'], { description: 'At least one, or every one that counts.' }),
      Type.Object({ percent }, closed({ description: 'A share.' })),
      Type.Object({ count }, closed({ description: 'A number.' })),
    ],
    { default: 'any', description, ...NOTES },
  );
}
