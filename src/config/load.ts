import { closeSync, openSync, readSync } from 'node:fs';
import { type ConfigProblem, ErrorCode, toError } from '../errors.ts';
import { parseConfigDocument } from './document.ts';
import { applyFlags } from './flag-config.ts';
import { findOrigin, type OriginOptions } from './flag-origins.ts';
import { type Environment, type FlagValues, readGivenFlags } from './flags.ts';
import { describeGot } from './got.ts';
import { MAX_CONFIG_BYTES } from './limits.ts';
import { isPlainObject } from './paths.ts';
import { createConfigError, evaluateConfig, type ResolveOptions } from './resolve.ts';
import type { Config } from './schema.ts';

export type { Config } from './schema.ts';

export interface LoadOptions extends ResolveOptions {
  readonly flags: FlagValues;
  /** `BRIDGE_…` variables of the table in `flags.ts` count, all others are ignored. */
  readonly environment: Environment;
  /** Reads a file, at most `MAX_CONFIG_BYTES` and one more octet of it; throws where it cannot. Default: from the disk. */
  readonly readFile?: (path: string) => Uint8Array;
}

/**
 * Reads the configuration: flags over environment over file over defaults. Throws a ConfigError with everything that is
 * wrong, in which what came from a flag or a variable is called by its name.
 */
export function loadConfig(options: LoadOptions): Config {
  const given = readGivenFlags(options.flags, options.environment);
  const path = given.get('config')?.values[0];
  const file = path === undefined ? {} : readConfigFile(path, options.readFile ?? readLimited);
  const { raw, problems: flagProblems, clusterIndex } = applyFlags(file, given);
  const { config, problems } = evaluateConfig(raw, options);
  const relabelled = relabel(problems, flagProblems, { given, clusterIndex, hasFile: path !== undefined });
  if (config === null || flagProblems.length > 0) {
    throw createConfigError(path === undefined ? ErrorCode.FLAGS_INVALID : ErrorCode.CONFIG_INVALID, [
      ...flagProblems,
      ...relabelled,
    ]);
  }
  return config;
}

/** The path of the file that `loadConfig` reads; null if none was given. */
export function configPathOf({ flags, environment }: Pick<LoadOptions, 'flags' | 'environment'>): string | null {
  return readGivenFlags(flags, environment).get('config')?.values[0] ?? null;
}

function readConfigFile(path: string, readFile: (path: string) => Uint8Array): unknown {
  let content: Uint8Array;
  try {
    content = readFile(path);
  } catch (thrown) {
    throw createConfigError(ErrorCode.CONFIG_UNREADABLE, [{ path, message: `cannot be read: ${toError(thrown).message}` }]);
  }
  const result = parseConfigDocument(content, path);
  if (result.kind === 'invalid') {
    throw createConfigError(ErrorCode.CONFIG_INVALID, result.problems);
  }
  // A file without content says nothing, which is not wrong where flags say the rest.
  const value = result.value ?? {};
  if (!isPlainObject(value)) {
    throw createConfigError(ErrorCode.CONFIG_INVALID, [{ path, message: `must be an object ${describeGot(value)}` }]);
  }
  return value;
}

/** Reads pipes and endless devices too, without ever holding more than the limit. */
function readLimited(path: string): Uint8Array {
  const buffer = Buffer.alloc(MAX_CONFIG_BYTES + 1);
  const file = openSync(path, 'r');
  try {
    let length = 0;
    let read = 0;
    do {
      read = readSync(file, buffer, length, buffer.length - length, null);
      length += read;
    } while (read > 0 && length < buffer.length);
    return buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** What a flag or a variable has already been blamed for is not told twice. */
function relabel(
  problems: readonly ConfigProblem[],
  flagProblems: readonly ConfigProblem[],
  options: OriginOptions,
): readonly ConfigProblem[] {
  const blamed = new Set(flagProblems.map(({ path }) => path));
  return problems
    .map(({ path, message }) => ({ path: nameSource(path, options), message: describeMissing(path, message, options) }))
    .filter(({ path }) => !blamed.has(path));
}

function nameSource(path: string, options: OriginOptions): string {
  return path === 'clusters' && !options.hasFile ? '--backend' : (findOrigin(path, options) ?? path);
}

function describeMissing(path: string, message: string, { hasFile }: OriginOptions): string {
  const isRoot = path === 'listeners' || path === 'clusters';
  return isRoot && !hasFile ? `${message}, or ${path} in a file: --config FILE` : message;
}
