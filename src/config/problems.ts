import { type Static, type TSchema, Type } from 'typebox';
import * as Value from 'typebox/value';
import type { ConfigProblem } from '../errors.ts';
import { describeGot } from './got.ts';
import { findNearest } from './nearest.ts';
import { isRequired, readNotes } from './notes.ts';
import { isPlainObject, joinPath } from './paths.ts';
import { complement, runRule } from './rules.ts';
import { findMeantBranch, findTypeWords } from './unions.ts';

/**
 * Everything that is wrong with a value under a schema of ours, each with its path. TypeBox's own errors serve machines: they
 * stop at eight, leave out an object's keys once one is missing, and name every branch of a union. Here a union is judged by
 * the branch that was meant, an unknown key is named once, and a key that has a default may be absent.
 */
export function findProblems(schema: TSchema, value: unknown, path = ''): ConfigProblem[] {
  const problems = findShapeProblems(schema, value, path);
  return problems.length > 0 ? problems : findRuleProblems(schema, value, path);
}

/** A value with its defaults, or null where anything is wrong with it. */
export function readSound<Schema extends TSchema>(schema: Schema, value: unknown): Static<Schema> | null {
  return findProblems(schema, value).length > 0 ? null : complement(schema, value);
}

function findShapeProblems(schema: TSchema, value: unknown, path: string): ConfigProblem[] {
  if (Type.IsUnion(schema)) {
    return findUnionProblems(schema, value, path);
  }
  if (Type.IsObject(schema)) {
    return isPlainObject(value) ? findObjectProblems(schema, value, path) : [mustBe(schema, 'an object', { value, path })];
  }
  if (Type.IsRecord(schema)) {
    return isPlainObject(value) ? findRecordProblems(schema, value, path) : [mustBe(schema, 'an object', { value, path })];
  }
  if (Type.IsArray(schema)) {
    return Array.isArray(value) ? findListProblems(schema, value, path) : [mustBe(schema, 'a list', { value, path })];
  }
  return Value.Check(schema, value) ? [] : [mustBe(schema, 'of another type', { value, path })];
}

function findRuleProblems(schema: TSchema, value: unknown, path: string): ConfigProblem[] {
  return runRule(schema, value).map(({ at, message, got }) => ({
    path: at.reduce(joinPath, path),
    message: got === undefined || readNotes(schema).secret ? message : `${message} ${describeGot(got)}`,
  }));
}

function findObjectProblems(schema: Type.TObject, value: Record<string, unknown>, path: string): ConfigProblem[] {
  const known = Object.keys(schema.properties);
  const problems: ConfigProblem[] = [];
  for (const [key, property] of Object.entries(schema.properties)) {
    if (Object.hasOwn(value, key)) {
      problems.push(...findProblems(property, value[key], joinPath(path, key)));
    } else if (isRequired(property)) {
      problems.push({ path: joinPath(path, key), message: 'is required' });
    }
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      problems.push({ path: joinPath(path, key), message: describeUnknown(key, known) });
    }
  }
  return problems;
}

/** Records have one pattern for their names and one schema for their values. */
function findRecordProblems(schema: Type.TRecord, value: Record<string, unknown>, path: string): ConfigProblem[] {
  const [pattern = '', items = Type.Never()] = Object.entries(schema.patternProperties)[0] ?? [];
  const name = new RegExp(pattern);
  const limit = readNumber(schema, 'maxProperties');
  const entries = Object.entries(value);
  if (entries.length > limit) {
    return [{ path, message: `may have ${limit} entries at most (got ${entries.length})` }];
  }
  return entries.flatMap(([key, entry]) =>
    name.test(key)
      ? findProblems(items, entry, joinPath(path, key))
      : [{ path: joinPath(path, key), message: 'is no valid name: letters, digits, dots, dashes and underscores' }],
  );
}

function findListProblems(schema: Type.TArray, value: readonly unknown[], path: string): ConfigProblem[] {
  const [least, most] = [readNumber(schema, 'minItems', 0), readNumber(schema, 'maxItems')];
  if (value.length < least || value.length > most) {
    const limit = value.length < least ? `needs at least ${least}` : `may have ${most} at most`;
    return [{ path, message: `${limit} (got ${value.length})` }];
  }
  return value.flatMap((item, index) => findProblems(schema.items, item, joinPath(path, index)));
}

function findUnionProblems(schema: Type.TUnion, value: unknown, path: string): ConfigProblem[] {
  const meant = findMeantBranch(schema, value);
  if (meant !== null) {
    return findProblems(meant, value, path);
  }
  const types = findTypeWords(schema);
  return isPlainObject(value) && types.length > 0
    ? [describeType(value, types, path)]
    : [mustBe(schema, 'of another type', { value, path })];
}

function describeType(value: Record<string, unknown>, types: readonly string[], path: string): ConfigProblem {
  const wanted = `must be one of ${types.join(', ')}`;
  return Object.hasOwn(value, 'type')
    ? { path: joinPath(path, 'type'), message: `${wanted} ${describeGot(value['type'])}` }
    : { path: joinPath(path, 'type'), message: `is required and ${wanted}` };
}

function mustBe(schema: TSchema, otherwise: string, found: { readonly value: unknown; readonly path: string }): ConfigProblem {
  const { expects, secret } = readNotes(schema);
  const message = `must be ${expects === '' ? otherwise : expects}`;
  return { path: found.path, message: secret ? message : `${message} ${describeGot(found.value)}` };
}

function describeUnknown(key: string, known: readonly string[]): string {
  if (key === '<<') {
    // YAML 1.2 has none, and a file that is read in two ways is worse than one that is refused.
    return 'is not a known key: merge keys belong to YAML 1.1, so repeat the keys, or use an alias for a whole value';
  }
  const nearest = findNearest(key, known);
  return nearest === null ? 'is not a known key' : `is not a known key: did you mean ${nearest}?`;
}

function readNumber(schema: TSchema, key: string, otherwise = Number.POSITIVE_INFINITY): number {
  const value: unknown = Object.entries(schema).find(([name]) => name === key)?.[1];
  return typeof value === 'number' ? value : otherwise;
}
