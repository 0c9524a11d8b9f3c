import type { Static, TSchema } from 'typebox';
import * as Value from 'typebox/value';

/** Something that a rule found: where below the value that was looked at, and what. */
export interface Finding {
  /** Keys and indices that lead there; empty for the value itself. */
  readonly at: readonly (string | number)[];
  /** Such as `must be a host name`. */
  readonly message: string;
  /** The part of the value that is wrong, where it helps to show it. */
  readonly got?: unknown;
}

/**
 * What JSON Schema cannot say about one value: the rule sees it complete with its defaults, once the value fits the schema.
 * Rules ride on the schemas, as functions, which JSON leaves out.
 */
export function withRule<Schema extends TSchema>(schema: Schema, rule: (value: Static<Schema>) => readonly Finding[]): Schema {
  const run = (value: unknown): readonly Finding[] => {
    const complete = complement(schema, value);
    return complete === null ? [] : rule(complete);
  };
  return Object.assign(schema, { rule: run });
}

/** A rule that a value passes or not as a whole. */
export function withTest<Schema extends TSchema>(
  schema: Schema,
  message: string,
  passes: (value: Static<Schema>) => boolean,
): Schema {
  return withRule(schema, (value) => (passes(value) ? [] : [{ at: [], message, got: value }]));
}

/** What the rule of a schema finds in a value that fits the schema. */
export function runRule(schema: TSchema, value: unknown): readonly Finding[] {
  return hasRule(schema) ? schema.rule(value) : [];
}

/** Only `withRule` sets the key. */
function hasRule(schema: TSchema): schema is TSchema & { readonly rule: (value: unknown) => readonly Finding[] } {
  return 'rule' in schema && typeof schema.rule === 'function';
}

/** A copy of a value with every default filled in, or null where that does not fit the schema. */
export function complement<Schema extends TSchema>(schema: Schema, value: unknown): Static<Schema> | null {
  const complete: unknown = typeof value === 'string' ? value : Value.Default(schema, structuredClone(value));
  return Value.Check(schema, complete) ? complete : null;
}
