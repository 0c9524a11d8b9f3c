import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import type { HealthView } from '../model/health-view.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { CreateChecker } from './checker.ts';
import { ClusterTable } from './cluster-table.ts';
import type { ChangeKind } from './endpoint-monitor.ts';
import type { HealthObserver } from './observer.ts';
import type { HealthClusterOptions } from './options.ts';

/** How late a view may show that a result was confirmed once more. Milliseconds. */
const REFRESH_MS = 1_000;

export interface HealthTableDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: HealthObserver;
  /** Called with every new view, at most once per turn of the event loop. Must not throw. */
  readonly onView: (view: HealthView) => void;
  /** How endpoints are checked: `createCheckerFor` as each cluster's options say. */
  readonly createChecker: (cluster: HealthClusterOptions) => CreateChecker;
  /** Whether a call was forwarded to the cluster since this was asked last. Default: always, so that no check waits longer. */
  readonly hasTraffic?: (cluster: string) => boolean;
}

/** The health of every endpoint: checks them, and publishes immutable views of what is known. */
export class HealthTable {
  readonly #deps: HealthTableDeps;
  /** By name; the staleness of each beside it. Milliseconds. */
  readonly #clusters = new Map<string, ClusterTable>();
  readonly #staleAfterMs = new Map<string, number>();
  /** Clusters that were removed, until their connections are gone. */
  readonly #closing = new Set<Promise<void>>();
  #view: HealthView;
  #publication: NodeJS.Immediate | null = null;
  #refreshTimer: Timer | null = null;
  #staleTimer: Timer | null = null;
  #started = false;
  #closed = false;

  constructor(clusters: readonly HealthClusterOptions[], deps: HealthTableDeps) {
    this.#deps = deps;
    for (const cluster of clusters) {
      this.#add(cluster);
    }
    this.#view = this.#build();
  }

  /** What is known now; replaced, never changed. */
  get view(): HealthView {
    return this.#view;
  }

  /** Publishes the first view; checks begin as discovery reports endpoints. */
  start(): void {
    this.#started = true;
    this.#changed('state');
  }

  /**
   * Adds a cluster, or takes what is new of one that there is: its endpoints keep their health, and if they are checked as before their
   * checks go on undisturbed.
   */
  put(cluster: HealthClusterOptions): void {
    if (this.#closed) {
      return;
    }
    const table = this.#clusters.get(cluster.name);
    if (table === undefined) {
      this.#add(cluster);
    } else {
      this.#staleAfterMs.set(cluster.name, cluster.staleAfterMs);
      table.reconfigure(cluster, this.#deps.createChecker(cluster));
    }
    this.#staleTimer?.cancel();
    this.#staleTimer = null;
    this.#changed('state');
  }

  /** Brings the clusters into this order; those that are not named end their checks and leave the views. */
  retain(clusterNames: readonly string[]): void {
    const before = new Map(this.#clusters);
    this.#clusters.clear();
    for (const name of clusterNames) {
      const table = before.get(name);
      if (table !== undefined) {
        this.#clusters.set(name, table);
        before.delete(name);
      }
    }
    for (const [name, table] of before) {
      this.#staleAfterMs.delete(name);
      const closed = table.close().finally(() => this.#closing.delete(closed));
      this.#closing.add(closed);
    }
    this.#changed('state');
  }

  /** Something that lies over the views has changed: they are published anew in this turn of the event loop. */
  touch(): void {
    this.#changed('state');
  }

  /** Publishes at once what has changed in this turn of the event loop. */
  flush(): void {
    if (this.#started && !this.#closed) {
      this.#publish();
    }
  }

  /** Takes the endpoints of a cluster: survivors keep their health and connections, new ones are pending. */
  updateDiscovery(clusterName: string, update: DiscoveryUpdate): void {
    if (!this.#closed) {
      this.#clusters.get(clusterName)?.updateDiscovery(update);
    }
  }

  /** Stops every check at once and publishes no more; resolves when all connections are gone. May be called again. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#publication !== null) {
      clearImmediate(this.#publication);
      this.#publication = null;
    }
    this.#refreshTimer?.cancel();
    this.#staleTimer?.cancel();
    await Promise.all([...this.#closing, ...[...this.#clusters.values()].map((cluster) => cluster.close())]);
  }

  #add(cluster: HealthClusterOptions): void {
    const table = new ClusterTable(cluster, {
      ...this.#deps,
      createChecker: this.#deps.createChecker(cluster),
      hasTraffic: this.#deps.hasTraffic ?? (() => true),
      onChange: (kind) => this.#changed(kind),
    });
    this.#clusters.set(cluster.name, table);
    this.#staleAfterMs.set(cluster.name, cluster.staleAfterMs);
  }

  /** A change shows in this turn of the event loop, however many come together; a mere refresh within a second. */
  #changed(kind: ChangeKind): void {
    if (!this.#started || this.#closed) {
      return;
    }
    if (kind === 'state') {
      this.#publication ??= setImmediate(() => this.#publish());
    } else {
      this.#refreshTimer ??= this.#deps.clock.setTimer(REFRESH_MS, () => this.#publish());
    }
  }

  #publish(): void {
    this.#refreshTimer?.cancel();
    this.#refreshTimer = null;
    if (this.#publication !== null) {
      clearImmediate(this.#publication);
      this.#publication = null;
    }
    this.#view = this.#build();
    this.#armStaleTimer();
    this.#deps.onView(this.#view);
  }

  #build(): HealthView {
    return { clusters: new Map([...this.#clusters].map(([name, cluster]) => [name, cluster.health])) };
  }

  /**
   * One timer for all: what comes after this is not stale before the shortest `staleAfterMs` has passed, and what is known now only gets
   * younger; an early timer finds nothing to do and is set anew.
   */
  #armStaleTimer(): void {
    if (this.#staleTimer !== null) {
      return;
    }
    const at = Math.min(...[...this.#clusters.values()].map((cluster) => cluster.staleAt));
    if (at !== Number.POSITIVE_INFINITY) {
      const delayMs = Math.min(at - this.#deps.clock.now(), ...this.#staleAfterMs.values());
      this.#staleTimer = this.#deps.clock.setTimer(delayMs, () => this.#expire());
    }
  }

  #expire(): void {
    this.#staleTimer = null;
    const now = this.#deps.clock.now();
    for (const cluster of this.#clusters.values()) {
      cluster.expire(now);
    }
    this.#armStaleTimer();
  }
}
