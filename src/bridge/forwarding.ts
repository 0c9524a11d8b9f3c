import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import type { ListenerConfig } from '../config/sections/listener.ts';
import { SlabPool } from '../http2/index.ts';
import type { OutlierView } from '../model/ejection.ts';
import type { EndpointTraffic } from '../model/endpoint-traffic.ts';
import type { HealthView } from '../model/health-view.ts';
import type { ListedRoute } from '../proxy/router.ts';
import { Turn } from '../transport/turn.ts';
import type { UpstreamEndpointState, UpstreamObserver } from '../upstream/options.ts';
import type { UpstreamTls } from '../upstream/upstream-tls.ts';
import type { Clock } from '../util/clock.ts';
import { type ConnectionCounter, createConnectionLog } from './cluster-options.ts';
import { type ClusterRouteDeps, ClusterRoutes } from './cluster-routes.ts';
import {
  type AnyCluster,
  type ClusterPlan,
  canGoOn,
  createCluster,
  goOn,
  planClusters,
  renewedTls,
} from './forwarded-cluster.ts';
import type { MonitoredCluster } from './health-monitor.ts';
import { LeavingClusters } from './leaving-clusters.ts';
import { subsetsOf } from './route-subsets.ts';

export interface ForwardingDeps extends ClusterRouteDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Who is told of ejections by outlier detection; absent for nobody. */
  readonly onEjection?: UpstreamObserver['onEjection'];
  /** Who counts connections to endpoints. */
  readonly counter: ConnectionCounter;
}

/** What both kinds of clusters are to the health flow. */
export interface ForwardedCluster {
  /** When a call or request last came; -Infinity for never. Clock.now(). */
  readonly lastTrafficMs: number;
  /** Takes the endpoints with what is known of their health. */
  update(states: readonly UpstreamEndpointState[]): void;
  /** Ends every connection; resolves when all are gone. May be called again. */
  close(): Promise<void>;
}

/** What `prepare` has made of another configuration. */
interface Preparation {
  readonly config: Config;
  /** Clusters that are new, or cannot go on as they are; they know of health already. */
  readonly made: ReadonlyMap<string, AnyCluster>;
  /** Those that go on, by that plan and with that TLS material if it is new. */
  readonly kept: ReadonlyMap<string, { readonly plan: ClusterPlan; readonly tls: UpstreamTls | null }>;
}

/** The call flow's side of the endpoints: clusters with their connections, and the routes that lead to them. */
export class Forwarding {
  /** The rhythm and the output memory of this thread, for listeners as well. */
  readonly turn: Turn;
  readonly slabs: SlabPool = new SlabPool();
  #config: Config;
  readonly #deps: ForwardingDeps;
  /** Those that a route leads to, by name; the others get no connections. */
  readonly #clusters = new Map<string, AnyCluster>();
  /** Those that a reload is about to put in force; null between reloads. */
  #preparation: Preparation | null = null;
  readonly #leaving: LeavingClusters;
  readonly #routes: ClusterRoutes;

  /** @param clusters those of the configuration with their files read. */
  constructor(config: Config, clusters: readonly MonitoredCluster[], deps: ForwardingDeps) {
    this.#config = config;
    this.#deps = deps;
    this.turn = new Turn(deps.clock);
    this.#leaving = new LeavingClusters(deps.clock);
    this.#routes = new ClusterRoutes(deps);
    for (const [name, plan] of planClusters(config, clusters)) {
      this.#clusters.set(name, this.#createCluster(plan));
    }
  }

