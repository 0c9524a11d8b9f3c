import { type AnyCluster, createCluster, planClusters } from '../../../../src/bridge/forwarded-cluster.ts';
import type { Config } from '../../../../src/config/load.ts';
import { SlabPool } from '../../../../src/http2/index.ts';
import { Turn } from '../../../../src/transport/turn.ts';
import type { UpstreamObserver } from '../../../../src/upstream/options.ts';
import type { FakeClock } from '../../../support/fake-clock.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

function ignore(): void {
  // Nobody wants to know.
}

const NOBODY: UpstreamObserver = {
  onConnectionOpened: ignore,
  onConnectionClosed: ignore,
  onConnectFailed: ignore,
  onUpstreamAbuse: ignore,
  onUpstreamDefect: ignore,
};

/** The clusters that routes of the configuration lead to, by name: without endpoints, so that none of them opens a socket. */
export function plannedClusters(config: Config, clock: FakeClock): ReadonlyMap<string, AnyCluster> {
  const dependencies = { turn: new Turn(clock), clock, random: seededRandom(1), observer: NOBODY, slabs: new SlabPool() };
  return new Map([...planClusters(config, [])].map(([name, plan]) => [name, createCluster(plan, dependencies)]));
}
