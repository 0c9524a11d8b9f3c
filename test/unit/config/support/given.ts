import assert from 'node:assert/strict';
import type { Environment, FlagValues } from '../../../../src/config/flags.ts';
import { loadConfig } from '../../../../src/config/load.ts';
import type { Config } from '../../../../src/config/schema.ts';
import type { ClusterConfig } from '../../../../src/config/sections/cluster.ts';
import { ConfigError, type ErrorCode } from '../../../../src/errors.ts';
import { problemsOf, type Raw } from './base-config.ts';

/** What a configuration is loaded from. */
export interface Given {
  readonly flags?: FlagValues;
  readonly environment?: Environment;
  /** The content of the file; there is none without. */
  readonly file?: Raw | string;
}

/** Loads it; the file is `bridge.yaml`. */
export function load({ flags = {}, environment = {}, file }: Given): Config {
  if (file === undefined) {
    return loadConfig({ flags, environment });
  }
  const content = Buffer.from(typeof file === 'string' ? file : JSON.stringify(file));
  return loadConfig({
    flags: { config: ['bridge.yaml'], ...flags },
    environment,
    readFile: (path) => {
      assert.equal(path, 'bridge.yaml');
      return content;
    },
  });
}

/** The lines with which it is refused. */
export function refused(given: Given): readonly string[] {
  return problemsOf(() => load(given));
}

/** The code with which a configuration is refused. */
export function codeOf(run: () => unknown): ErrorCode | null {
  try {
    run();
    return null;
  } catch (thrown) {
    assert.ok(thrown instanceof ConfigError);
    return thrown.code;
  }
}

/** The cluster that flags configure. */
export function defaultCluster(given: Given): ClusterConfig {
  const cluster = load(given).clusters.find(({ name }) => name === 'default');
  assert.ok(cluster);
  return cluster;
}

/** The least that flags alone must say. */
export const MINIMAL: FlagValues = { listen: ['127.0.0.1:8080'], backend: ['127.0.0.1:50051'] };
