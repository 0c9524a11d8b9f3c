import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import type { ListenerConfig } from '../config/sections/listener.ts';
import type { RetryConfig } from '../config/sections/retry.ts';
import type { RouteConfig } from '../config/sections/route.ts';
import { type RouteClusterConfig, waysOf } from '../config/sections/route-clusters.ts';
import { createHttp1Route } from '../http1/http1-route.ts';
import { SlabPool } from '../http2/index.ts';
import type { OutlierView } from '../model/ejection.ts';
import type { EndpointTraffic } from '../model/endpoint-traffic.ts';
import type { HealthView } from '../model/health-view.ts';
import type { TraceMarker } from '../proxy/forwarded-headers.ts';
import type { CallObserver } from '../proxy/observer.ts';
import { type RetryPolicy, toStatusBits } from '../proxy/retry-policy.ts';
import type { ListedRoute, Route } from '../proxy/router.ts';
import { SplitRoute } from '../proxy/split-route.ts';
import { Turn } from '../transport/turn.ts';
import type { UpstreamEndpointState, UpstreamObserver } from '../upstream/options.ts';
import type { UpstreamTls } from '../upstream/upstream-tls.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { type ConnectionCounter, createConnectionLog } from './cluster-options.ts';
import {
  type AnyCluster,
  type ClusterPlan,
  canGoOn,
  createCluster,
  goOn,
  isUnused,
  planCluster,
  renewedTls,
} from './forwarded-cluster.ts';
import type { MonitoredCluster } from './health-monitor.ts';
import { toForwardedHeaders } from './listener-settings.ts';
import { subsetsOf, toSubset } from './route-subsets.ts';

export interface ForwardingDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Who is told of requests to http1 clusters, as listeners tell of the other ones; null for nobody. */
  readonly callObserver: CallObserver | null;
  /** Who makes spans of requests to http1 clusters, as listeners have it; null for nobody. */
  readonly traces: TraceMarker | null;
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

