import { isDeepStrictEqual } from 'node:util';
import { createDiscovery, type DiscoverySourceOptions } from '../discovery/create-discovery.ts';
import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import { type Endpoint, uniqueEndpoints } from '../model/endpoint.ts';
import type { ClusterHealth } from '../model/health-view.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Random } from '../util/random.ts';

export interface DiscoveryFeedDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Takes what the cluster's endpoints are now. */
  readonly onUpdate: (update: DiscoveryUpdate) => void;
}

/** One that names endpoints. */
type NamingUpdate = DiscoveryUpdate & { readonly endpoints: readonly Endpoint[] };

/** How long endpoints of sources that were replaced stay beside the new ones until those have been checked. Milliseconds. */
export const HANDOVER_MS = 15_000;

/**
 * The sources of one cluster, which may be replaced: the endpoints known by then stay until all that the new sources name have had their
 * first check, so that calls always have somewhere to go. Envoy warms a changed cluster in the same way.
 */
export class DiscoveryFeed {
  readonly #deps: DiscoveryFeedDeps;
  #sources: readonly DiscoverySourceOptions[];
  #stop = new AbortController();
  readonly #watches = new Set<Promise<void>>();
  /** How the sources in force have named endpoints last; null before they did. */
  #last: NamingUpdate | null = null;
  /** Those of sources that were replaced. */
  #retained: readonly Endpoint[] = [];
  #handover: Timer | null = null;

  constructor(sources: readonly DiscoverySourceOptions[], deps: DiscoveryFeedDeps) {
    this.#sources = sources;
    this.#deps = deps;
  }

  /** Begins to look. Called once. */
  start(): void {
    const { signal } = this.#stop;
    const watch = createDiscovery(this.#sources, this.#deps)
      .watch((update) => this.#take(update, signal), signal)
      .finally(() => this.#watches.delete(watch));
    this.#watches.add(watch);
  }

  /** From now on these are the sources; nothing happens if they are those that there are. */
  replace(sources: readonly DiscoverySourceOptions[]): void {
    if (isDeepStrictEqual(sources, this.#sources)) {
      return;
    }
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#retained = uniqueEndpoints([...(this.#last?.endpoints ?? []), ...this.#retained]);
    this.#last = null;
    this.#sources = sources;
    this.#handover?.cancel();
    this.#handover = null;
    this.start();
  }

  /** Lets endpoints of replaced sources go as soon as the new ones are known as they are in this view. */
  settle(health: ClusterHealth | undefined): void {
    const named = this.#last?.endpoints;
    if (this.#retained.length === 0 || named === undefined || health === undefined) {
      return;
    }
    const states = new Map(health.endpoints.map(({ endpoint, state }) => [endpoint.key, state]));
    if (named.every(({ key }) => (states.get(key) ?? 'pending') !== 'pending')) {
      this.#release();
    }
  }

  /** Ends the search; resolves when it has ended. May be called again. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#handover?.cancel();
    await Promise.all(this.#watches);
  }

  #take(update: DiscoveryUpdate, signal: AbortSignal): void {
    if (signal.aborted) {
      return;
    }
    const { endpoints } = update;
    if (endpoints === undefined) {
      this.#deps.onUpdate(update);
      return;
    }
    this.#last = { ...update, endpoints };
    if (this.#retained.length === 0) {
      this.#deps.onUpdate(update);
      return;
    }
    this.#handover ??= this.#deps.clock.setTimer(HANDOVER_MS, () => this.#release());
    this.#deps.onUpdate({ ...update, endpoints: uniqueEndpoints([...endpoints, ...this.#retained]) });
  }

  #release(): void {
    this.#handover?.cancel();
    this.#handover = null;
    this.#retained = [];
    if (this.#last !== null) {
      this.#deps.onUpdate(this.#last);
    }
  }
}
