import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectionOptions } from '../../../src/http2/index.ts';
import { toConnectionOptions } from '../../../src/upstream/pool-context.ts';
import { EngineBench } from '../../support/http2/engine-bench.ts';
import { poolContext } from '../../support/pool-context.ts';
import { poolLimits } from '../../support/pool-limits.ts';

/** What a connection is made with in a cluster whose connections are to be replaced at 1 000 s. */
function optionsWith(random: number): Partial<ConnectionOptions> {
  return toConnectionOptions(poolContext({ pool: poolLimits({ maxConnectionAgeMs: 1_000_000 }), random }));
}

describe('the age of connections to endpoints', () => {
  for (const [random, leavesAtMs] of [
    [0, 900_000],
    [0.25, 950_000],
    [1 - 2 ** -53, 1_100_000],
  ] as const) {
    it(`is ${leavesAtMs} ms of 1 000 000 when chance says ${random}`, () => {
      const bench = EngineBench.client(optionsWith(random));
      bench.advance(leavesAtMs - 1000);
      assert.equal(bench.connection.isRetiring, false);
      bench.advance(2000);
      assert.equal(bench.connection.isRetiring, true);
    });
  }
});
