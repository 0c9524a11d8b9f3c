import { resolveConfig } from '../../../../src/config/resolve.ts';
import { ConfigError, formatProblem } from '../../../../src/errors.ts';

/** An object in the words of a configuration file. */
export type Raw = Readonly<Record<string, unknown>>;

/** A small configuration that is right; tests lay over it what they are about. */
export function baseConfig(changes: Raw = {}): Raw {
  return { listeners: [{ name: 'plain', address: '127.0.0.1:8080' }], clusters: [baseCluster()], ...changes };
}

export function baseCluster(changes: Raw = {}): Raw {
  return { name: 'app', discovery: { type: 'static', endpoints: ['127.0.0.1:50051'] }, ...changes };
}

/** The base with one cluster, changed. */
export function withCluster(changes: Raw): Raw {
  return baseConfig({ clusters: [baseCluster(changes)] });
}

/** The base with one cluster whose health check has these keys. */
export function withCheck(healthCheck: Raw): Raw {
  return withCluster({ healthCheck });
}

/** The base with one listener, changed. */
export function withListener(changes: Raw): Raw {
  return baseConfig({ listeners: [{ name: 'plain', address: '127.0.0.1:8080', ...changes }] });
}

/** Runs what should be refused and returns the lines that a person would read; none if it was accepted. */
export function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
    return [];
  } catch (thrown) {
    if (thrown instanceof ConfigError) {
      return thrown.problems.map(formatProblem);
    }
    throw thrown;
  }
}

/** What is wrong with a configuration, as lines. */
export function refusals(raw: unknown): readonly string[] {
  return problemsOf(() => resolveConfig(raw));
}
