import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import type { ListenerConfig } from '../config/sections/listener.ts';
import type { RouteConfig } from '../config/sections/route.ts';
import { Http1Cluster } from '../http1/http1-cluster.ts';
import { createHttp1Route } from '../http1/http1-route.ts';
import { SlabPool } from '../http2/index.ts';
import type { HealthView } from '../model/health-view.ts';
import type { CallObserver } from '../proxy/observer.ts';
import type { Route } from '../proxy/router.ts';
import { Turn } from '../transport/turn.ts';
import type { UpstreamEndpointState } from '../upstream/options.ts';
import { UpstreamCluster } from '../upstream/upstream-cluster.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { type ConnectionCounter, createConnectionLog, toHttp1ClusterOptions, toHttp2ClusterOptions } from './cluster-options.ts';
import type { MonitoredCluster } from './health-monitor.ts';
import { toForwardedHeaders } from './listener-settings.ts';

export interface ForwardingDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Who is told of requests to http1 clusters, as listeners tell of the other ones; null for nobody. */
  readonly callObserver: CallObserver | null;
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

type AnyCluster =
  | { readonly kind: 'http2'; readonly of: UpstreamCluster }
  | { readonly kind: 'http1'; readonly of: Http1Cluster };

/** The call flow's side of the endpoints: clusters with their connections, and the routes that lead to them. */
export class Forwarding {
  /** The rhythm and the output memory of this thread, for listeners as well. */
  readonly turn: Turn;
  readonly slabs: SlabPool = new SlabPool();
  readonly #config: Config;
  readonly #deps: ForwardingDeps;
  /** Those that a route leads to, by name; the others get no connections. */
  readonly #clusters = new Map<string, AnyCluster>();

  /** @param clusters those of the configuration with their files read. */
  constructor(config: Config, clusters: readonly MonitoredCluster[], deps: ForwardingDeps) {
    this.#config = config;
    this.#deps = deps;
    this.turn = new Turn(deps.clock);
    for (const name of new Set(config.routes.map(({ cluster }) => cluster))) {
      this.#clusters.set(name, this.#createCluster(name, clusters));
    }
  }

  /** Those that calls are forwarded to, by name. */
  get clusters(): ReadonlyMap<string, ForwardedCluster> {
    return new Map([...this.#clusters].map(([name, { of }]) => [name, of]));
  }

  /** Requests on a connection to an endpoint, by cluster; those that wait for one are not among them. */
  get activeRequests(): ReadonlyMap<string, number> {
    return new Map([...this.#clusters].map(([name, cluster]) => [name, activeRequestsOf(cluster)]));
  }

  /** What a listener serves, in the order of the configuration. */
  routesOf(listener: ListenerConfig): readonly Route[] {
    const names = listener.routes === null ? null : new Set(listener.routes);
    return this.#config.routes
      .filter(({ name }) => names === null || names.has(name))
      .map((route) => this.#createRoute(route, listener));
  }

  /** Takes what is known of health now. */
  update(view: HealthView): void {
    for (const [name, { of }] of this.#clusters) {
      of.update(view.clusters.get(name)?.endpoints ?? []);
    }
  }

  /** Whether anything was ever forwarded to the cluster: until then `noTrafficInterval` is in force, as with Envoy. */
  hasTraffic(cluster: string): boolean {
    return (this.#clusters.get(cluster)?.of.lastTrafficMs ?? Number.NEGATIVE_INFINITY) !== Number.NEGATIVE_INFINITY;
  }

  /** Answers requests to http1 clusters that are left, while their clients are still there; listeners do it for the other ones. */
  abandonAll(): void {
    for (const cluster of this.#clusters.values()) {
      if (cluster.kind === 'http1') {
        cluster.of.abandonAll();
      }
    }
  }

  /** Ends every connection; resolves when all are gone. May be called again. */
  async close(): Promise<void> {
    await Promise.all([...this.#clusters.values()].map(({ of }) => of.close()));
    this.turn.close();
  }

  #createCluster(name: string, clusters: readonly MonitoredCluster[]): AnyCluster {
    const section = this.#config.clusters.find((cluster) => cluster.name === name);
    const tls = clusters.find((cluster) => cluster.name === name)?.tls ?? null;
    if (section === undefined) {
      throw new Error(`a route leads to the cluster ${name}, which does not exist`);
    }
    const { clock, random, logger, counter } = this.#deps;
    const observer = createConnectionLog(logger, counter);
    const dependencies = { turn: this.turn, clock, random, observer, slabs: this.slabs };
    return section.protocol === 'http1'
      ? { kind: 'http1', of: new Http1Cluster(toHttp1ClusterOptions(section, tls), dependencies) }
      : { kind: 'http2', of: new UpstreamCluster(toHttp2ClusterOptions(section, tls), dependencies) };
  }

  #createRoute({ name, match, cluster: clusterName, timeoutMs }: RouteConfig, listener: ListenerConfig): Route {
    const cluster = this.#clusters.get(clusterName);
    if (cluster === undefined) {
      throw new Error(`the route ${name} leads to the cluster ${clusterName}, which was not made`);
    }
    if (cluster.kind === 'http2') {
      return { kind: 'http2', name, match, timeoutMs, cluster: cluster.of };
    }
    const forwardedHeaders = toForwardedHeaders(listener, this.#config);
    return createHttp1Route(cluster.of, { name, match, timeoutMs, forwardedHeaders, callObserver: this.#deps.callObserver });
  }
}

function activeRequestsOf(cluster: AnyCluster): number {
  return cluster.kind === 'http2' ? cluster.of.activeStreams : cluster.of.activeRequests - cluster.of.pendingRequests;
}
