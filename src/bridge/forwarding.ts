import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import type { ListenerConfig } from '../config/sections/listener.ts';
import { SlabPool, UPSTREAM_LIMITS } from '../http2/index.ts';
import type { HealthView } from '../model/health-view.ts';
import type { Route } from '../proxy/router.ts';
import { Turn } from '../transport/turn.ts';
import type { UpstreamObserver } from '../upstream/options.ts';
import { UpstreamCluster } from '../upstream/upstream-cluster.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { MonitoredCluster } from './health-monitor.ts';

export interface ForwardingDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The call flow's side of the endpoints: clusters with their connections, and the routes that lead to them. */
export class Forwarding {
  /** The rhythm and the output memory of this thread, for listeners as well. */
  readonly turn: Turn;
  readonly slabs: SlabPool = new SlabPool();
  readonly #config: Config;
  readonly #deps: ForwardingDeps;
  readonly #clusters = new Map<string, UpstreamCluster>();
  readonly #routes = new Map<string, Route>();

  /** @param clusters those of the configuration with their files read. Only clusters that a route leads to get connections. */
  constructor(config: Config, clusters: readonly MonitoredCluster[], deps: ForwardingDeps) {
    this.#config = config;
    this.#deps = deps;
    this.turn = new Turn(deps.clock);
    for (const { name, match, cluster, timeoutMs } of config.routes) {
      this.#routes.set(name, { kind: 'http2', name, match, timeoutMs, cluster: this.#cluster(cluster, clusters) });
    }
  }

  /** Those that calls are forwarded to, by name. */
  get clusters(): ReadonlyMap<string, UpstreamCluster> {
    return this.#clusters;
  }

  /** What a listener serves, in the order of the configuration. */
  routesOf({ routes }: ListenerConfig): readonly Route[] {
    const names = routes === null ? null : new Set(routes);
    return [...this.#routes.values()].filter(({ name }) => names === null || names.has(name));
  }

  /** Takes what is known of health now. */
  update(view: HealthView): void {
    for (const [name, cluster] of this.#clusters) {
      cluster.update(view.clusters.get(name)?.endpoints ?? []);
    }
  }

  /** Whether anything was ever forwarded to the cluster: until then `noTrafficInterval` is in force, as with Envoy. */
  hasTraffic(cluster: string): boolean {
    return (this.#clusters.get(cluster)?.lastTrafficMs ?? Number.NEGATIVE_INFINITY) !== Number.NEGATIVE_INFINITY;
  }

  /** Ends every connection; resolves when all are gone. May be called again. */
  async close(): Promise<void> {
    await Promise.all([...this.#clusters.values()].map((cluster) => cluster.close()));
    this.turn.close();
  }

  #cluster(name: string, clusters: readonly MonitoredCluster[]): UpstreamCluster {
    const made = this.#clusters.get(name);
    if (made !== undefined) {
      return made;
    }
    const { clock, random } = this.#deps;
    const dependencies = { turn: this.turn, clock, random, observer: this.#observe(), slabs: this.slabs };
    const cluster = new UpstreamCluster(this.#toOptions(name, clusters), dependencies);
    this.#clusters.set(name, cluster);
    return cluster;
  }

  #toOptions(name: string, clusters: readonly MonitoredCluster[]): ConstructorParameters<typeof UpstreamCluster>[0] {
    const section = this.#config.clusters.find((cluster) => cluster.name === name);
    const tls = clusters.find((cluster) => cluster.name === name)?.tls ?? null;
    if (section === undefined) {
      throw new Error(`a route leads to the cluster ${name}, which does not exist`);
    }
    return {
      name,
      connectTimeoutMs: section.connectTimeoutMs,
      tls: tls === null ? null : { ...tls, subjectAltNames: [] },
      panicThresholdPercent: Number.parseInt(section.loadBalancing.panicThreshold, 10),
      policy: section.loadBalancing.policy,
      pool: section.connectionPool,
      keepalive: section.keepalive,
      limits: UPSTREAM_LIMITS,
    };
  }

  #observe(): UpstreamObserver {
    const { logger } = this.#deps;
    return {
      onConnectionOpened: (cluster, { key }) => logger.debug({ cluster, endpoint: key }, 'connection opened'),
      onConnectionClosed: (cluster, { key }, reason) => logger.debug({ cluster, endpoint: key, reason }, 'connection closed'),
      onConnectFailed: (cluster, { key }, failure, reason) =>
        logger.debug({ cluster, endpoint: key, failure, reason }, 'connection failed'),
      onUpstreamAbuse: (cluster, kind) => logger.warn({ cluster, kind }, 'endpoint reached a limit'),
      onUpstreamDefect: (cluster, err) => logger.error({ cluster, err }, 'connection to an endpoint failed inside'),
    };
  }
}
