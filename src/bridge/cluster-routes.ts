import type { Config } from '../config/load.ts';
import type { ListenerConfig } from '../config/sections/listener.ts';
import type { RetryConfig } from '../config/sections/retry.ts';
import type { RouteConfig } from '../config/sections/route.ts';
import { type RouteClusterConfig, waysOf } from '../config/sections/route-clusters.ts';
import { createHttp1Route } from '../http1/http1-route.ts';
import type { TraceMarker } from '../proxy/forwarded-headers.ts';
import type { CallObserver } from '../proxy/observer.ts';
import { type RetryPolicy, toStatusBits } from '../proxy/retry-policy.ts';
import type { ListedRoute, Route } from '../proxy/router.ts';
import { SplitRoute } from '../proxy/split-route.ts';
import type { Random } from '../util/random.ts';
import type { AnyCluster } from './forwarded-cluster.ts';
import { toForwardedHeaders } from './listener-settings.ts';
import { toSubset } from './route-subsets.ts';

/** What routes to clusters need beside the configuration. */
export interface ClusterRouteDeps {
  readonly random: Random;
  /** Who is told of requests to http1 clusters, as listeners tell of the other ones; null for nobody. */
  readonly callObserver: CallObserver | null;
  /** Who makes spans of requests to http1 clusters, as listeners have it; null for nobody. */
  readonly traces: TraceMarker | null;
}

/** The clusters that routes may lead to, by name. */
export interface ClusterLookup {
  get(name: string): AnyCluster | undefined;
}

/** What the routes of a listener are made of. */
export interface RouteSource {
  readonly listener: ListenerConfig;
  readonly config: Config;
  readonly clusters: ClusterLookup;
}

/** Makes the routes that a listener serves: each for one listener, as requests are marked in that listener's way. */
export class ClusterRoutes {
  readonly #deps: ClusterRouteDeps;

  constructor(deps: ClusterRouteDeps) {
    this.#deps = deps;
  }

  /** Those that the listener names, in the order of the configuration. Throws when one leads to a cluster that is not there. */
  of(source: RouteSource): readonly ListedRoute[] {
    const { listener, config } = source;
    const names = listener.routes === null ? null : new Set(listener.routes);
    return config.routes.filter(({ name }) => names === null || names.has(name)).map((route) => this.#createRoute(route, source));
  }

  #createRoute(route: RouteConfig, source: RouteSource): ListedRoute {
    const ways = waysOf(route).map((way) => ({ route: this.#createWay(route, way, source), weight: way.weight }));
    const [only] = ways;
    return ways.length === 1 && only !== undefined
      ? only.route
      : new SplitRoute(route.name, route.match, ways, this.#deps.random);
  }

  #createWay(
    { name, match, timeoutMs, retry: repeats }: RouteConfig,
    { name: clusterName, subset: labels }: RouteClusterConfig,
    { listener, config, clusters }: RouteSource,
  ): Route {
    const cluster = clusters.get(clusterName);
    if (cluster === undefined) {
      throw new Error(`the route ${name} leads to the cluster ${clusterName}, which was not made`);
    }
    const subset = labels === undefined ? null : toSubset(labels, clusterName, config);
    if (cluster.kind === 'http2') {
      const { of } = cluster;
      const retry = repeats === null ? null : toRetryPolicy(repeats);
      return { kind: 'http2', name, match, timeoutMs, cluster: of, subset: subset === null ? null : of.subset(subset), retry };
    }
    return createHttp1Route(cluster.of, {
      name,
      match,
      timeoutMs,
      subset: subset === null ? null : cluster.of.subset(subset),
      forwardedHeaders: toForwardedHeaders(listener, config, this.#deps.traces),
      callObserver: this.#deps.callObserver,
    });
  }
}

function toRetryPolicy({ codes, ...others }: RetryConfig): RetryPolicy {
  return { statuses: toStatusBits(codes), ...others };
}
