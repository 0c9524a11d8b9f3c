/** Who caused a failure: the peer that connected to us, the peer we connected to, or this process. */
export type ErrorSource = 'downstream' | 'upstream' | 'internal';

/** Whether the same work may be tried again: never, only if it was on a reused connection, or always. */
export type RetryClass = 'never' | 'ifReused' | 'always';

/** Stable codes, listed with cause and remedy in docs/operations.md. None is ever renamed. */
export const ErrorCode = {
  CONFIG_INVALID: 'BRIDGE_CONFIG_INVALID',
  CONFIG_UNREADABLE: 'BRIDGE_CONFIG_UNREADABLE',
  FLAGS_INVALID: 'BRIDGE_FLAGS_INVALID',
  LISTEN_FAILED: 'BRIDGE_LISTEN_FAILED',
  CERTIFICATE_UNUSABLE: 'BRIDGE_CERTIFICATE_UNUSABLE',
  ACCESS_LOG_UNUSABLE: 'BRIDGE_ACCESS_LOG_UNUSABLE',
  DISCOVERY_FAILED: 'BRIDGE_DISCOVERY_FAILED',
  INTERNAL: 'BRIDGE_INTERNAL',
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

export interface BridgeErrorOptions {
  readonly cause?: unknown;
  /** Default `never`. */
  readonly retry?: RetryClass;
  /** Default `internal`. */
  readonly source?: ErrorSource;
}

/** Every failure that the bridge itself reports. The message is one line that an operator can act on. */
export class BridgeError extends Error {
  readonly code: ErrorCode;
  readonly retry: RetryClass;
  readonly source: ErrorSource;

  constructor(code: ErrorCode, message: string, options: BridgeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BridgeError';
    this.code = code;
    this.retry = options.retry ?? 'never';
    this.source = options.source ?? 'internal';
  }
}

/** One thing that is wrong with a configuration: where, and what with the value that was met. */
export interface ConfigProblem {
  /** Such as `clusters[0].healthCheck.interval`, or `--listen` for a flag; empty for the whole file. */
  readonly path: string;
  /** Such as `must be 100ms or more (got "5ms")`. */
  readonly message: string;
}

/** A configuration or command line that was refused, with every problem found in it. */
export class ConfigError extends BridgeError {
  readonly problems: readonly ConfigProblem[];

  constructor(code: ErrorCode, problems: readonly ConfigProblem[]) {
    super(code, problems.map(formatProblem).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Renders a problem as the one line that a person reads: `path: message`. */
export function formatProblem(problem: ConfigProblem): string {
  return problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`;
}

/** Turns anything caught into an Error, keeping what was thrown as the cause. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
