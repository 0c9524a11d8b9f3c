import { type Static, Type } from 'typebox';
import { closed, textKey, wordKey } from '../keys.ts';
import { MAX_SUBSET_KEYS } from '../limits.ts';
import { listKey } from '../lists.ts';
import { LABEL_NAME_PATTERN } from './labels.ts';

/** The key `subsets` of a cluster. */
export const SubsetsSchema = Type.Object(
  {
    keys: listKey(
      textKey({
        description: 'The name of a label.',
        expects: 'the name of a label: letters, digits, dots, dashes, underscores and slashes',
        kind: 'name',
        pattern: LABEL_NAME_PATTERN,
      }),
      {
        description:
          'The labels that subsets of routes may name, any of them or several at once. Envoy: `subset_selectors`, one for each combination; gRPC: no twin.',
        minItems: 1,
        maxItems: MAX_SUBSET_KEYS,
        uniqueBy: String,
      },
    ),
    fallback: wordKey(['none', 'any'], {
      description:
        'Where calls go while no endpoint has the labels of their subset, whatever its health. none: they are answered UNAVAILABLE. any: to any endpoint of the cluster. Envoy: `fallback_policy` NO_FALLBACK, ANY_ENDPOINT; gRPC: no twin.',
      default: 'none',
    }),
  },
  closed({
    description:
      'Endpoints by their labels, for routes that lead to some of them. Health, panic and the policy are looked at within each subset; the health answer knows no subsets. Envoy: `lb_subset_config`.',
  }),
);

/** Which labels routes may choose endpoints by. */
export interface SubsetsConfig {
  /** At least one. */
  readonly keys: readonly string[];
  /** Default `none`. */
  readonly fallback: 'none' | 'any';
}

export function toSubsetsConfig({ keys, fallback }: Static<typeof SubsetsSchema>): SubsetsConfig {
  return { keys, fallback };
}
