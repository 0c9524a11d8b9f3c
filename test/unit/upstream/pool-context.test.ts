import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConnectionOptions, SlabPool, UPSTREAM_LIMITS } from '../../../src/http2/index.ts';
import { Turn } from '../../../src/transport/turn.ts';
import { CircuitBreakers } from '../../../src/upstream/circuit-breakers.ts';
import { toConnectionOptions } from '../../../src/upstream/pool-context.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { EngineBench } from '../../support/http2/engine-bench.ts';
import { poolLimits } from '../../support/pool-limits.ts';

function ignore(): void {
  // What pools tell is not what is tested here.
}

/** What a connection is made with in a cluster whose connections are to be replaced at 1 000 s. */
function optionsWith(random: number): Partial<ConnectionOptions> {
  const clock = new FakeClock();
  const pool = poolLimits({ maxConnectionAgeMs: 1_000_000 });
  return toConnectionOptions({
    options: {
      name: 'test',
      connectTimeoutMs: 5000,
      tls: null,
      panicThresholdPercent: 0,
      policy: 'roundRobin',
      hashOn: [],
      pool,
      keepalive: { timeMs: 0, timeoutMs: 20_000 },
      limits: UPSTREAM_LIMITS,
    },
    dependencies: {
      turn: new Turn(clock),
      clock,
      random: () => random,
      observer: {
        onConnectionOpened: ignore,
        onConnectionClosed: ignore,
        onConnectFailed: ignore,
        onUpstreamAbuse: ignore,
        onUpstreamDefect: ignore,
      },
      slabs: new SlabPool(),
    },
    tls: null,
    breakers: new CircuitBreakers(pool),
    owner: { onPickable: ignore, onServed: ignore, onOverflow: ignore, onHopeless: ignore, onGone: ignore },
  });
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