  /**
   * Makes what another configuration needs beside what is in force. `commit` puts it there; until then nothing leads to it.
   *
   * @throws when TLS material is unusable; then nothing has been made.
   */
  prepare(config: Config, clusters: readonly MonitoredCluster[]): void {
    this.discard();
    const made = new Map<string, AnyCluster>();
    const kept = new Map<string, { readonly plan: ClusterPlan; readonly tls: UpstreamTls | null }>();
    this.#preparation = { config, made, kept };
    try {
      for (const [name, plan] of planClusters(config, clusters)) {
        const current = this.#clusters.get(name);
        if (current === undefined || !canGoOn(current, plan)) {
          made.set(name, this.#createCluster(plan));
        } else {
          kept.set(name, { plan, tls: renewedTls(current, plan) });
        }
      }
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** Takes back what was prepared and is not in force. */
  discard(): void {
    for (const cluster of this.#preparation?.made.values() ?? []) {
      this.#leaving.end(cluster);
    }
    this.#preparation = null;
    this.#retainSubsets();
  }

  /** Puts in force what was prepared: `routesOf` leads there from now on. Calls that are under way end where they are. */
  commit(): void {
    const preparation = this.#preparation;
    if (preparation === null) {
      return;
    }
    this.#preparation = null;
    const before = [...this.#clusters];
    this.#config = preparation.config;
    this.#clusters.clear();
    for (const [name, cluster] of before) {
      const kept = preparation.kept.get(name);
      if (kept === undefined) {
        this.#leaving.add(name, cluster);
      } else {
        this.#clusters.set(name, goOn(cluster, kept.plan, kept.tls));
      }
    }
    for (const [name, cluster] of preparation.made) {
      this.#clusters.set(name, cluster);
    }
    this.#retainSubsets();
    this.#leaving.endUnused();
  }

  /** Those that calls are forwarded to, by name. */
  get clusters(): ReadonlyMap<string, ForwardedCluster> {
    return new Map([...this.#clusters].map(([name, { of }]) => [name, of]));
  }

  /** Requests on a connection to an endpoint, by cluster; those that wait for one are not among them. */
  get activeRequests(): ReadonlyMap<string, number> {
    return new Map([...this.#clusters].map(([name, cluster]) => [name, activeRequestsOf(cluster)]));
  }

  /** What goes to one endpoint of a cluster, by its key; null where no route leads. */
  trafficOf(cluster: string, key: string): EndpointTraffic | null {
    return this.#clusters.get(cluster)?.of.trafficOf(key) ?? null;
  }

  /** What outlier detection knows of a cluster; null without it, or where no route leads. */
  outliersOf(cluster: string): OutlierView | null {
    return this.#clusters.get(cluster)?.of.outliers ?? null;
  }

  /** A health check of an endpoint has passed, and it is healthy by checks. Envoy: `successful_active_health_check_uneject_host`. */
  onCheckPassed(cluster: string, key: string): void {
    this.#clusters.get(cluster)?.of.onCheckPassed(key);
  }

  /** What a listener serves, in the order of the configuration. */
  routesOf(listener: ListenerConfig): readonly ListedRoute[] {
    return this.#routes.of({ listener, config: this.#config, clusters: this.#clusters });
  }

  /** The same of what was prepared and is not in force yet. */
  preparedRoutesOf(listener: ListenerConfig): readonly ListedRoute[] {
    const preparation = this.#preparation;
    return preparation === null
      ? this.routesOf(listener)
      : this.#routes.of({ listener, config: preparation.config, clusters: new Map([...this.#clusters, ...preparation.made]) });
  }

  /** Takes what is known of health now. */
  update(view: HealthView): void {
    for (const [name, { of }] of [...this.#clusters, ...(this.#preparation?.made ?? [])]) {
      of.update(view.clusters.get(name)?.endpoints ?? []);
    }
    this.#leaving.update(view);
  }

  /** Whether anything was ever forwarded to the cluster: until then `noTrafficInterval` is in force, as with Envoy. */
  hasTraffic(cluster: string): boolean {
    return (this.#clusters.get(cluster)?.of.lastTrafficMs ?? Number.NEGATIVE_INFINITY) !== Number.NEGATIVE_INFINITY;
  }

  /** Answers requests to http1 clusters that are left, while their clients are still there; listeners do it for the other ones. */
  abandonAll(): void {
    for (const cluster of [...this.#clusters.values(), ...this.#leaving.all]) {
      if (cluster.kind === 'http1') {
        cluster.of.abandonAll();
      }
    }
  }

  /** Ends every connection; resolves when all are gone. May be called again. */
  async close(): Promise<void> {
    this.discard();
    await Promise.all([...this.#clusters.values()].map(({ of }) => of.close()).concat(this.#leaving.close()));
    this.turn.close();
  }

  #createCluster(plan: ClusterPlan): AnyCluster {
    const { clock, random, logger, counter, onEjection } = this.#deps;
    const observer = { ...createConnectionLog(logger, counter), ...(onEjection === undefined ? {} : { onEjection }) };
    const dependencies = { turn: this.turn, clock, random, observer, slabs: this.slabs };
    return createCluster(plan, dependencies);
  }

  /** Subsets that no route names any more, or not yet, are let go. */
  #retainSubsets(): void {
    for (const [name, { of }] of this.#clusters) {
      of.retainSubsets(subsetsOf(name, this.#config));
    }
  }
}

function activeRequestsOf(cluster: AnyCluster): number {
  return cluster.kind === 'http2' ? cluster.of.activeStreams : cluster.of.activeRequests - cluster.of.pendingRequests;
}
