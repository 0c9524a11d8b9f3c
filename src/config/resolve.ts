import { ConfigError, type ConfigProblem, ErrorCode } from '../errors.ts';
import { findConflicts } from './conflicts.ts';
import { MAX_PROBLEMS } from './limits.ts';
import { findProblems } from './problems.ts';
import { complement } from './rules.ts';
import { type Config, ConfigSchema, ConfigWithoutListenersSchema, toConfig } from './schema.ts';

export interface ResolveOptions {
  /** Whether there must be a listener. Default true; false for commands that answer nobody. */
  readonly requireListeners?: boolean;
}

/** A configuration that can be used, or null; and everything that is wrong with it. */
export interface Evaluation {
  readonly config: Config | null;
  readonly problems: readonly ConfigProblem[];
}

/** Turns a configuration in the words of its file into the one in force. Throws a ConfigError with all that is wrong. */
export function resolveConfig(raw: unknown, options: ResolveOptions = {}): Config {
  const { config, problems } = evaluateConfig(raw, options);
  if (config === null) {
    throw createConfigError(ErrorCode.CONFIG_INVALID, problems);
  }
  return config;
}

/** The same without throwing. Problems come section by section, then what contradicts something elsewhere. */
export function evaluateConfig(raw: unknown, options: ResolveOptions = {}): Evaluation {
  const schema = schemaFor(options);
  const problems = [...findProblems(schema, raw), ...findConflicts(raw)];
  const document = problems.length > 0 ? null : complement(schema, raw);
  return { config: document === null ? null : deepFreeze(toConfig(document)), problems };
}

/** An error whose list of problems has a limit, so that a generated file does not fill the screen. */
export function createConfigError(code: ErrorCode, problems: readonly ConfigProblem[]): ConfigError {
  const left = problems.length - MAX_PROBLEMS;
  return new ConfigError(
    code,
    left > 0 ? [...problems.slice(0, MAX_PROBLEMS), { path: '', message: `and ${left} more problems` }] : problems,
  );
}

function schemaFor({ requireListeners = true }: ResolveOptions): typeof ConfigSchema {
  return requireListeners ? ConfigSchema : ConfigWithoutListenersSchema;
}

/** Freezes a tree of plain objects and lists. */
function deepFreeze<Tree extends object>(tree: Tree): Tree {
  for (const value of Object.values(tree)) {
    if (typeof value === 'object' && value !== null) {
      deepFreeze(value);
    }
  }
  return Object.freeze(tree);
}
