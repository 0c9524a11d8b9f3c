import type { Ejection } from '../model/ejection.ts';
import type { ClusterHealth, EndpointHealth, HealthView } from '../model/health-view.ts';

/** What outlier detection says of a cluster, for its health. */
export interface ClusterEjections {
  /** By endpoint key; the same object until something changes. */
  readonly ejections: ReadonlyMap<string, Ejection>;
  /** Whether they are unhealthy in the health answer. */
  readonly countInHealth: boolean;
}

/** What was made of a cluster, and from what. */
interface Memo extends ClusterEjections {
  readonly health: ClusterHealth;
  readonly shown: ClusterHealth;
}

/** Lays ejections over what is known of health. A cluster of which nothing has changed is the same object as the last time. */
export class EjectedView {
  readonly #ejectionsOf: (cluster: string) => ClusterEjections | null;
  readonly #memos = new Map<string, Memo>();

  /** @param ejectionsOf null where nobody ejects. */
  constructor(ejectionsOf: (cluster: string) => ClusterEjections | null) {
    this.#ejectionsOf = ejectionsOf;
  }

  /** The view itself where nothing is ejected. */
  show(view: HealthView): HealthView {
    const changed = new Map<string, ClusterHealth>();
    for (const name of this.#memos.keys()) {
      if (!view.clusters.has(name)) {
        this.#memos.delete(name);
      }
    }
    for (const [name, health] of view.clusters) {
      const found = this.#ejectionsOf(name);
      if (found === null || found.ejections.size === 0) {
        this.#memos.delete(name);
      } else {
        changed.set(name, this.#showCluster(health, found));
      }
    }
    return changed.size === 0
      ? view
      : { clusters: new Map([...view.clusters].map(([name, health]) => [name, changed.get(name) ?? health])) };
  }

  #showCluster(health: ClusterHealth, { ejections, countInHealth }: ClusterEjections): ClusterHealth {
    const memo = this.#memos.get(health.name);
    if (memo !== undefined && memo.health === health && memo.ejections === ejections && memo.countInHealth === countInHealth) {
      return memo.shown;
    }
    const endpoints = health.endpoints.map((endpoint) => {
      const ejection = ejections.get(endpoint.endpoint.key);
      return ejection === undefined ? endpoint : toEjected(endpoint, ejection, countInHealth);
    });
    const shown = { ...health, endpoints };
    this.#memos.set(health.name, { health, ejections, countInHealth, shown });
    return shown;
  }
}

function toEjected(health: EndpointHealth, { words, sinceMs, untilMs }: Ejection, countInHealth: boolean): EndpointHealth {
  const { state } = health;
  if (state !== 'healthy' && state !== 'degraded') {
    return { ...health, ejection: { countsAs: state } };
  }
  const reason = `${words}, out until ${new Date(untilMs).toISOString()}`;
  return { ...health, state: 'ejected', reason, sinceMs, ejection: { countsAs: countInHealth ? 'ejected' : state } };
}
