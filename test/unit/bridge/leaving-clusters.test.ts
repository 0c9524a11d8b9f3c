import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AnyCluster } from '../../../src/bridge/forwarded-cluster.ts';
import { LeavingClusters, MAX_LEAVING_CLUSTERS } from '../../../src/bridge/leaving-clusters.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { HeldExchange } from '../../../src/http1/exchange-home.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { withCluster } from '../config/support/base-config.ts';
import { plannedClusters } from './support/planned-cluster.ts';

const CONFIG = resolveConfig({ ...withCluster({ protocol: 'http1' }), routes: [{ name: 'all', cluster: 'app' }] });

/** A request that goes on until its cluster is closed. */
class OpenRequest implements HeldExchange {
  readonly hash = 0;
  readonly excluded = null;
  readonly subset = null;
  readonly tried = new Set<string>();
  isAbandoned = false;

  onPlace(): void {
    // It has a connection.
  }

  abandon(): void {
    this.isAbandoned = true;
  }
}

/** A cluster with one request under way, which `end` ends. */
function busyCluster(clock: FakeClock): {
  readonly cluster: AnyCluster;
  readonly request: OpenRequest;
  readonly end: () => void;
} {
  const cluster = plannedClusters(CONFIG, clock).get('app');
  assert.ok(cluster?.kind === 'http1');
  const request = new OpenRequest();
  cluster.of.add(request);
  return { cluster, request, end: () => cluster.of.remove(request) };
}

describe('clusters that a reload has replaced', () => {
  it('are there until their last call has ended, and are looked at no longer', async () => {
    const clock = new FakeClock();
    const leaving = new LeavingClusters(clock);
    const { cluster, request, end } = busyCluster(clock);
    leaving.add('app', cluster);
    leaving.endUnused();
    await clock.advance(1000);
    assert.deepEqual([...leaving.all], [cluster]);
    end();
    await clock.advance(1000);
    assert.deepEqual([...leaving.all], []);
    assert.deepEqual({ isAbandoned: request.isAbandoned, timers: clock.pendingTimers }, { isAbandoned: false, timers: 0 });
  });

  it('go at once without calls', () => {
    const clock = new FakeClock();
    const leaving = new LeavingClusters(clock);
    const { cluster, end } = busyCluster(clock);
    end();
    leaving.add('app', cluster);
    leaving.endUnused();
    assert.deepEqual([...leaving.all], []);
    assert.equal(clock.pendingTimers, 0);
  });

  it('are so many and no more: the oldest one ends', () => {
    const clock = new FakeClock();
    const leaving = new LeavingClusters(clock);
    const all = Array.from({ length: MAX_LEAVING_CLUSTERS + 1 }, () => busyCluster(clock));
    for (const { cluster } of all) {
      leaving.add('app', cluster);
      leaving.endUnused();
    }
    assert.deepEqual(
      [...leaving.all],
      all.slice(1).map(({ cluster }) => cluster),
    );
    assert.deepEqual(
      all.map(({ request }) => request.isAbandoned),
      all.map((_, index) => index === 0),
    );
  });

  it('end with everything else, and leave no timer', async () => {
    const clock = new FakeClock();
    const leaving = new LeavingClusters(clock);
    const { cluster, request } = busyCluster(clock);
    leaving.add('app', cluster);
    leaving.endUnused();
    await leaving.close();
    assert.deepEqual({ isAbandoned: request.isAbandoned, timers: clock.pendingTimers }, { isAbandoned: true, timers: 0 });
  });
});