/** How often replaced clusters are looked at, whether their last call has ended. Milliseconds. */
const LEAVE_POLL_MS = 100;
/** Replaced clusters whose calls do not end; one more ends those of the oldest. Calls may take hours, and each reload may leave a cluster behind. */
export const MAX_LEAVING_CLUSTERS = 16;

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
  /** Those that a reload has replaced, with their names, the oldest first: their calls go on, no others come. */
  readonly #leaving = new Map<AnyCluster, string>();
  readonly #closing = new Set<Promise<void>>();
  #leaveTimer: Timer | null = null;

  /** @param clusters those of the configuration with their files read. */
  constructor(config: Config, clusters: readonly MonitoredCluster[], deps: ForwardingDeps) {
    this.#config = config;
    this.#deps = deps;
    this.turn = new Turn(deps.clock);
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
    for (const { of } of this.#preparation?.made.values() ?? []) {
      this.#end(of);
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
        this.#leaving.set(cluster, name);
      } else {
        this.#clusters.set(name, goOn(cluster, kept.plan, kept.tls));
      }
    }
    for (const [name, cluster] of preparation.made) {
      this.#clusters.set(name, cluster);
    }
    this.#retainSubsets();
    this.#endUnused();
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
    return this.#createRoutes(listener, this.#config);
  }

  /** The same of what was prepared and is not in force yet. */
  preparedRoutesOf(listener: ListenerConfig): readonly ListedRoute[] {
    return this.#createRoutes(listener, this.#preparation?.config ?? this.#config);
  }

  /** Takes what is known of health now. */
  update(view: HealthView): void {
    for (const [name, { of }] of [...this.#clusters, ...(this.#preparation?.made ?? [])]) {
      of.update(view.clusters.get(name)?.endpoints ?? []);
    }
    for (const [{ of }, name] of this.#leaving) {
      const health = view.clusters.get(name);
      if (health !== undefined) {
        of.update(health.endpoints);
      }
    }
  }

  /** Whether anything was ever forwarded to the cluster: until then `noTrafficInterval` is in force, as with Envoy. */
  hasTraffic(cluster: string): boolean {
    return (this.#clusters.get(cluster)?.of.lastTrafficMs ?? Number.NEGATIVE_INFINITY) !== Number.NEGATIVE_INFINITY;
  }

  /** Answers requests to http1 clusters that are left, while their clients are still there; listeners do it for the other ones. */
  abandonAll(): void {
    for (const cluster of [...this.#clusters.values(), ...this.#leaving.keys()]) {
      if (cluster.kind === 'http1') {
        cluster.of.abandonAll();
      }
    }
  }

  /** Ends every connection; resolves when all are gone. May be called again. */
  async close(): Promise<void> {
    this.#leaveTimer?.cancel();
    this.discard();
    await Promise.all([...this.#clusters.values(), ...this.#leaving.keys()].map(({ of }) => of.close()));
    await Promise.all(this.#closing);
    this.turn.close();
  }

  /** Ends replaced clusters that have nothing to do any more, and looks again later if any are left. */
  #endUnused(): void {
    this.#leaveTimer?.cancel();
    for (const cluster of this.#leaving.keys()) {
      if (isUnused(cluster) || this.#leaving.size > MAX_LEAVING_CLUSTERS) {
        this.#leaving.delete(cluster);
        this.#end(cluster.of);
      }
    }
    this.#leaveTimer = this.#leaving.size === 0 ? null : this.#deps.clock.setTimer(LEAVE_POLL_MS, () => this.#endUnused());
  }

  #end(cluster: ForwardedCluster): void {
    const closed = cluster.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  #createCluster(plan: ClusterPlan): AnyCluster {
    const { clock, random, logger, counter, onEjection } = this.#deps;
    const observer = { ...createConnectionLog(logger, counter), ...(onEjection === undefined ? {} : { onEjection }) };
    const dependencies = { turn: this.turn, clock, random, observer, slabs: this.slabs };
    return createCluster(plan, dependencies);
  }

  #createRoutes(listener: ListenerConfig, config: Config): readonly ListedRoute[] {
    const names = listener.routes === null ? null : new Set(listener.routes);
    return config.routes
      .filter(({ name }) => names === null || names.has(name))
      .map((route) => this.#createRoute(route, listener, config));
  }

  #createRoute(route: RouteConfig, listener: ListenerConfig, config: Config): ListedRoute {
    const ways = waysOf(route).map((way) => ({ route: this.#createWay(route, way, listener, config), weight: way.weight }));
    const [only] = ways;
    return ways.length === 1 && only !== undefined
      ? only.route
      : new SplitRoute(route.name, route.match, ways, this.#deps.random);
  }

  #createWay(
    { name, match, timeoutMs, retry: repeats }: RouteConfig,
    { name: clusterName, subset: labels }: RouteClusterConfig,
    listener: ListenerConfig,
    config: Config,
  ): Route {
    const made = config === this.#config ? undefined : this.#preparation?.made.get(clusterName);
    const cluster = made ?? this.#clusters.get(clusterName);
    if (cluster === undefined) {
      throw new Error(`the route ${name} leads to the cluster ${clusterName}, which was not made`);
    }
    const subset = labels === undefined ? null : toSubset(labels, clusterName, config);
    if (cluster.kind === 'http2') {
      const { of } = cluster;
      const retry = repeats === null ? null : toRetryPolicy(repeats);
      return { kind: 'http2', name, match, timeoutMs, cluster: of, subset: subset === null ? null : of.subset(subset), retry };
    }
    const forwardedHeaders = toForwardedHeaders(listener, config, this.#deps.traces);
    return createHttp1Route(cluster.of, {
      name,
      match,
      timeoutMs,
      subset: subset === null ? null : cluster.of.subset(subset),
      forwardedHeaders,
      callObserver: this.#deps.callObserver,
    });
  }

  /** Subsets that no route names any more, or not yet, are let go. */
  #retainSubsets(): void {
    for (const [name, { of }] of this.#clusters) {
      of.retainSubsets(subsetsOf(name, this.#config));
    }
  }
}

function toRetryPolicy({ codes, ...others }: RetryConfig): RetryPolicy {
  return { statuses: toStatusBits(codes), ...others };
}

function activeRequestsOf(cluster: AnyCluster): number {
  return cluster.kind === 'http2' ? cluster.of.activeStreams : cluster.of.activeRequests - cluster.of.pendingRequests;
}

/** The clusters that a route leads to. */
function planClusters(config: Config, clusters: readonly MonitoredCluster[]): ReadonlyMap<string, ClusterPlan> {
  const names = new Set(config.routes.flatMap((route) => waysOf(route).map(({ name }) => name)));
  return new Map(
    [...names].map((name) => {
      const section = config.clusters.find((cluster) => cluster.name === name);
      if (section === undefined) {
        throw new Error(`a route leads to the cluster ${name}, which does not exist`);
      }
      return [name, planCluster(section, clusters.find((cluster) => cluster.name === name)?.tls ?? null)];
    }),
  );
}
