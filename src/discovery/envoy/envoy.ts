import { type Address, formatAddress } from '../../model/address.ts';
import type { DiscoveryUpdate } from '../../model/discovery-update.ts';
import type { Endpoint } from '../../model/endpoint.ts';
import type { Clock } from '../../util/clock.ts';
import type { Random } from '../../util/random.ts';
import type { Discovery } from '../discovery.ts';
import { AdminClient } from './admin-client.ts';
import type { UnknownFlags } from './health-flags.ts';
import { mergeEndpoints, toEndpoints } from './host-endpoint.ts';
import { type PollOptions, type PollResult, pollEnvoy } from './poll.ts';

/** Which Envoy is asked, how, and what its words mean. */
export interface EnvoyDiscoveryOptions extends PollOptions {
  /** The admin interface, in cleartext. */
  readonly admin: Address;
  /** Exact names; or `all` that Envoy lists, or those that discovery has added to it (`dynamic`). */
  readonly clusters: readonly string[] | 'all' | 'dynamic';
  /** Pause between two polls. Milliseconds, default 2 000. */
  readonly pollIntervalMs: number;
  /** Added to every pause: uniform in [0, this). Milliseconds, default 200. */
  readonly jitterMs: number;
  /** Default `byPrefix`. */
  readonly unknownFlags: UnknownFlags;
}

export interface EnvoyDiscoveryDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** What asks the admin interface. Default `AdminClient`. */
  readonly createClient?: (admin: Address) => Pick<AdminClient, 'get' | 'close'>;
}

/** What is known of one cluster. */
interface KnownCluster {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
}

/**
 * The hosts of clusters of an Envoy with what it says of their health, by its `/clusters`. A poll that fails, and one that misses a
 * cluster, keeps the hosts of before, and tells with each how often in a row this was so.
 */
export class EnvoyDiscovery implements Discovery {
  readonly #options: EnvoyDiscoveryOptions;
  readonly #deps: EnvoyDiscoveryDeps;
  #known: ReadonlyMap<string, KnownCluster> = new Map();

  constructor(options: EnvoyDiscoveryOptions, deps: EnvoyDiscoveryDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void> {
    const { clock, random, createClient } = this.#deps;
    const { clusters, pollIntervalMs, jitterMs } = this.#options;
    const wanted = typeof clusters === 'string' ? () => true : (name: string) => clusters.includes(name);
    const client = createClient?.(this.#options.admin) ?? new AdminClient(this.#options.admin);
    try {
      while (!isOver(signal)) {
        const startedAt = clock.now();
        const result = await pollEnvoy(client, { options: this.#options, wanted, clock }, signal);
        if (!isOver(signal)) {
          onUpdate(this.#toUpdate(result, clock.now() - startedAt));
        }
        await clock.sleep(pollIntervalMs + random() * jitterMs, signal);
      }
    } finally {
      await client.close();
    }
  }

  #toUpdate(result: PollResult, pollMs: number): DiscoveryUpdate {
    if (result.kind === 'failed') {
      return this.#fail([...this.#known.keys()], result.reason, pollMs);
    }
    const { clusters, unknownFlags, requireLive } = this.#options;
    const chosen = clusters === 'dynamic' ? result.clusters.filter(({ addedViaApi }) => addedViaApi) : result.clusters;
    const report = {
      atMs: this.#deps.clock.wallNow(),
      pollMs,
      unknownFlags,
      serverState: result.serverState,
      requireLive,
    };
    const found = new Map(
      chosen.map((cluster) => [cluster.name, { name: cluster.name, endpoints: toEndpoints(cluster, report) }]),
    );
    const missing = typeof clusters === 'string' ? [] : clusters.filter((name) => !found.has(name));
    const kept = missing.flatMap((name) => this.#known.get(name) ?? []);
    this.#known = new Map([...found, ...kept.map((cluster) => [cluster.name, cluster] as const)]);
    if (missing.length > 0) {
      return this.#fail(missing, `Envoy lists no cluster ${missing.join(', ')}; one that is still warming is not listed`, pollMs);
    }
    return { kind: 'endpoints', endpoints: this.#endpoints() };
  }

  /** Counts one failure for the hosts of these clusters. */
  #fail(names: readonly string[], words: string, pollMs: number): DiscoveryUpdate {
    const failure = `Envoy at ${formatAddress(this.#options.admin)}: ${words}`;
    const failed = new Set(names);
    const count = (endpoint: Endpoint): Endpoint =>
      endpoint.reported === undefined
        ? endpoint
        : { ...endpoint, reported: { ...endpoint.reported, pollMs, failure, failedPolls: endpoint.reported.failedPolls + 1 } };
    this.#known = new Map(
      [...this.#known].map(([name, cluster]) => [
        name,
        failed.has(name) ? { name, endpoints: cluster.endpoints.map(count) } : cluster,
      ]),
    );
    return { kind: 'failed', reason: failure, ...(this.#known.size === 0 ? {} : { endpoints: this.#endpoints() }) };
  }

  #endpoints(): readonly Endpoint[] {
    return mergeEndpoints([...this.#known.values()].flatMap(({ endpoints }) => endpoints));
  }
}

/** A function, as the compiler takes the word of a property for ever. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}
