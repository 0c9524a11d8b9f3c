import { type Static, Type } from 'typebox';
import { type Finding, withRule } from './rules.ts';

interface ListOptions<Item> {
  readonly description: string;
  readonly default?: readonly Item[];
  /** Shown where the default is computed rather than fixed. */
  readonly defaultText?: string;
  /** Default 0. */
  readonly minItems?: number;
  readonly maxItems: number;
  /** Two items of one identity are refused. */
  readonly uniqueBy?: (item: Item) => string;
}

/** A list with a limit, of items that may have to differ. */
export function listKey<Schema extends Type.TSchema>(items: Schema, options: ListOptions<Static<Schema>>): Type.TArray<Schema> {
  const { uniqueBy, ...rest } = options;
  const list = Type.Array(items, rest);
  if (uniqueBy === undefined) {
    return list;
  }
  return withRule(list, (value) => {
    const identities = value.map(uniqueBy);
    return findRepeats(identities).map(
      ({ index, earlier }): Finding => ({
        at: [index],
        message: `repeats item ${earlier}`,
        got: identities[index],
      }),
    );
  });
}

/** An item that equals an earlier one. */
export interface Repeat {
  readonly index: number;
  /** The first of that identity. */
  readonly earlier: number;
}

export function findRepeats(identities: readonly string[]): readonly Repeat[] {
  const first = new Map<string, number>();
  const repeats: Repeat[] = [];
  for (const [index, identity] of identities.entries()) {
    const earlier = first.get(identity);
    if (earlier === undefined) {
      first.set(identity, index);
    } else {
      repeats.push({ index, earlier });
    }
  }
  return repeats;
}
