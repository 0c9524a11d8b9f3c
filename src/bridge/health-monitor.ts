import { VerdictComputer, type VerdictOptions } from '../aggregation/bridge-verdict.ts';
import type { BridgeVerdict } from '../aggregation/verdict.ts';
import { createDiscovery, type DiscoverySourceOptions } from '../discovery/create-discovery.ts';
import type { CreateChecker } from '../health/checker.ts';
import { createCheckerFor } from '../health/create-checker.ts';
import { HealthTable } from '../health/health-table.ts';
import type { HealthObserver } from '../health/observer.ts';
import type { HealthClusterOptions } from '../health/options.ts';
import type { HealthView } from '../model/health-view.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';

/** A cluster, from where its endpoints are found to how they are judged. */
export interface MonitoredCluster extends HealthClusterOptions {
  readonly discovery: readonly DiscoverySourceOptions[];
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
  /** Called with each new view, before its verdict. */
  readonly onView?: (view: HealthView) => void;
  /** Called with each new verdict, after `verdict` has it. */
  readonly onVerdict: (verdict: BridgeVerdict) => void;
  /** Puts something around every checker; by default nothing. */
  readonly wrapChecker?: (create: CreateChecker) => CreateChecker;
}

/** The health flow as a whole: discovery feeds the table, whose views become verdicts. */
export class HealthMonitor {
  readonly #options: HealthMonitorOptions;
  readonly #deps: HealthMonitorDeps;
  readonly #table: HealthTable;
  readonly #computer: VerdictComputer;
  readonly #stop = new AbortController();
  readonly #watches: Promise<void>[] = [];
  #verdict: BridgeVerdict;

  constructor(options: HealthMonitorOptions, deps: HealthMonitorDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#computer = new VerdictComputer(options.verdict);
    const createChecker = createCheckerFor(deps);
    const wrap = deps.wrapChecker ?? ((create: CreateChecker) => create);
    this.#table = new HealthTable(options.clusters, {
      ...deps,
      createChecker: (cluster) => wrap(createChecker(cluster)),
      onView: (view) => {
        deps.onView?.(view);
        this.#publish(view);
      },
    });
    this.#verdict = this.#computer.compute(this.#table.view);
  }

  /** The verdict of the current view: immutable, replaced in one assignment. */
  get verdict(): BridgeVerdict {
    return this.#verdict;
  }

  get view(): HealthView {
    return this.#table.view;
  }

  start(): void {
    this.#table.start();
    for (const { name, discovery } of this.#options.clusters) {
      const source = createDiscovery(discovery, this.#deps);
      this.#watches.push(source.watch((update) => this.#table.updateDiscovery(name, update), this.#stop.signal));
    }
  }

  /** Ends discovery and every check. May be called again. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#table.close(), ...this.#watches]);
  }

  #publish(view: HealthView): void {
    const previous = this.#verdict;
    this.#verdict = this.#computer.compute(view);
    if (this.#verdict !== previous) {
      this.#deps.onVerdict(this.#verdict);
    }
  }
}
