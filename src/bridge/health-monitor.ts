import { VerdictComputer, type VerdictOptions } from '../aggregation/bridge-verdict.ts';
import type { BridgeVerdict } from '../aggregation/verdict.ts';
import type { DiscoverySourceOptions } from '../discovery/create-discovery.ts';
import type { CreateChecker } from '../health/checker.ts';
import { createCheckerFor } from '../health/create-checker.ts';
import { HealthTable } from '../health/health-table.ts';
import type { HealthObserver } from '../health/observer.ts';
import type { HealthClusterOptions } from '../health/options.ts';
import type { Ejection } from '../model/ejection.ts';
import type { ClusterHealth, HealthState, HealthView } from '../model/health-view.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { DiscoveryFeed } from './discovery-feed.ts';
import { EjectedView } from './ejected-view.ts';

/** A cluster, from where its endpoints are found to how they are judged. */
export interface MonitoredCluster extends HealthClusterOptions {
  readonly discovery: readonly DiscoverySourceOptions[];
  /** Null without outlier detection. */
  readonly outlierDetection?: { readonly countInHealth: boolean } | null;
}

export interface HealthMonitorOptions {
  readonly clusters: readonly MonitoredCluster[];
  readonly verdict: VerdictOptions;
}

export interface HealthMonitorDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Sent as `user-agent` with every check. */
  readonly userAgent: string;
  readonly observer: HealthObserver;
  /** Whether calls have been forwarded to a cluster; by default they have. */
  readonly hasTraffic?: (cluster: string) => boolean;
  /** The endpoints of a cluster that are ejected, by key: the same object until that changes. Null without outlier detection. */
  readonly ejectionsOf?: (cluster: string) => ReadonlyMap<string, Ejection> | null;
  /** Called with each new view, before its verdict: what checks say, without ejections. */
  readonly onView?: (view: HealthView) => void;
  /** Called with each new verdict, after `verdict` has it. */
  readonly onVerdict: (verdict: BridgeVerdict) => void;
  /** Puts something around every checker; by default nothing. */
  readonly wrapChecker?: (create: CreateChecker) => CreateChecker;
}

/** The health flow as a whole: discovery feeds the table, whose views become verdicts. */
export class HealthMonitor {
  #options: HealthMonitorOptions;
  readonly #deps: HealthMonitorDeps;
  readonly #table: HealthTable;
  #computer: VerdictComputer;
  readonly #ejected: EjectedView;
  readonly #stop = new AbortController();
  /** By cluster. */
  readonly #feeds = new Map<string, DiscoveryFeed>();
  /** The ends of feeds of clusters that were removed. */
  readonly #closing = new Set<Promise<void>>();
  /** Called with every view. */
  #onWarm: (view: HealthView) => void = () => undefined;
  #verdict: BridgeVerdict;

  constructor(options: HealthMonitorOptions, deps: HealthMonitorDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#computer = new VerdictComputer(options.verdict);
    this.#ejected = new EjectedView((cluster) => this.#ejectionsOf(cluster));
    const createChecker = createCheckerFor(deps);
    const wrap = deps.wrapChecker ?? ((create: CreateChecker) => create);
    this.#table = new HealthTable(options.clusters, {
      ...deps,
      createChecker: (cluster) => wrap(createChecker(cluster)),
      onView: (view) => {
        deps.onView?.(view);
        this.#publish(this.#ejected.show(view));
        this.#onWarm(view);
        for (const [name, feed] of this.#feeds) {
          feed.settle(view.clusters.get(name));
        }
      },
    });
    this.#verdict = this.#computer.compute(this.#table.view);
  }

  /** The verdict of the current view: immutable, replaced in one assignment. */
  get verdict(): BridgeVerdict {
    return this.#verdict;
  }

  /** What is known now, ejections included. */
  get view(): HealthView {
    return this.#ejected.show(this.#table.view);
  }

  /** What checks say of an endpoint, or what was reported; null if it is not known. */
  checkedStateOf(cluster: string, key: string): HealthState | null {
    return this.#table.view.clusters.get(cluster)?.endpoints.find(({ endpoint }) => endpoint.key === key)?.state ?? null;
  }

  /** `ejectionsOf` has other answers: views and verdicts follow in this turn of the event loop. */
  onEjections(): void {
    this.#table.touch();
  }

  start(): void {
    this.#table.start();
    for (const cluster of this.#options.clusters) {
      this.#find(cluster);
    }
  }

  /**
   * Looks for the endpoints of clusters that are new in `options`, and resolves when all of them have been checked once, or after `limitMs`.
   * Until `reconfigure` they show in views, and in no verdict.
   */
  async warm({ clusters }: HealthMonitorOptions, limitMs: number): Promise<void> {
    const added = clusters.filter(({ name }) => !this.#feeds.has(name));
    for (const cluster of added) {
      this.#table.put(cluster);
      this.#find(cluster);
    }
    const warm = new AbortController();
    this.#onWarm = ({ clusters: known }) => {
      if (added.every(({ name }) => isWarm(known.get(name)))) {
        warm.abort();
      }
    };
    this.#onWarm(this.#table.view);
    await this.#deps.clock.sleep(limitMs, AbortSignal.any([warm.signal, this.#stop.signal]));
    this.#onWarm = () => undefined;
  }

  /** Goes on by other options. What they leave as it was goes on undisturbed; views and verdicts follow before this returns. */
  reconfigure(options: HealthMonitorOptions): void {
    if (this.#stop.signal.aborted) {
      return;
    }
    this.#options = options;
    this.#computer = new VerdictComputer(options.verdict);
    const names = options.clusters.map(({ name }) => name);
    for (const [name, feed] of this.#feeds) {
      if (!names.includes(name)) {
        this.#feeds.delete(name);
        const closed = feed.close().finally(() => this.#closing.delete(closed));
        this.#closing.add(closed);
      }
    }
    for (const cluster of options.clusters) {
      this.#table.put(cluster);
      const feed = this.#feeds.get(cluster.name);
      if (feed === undefined) {
        this.#find(cluster);
      } else {
        feed.replace(cluster.discovery);
      }
    }
    this.#table.retain(names);
    this.#table.flush();
  }

  /** Ends discovery and every check. May be called again. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#table.close(), ...this.#closing, ...[...this.#feeds.values()].map((feed) => feed.close())]);
  }

  #find({ name, discovery }: MonitoredCluster): void {
    const feed = new DiscoveryFeed(discovery, {
      ...this.#deps,
      onUpdate: (update) => this.#table.updateDiscovery(name, update),
    });
    this.#feeds.set(name, feed);
    feed.start();
  }

  #ejectionsOf(cluster: string): ReturnType<ConstructorParameters<typeof EjectedView>[0]> {
    const ejections = this.#deps.ejectionsOf?.(cluster) ?? null;
    const options = this.#options.clusters.find(({ name }) => name === cluster)?.outlierDetection;
    return ejections === null ? null : { ejections, countInHealth: options?.countInHealth === true };
  }

  #publish(view: HealthView): void {
    const previous = this.#verdict;
    this.#verdict = this.#computer.compute(view);
    if (this.#verdict !== previous) {
      this.#deps.onVerdict(this.#verdict);
    }
  }
}

/** Whether all that a first look can tell of a cluster is known. */
function isWarm(health: ClusterHealth | undefined): boolean {
  return (
    health !== undefined && health.discovery.state !== 'pending' && health.endpoints.every(({ state }) => state !== 'pending')
  );
}
