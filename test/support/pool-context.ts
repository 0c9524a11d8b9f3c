import { SlabPool, UPSTREAM_LIMITS } from '../../src/http2/index.ts';
import { Turn } from '../../src/transport/turn.ts';
import { CircuitBreakers } from '../../src/upstream/circuit-breakers.ts';
import type { UpstreamPoolOptions } from '../../src/upstream/options.ts';
import type { PoolContext, PoolOwner } from '../../src/upstream/pool-context.ts';
import { FakeClock } from './fake-clock.ts';
import { poolLimits } from './pool-limits.ts';

function ignore(): void {
  // Nobody wants to know.
}

/** What the pools of a cluster in cleartext share, whose owner does what these say and nothing else. `random`: what chance says, in [0, 1). */
export function poolContext({
  pool = poolLimits(),
  random = 0,
  owner = {},
}: {
  readonly pool?: UpstreamPoolOptions;
  readonly random?: number;
  readonly owner?: Partial<PoolOwner>;
} = {}): PoolContext {
  const clock = new FakeClock();
  return {
    options: {
      name: 'app',
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
    owner: { onPickable: ignore, onServed: ignore, onOverflow: ignore, onHopeless: ignore, onGone: ignore, ...owner },
  };
}
