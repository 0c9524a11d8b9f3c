import type { ConnectionOptions } from '../http2/index.ts';
import type { CircuitBreakers } from './circuit-breakers.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import type { UpstreamClusterOptions, UpstreamDependencies } from './options.ts';
import type { UpstreamTls } from './upstream-tls.ts';
import type { WaitEntry } from './wait-queue.ts';

/** What a pool tells its cluster. */
export interface PoolOwner {
  /** Whether calls can be sent here may have changed. */
  onPickable(): void;
  /** A waiter has its connection: it leaves the books before it hears. */
  onServed(entry: WaitEntry): void;
  /** A waiter could have a connection, but is one call too many. */
  onOverflow(entry: WaitEntry): void;
  /** There is no hope of a connection for those that wait here. */
  onHopeless(pool: EndpointPool): void;
  /** A socket is gone. */
  onGone(): void;
}

/** What all pools of a cluster share. */
export interface PoolContext {
  readonly options: UpstreamClusterOptions;
  readonly dependencies: UpstreamDependencies;
  readonly tls: UpstreamTls | null;
  readonly breakers: CircuitBreakers;
  readonly owner: PoolOwner;
}

/** What each connection of the cluster is made with. */
export function toConnectionOptions({ options, dependencies, breakers }: PoolContext): Partial<ConnectionOptions> {
  return {
    limits: options.limits,
    slabs: dependencies.slabs,
    isInputReused: true,
    keepalive: { ...options.keepalive, permitWithoutStreams: false },
    maxAgeMs: breakers.limits.maxConnectionAgeMs,
    jitter: dependencies.random(),
  };
}
