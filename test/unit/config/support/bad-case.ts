import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { baseConfig, type Raw, refusals, withCluster } from './base-config.ts';

/** A configuration that is refused, with every line that a person reads of it. */
export interface BadCase {
  readonly name: string;
  readonly raw: unknown;
  readonly problems: readonly string[];
}

export function one(name: string, raw: unknown, ...problems: readonly string[]): BadCase {
  return { name, raw, problems };
}

export const DURATION = 'must be a whole number and a unit, such as 250ms, 5s, 1m or 1h';
export const NAME = 'must be a name of 1 to 63 letters, digits, dots, dashes and underscores, not . or ..';
export const ENDPOINT = 'must be ip:port, name:port or unix:/path';
export const LISTEN = 'must be an IP address or localhost with a port, or unix:/path';
export const WHEN = 'must be any, all, { percent: 1 to 100 } or { count: 1 or more }';
export const SERVER = '10.0.0.1:53';

export function withDns(changes: Raw): Raw {
  return withCluster({ discovery: { type: 'dns', host: 'app.example.', port: 50051, ...changes } });
}

export function withHealth(health: unknown): Raw {
  return baseConfig({ health });
}

/** One test for each case. */
export function describeBad(area: string, cases: readonly BadCase[]): void {
  describe(`a bad configuration: ${area}`, () => {
    for (const { name, raw, problems } of cases) {
      it(name, () => {
        assert.deepEqual(refusals(raw), problems);
      });
    }
  });
}
