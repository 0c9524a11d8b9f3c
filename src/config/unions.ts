import { type TSchema, Type } from 'typebox';
import * as Value from 'typebox/value';
import { isPlainObject } from './paths.ts';

/**
 * The branch of a union that a value was meant for, right or wrong, or null where that cannot be told. Branches differ in the
 * kind of value (a list, an object, a number, a word), objects further in their `type`, or else in their keys.
 */
export function findMeantBranch(union: Type.TUnion, value: unknown): TSchema | null {
  const branches = branchesOf(union).filter((branch) => acceptsKind(branch, value));
  const [only, ...others] = isPlainObject(value) && branches.length > 1 ? filterByKeys(branches, value) : branches;
  if (only === undefined || others.length > 0) {
    return null;
  }
  // A word among others is described by the union, which names all that may stand there.
  return Type.IsEnum(only) && !Value.Check(only, value) ? null : only;
}

/** The words that `type` may have, where a union's objects are told apart by it. */
export function findTypeWords(union: Type.TUnion): readonly string[] {
  return branchesOf(union).flatMap(typeWords);
}

function branchesOf(schema: TSchema): readonly TSchema[] {
  return Type.IsUnion(schema) ? schema.anyOf.flatMap(branchesOf) : [schema];
}

function acceptsKind(branch: TSchema, value: unknown): boolean {
  if (Type.IsArray(branch)) {
    return Array.isArray(value);
  }
  if (Type.IsObject(branch)) {
    return isPlainObject(value);
  }
  return Type.IsInteger(branch) ? typeof value === 'number' : typeof value === 'string';
}

function filterByKeys(branches: readonly TSchema[], value: Record<string, unknown>): readonly TSchema[] {
  const type = Object.hasOwn(value, 'type') ? value['type'] : undefined;
  if (branches.some((branch) => typeWords(branch).length > 0)) {
    return branches.filter((branch) => typeof type === 'string' && typeWords(branch).includes(type));
  }
  const keys = Object.keys(value);
  return branches.filter((branch) => Type.IsObject(branch) && keys.some((key) => Object.hasOwn(branch.properties, key)));
}

function typeWords(branch: TSchema): readonly string[] {
  const type = Type.IsObject(branch) ? branch.properties['type'] : undefined;
  return type !== undefined && Type.IsEnum(type) ? type.enum.map(String) : [];
}
