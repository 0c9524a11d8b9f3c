import type { Address } from '../../model/address.ts';
import type { Locality } from '../../model/endpoint.ts';

/** One host of a cluster, as Envoy lists it. */
export interface EnvoyHost {
  readonly address: Address;
  /** Such as `10.0.0.1:80`, `[::1]:80`, `unix:/run/app.sock`, `unix:@name`, `envoy://listener/endpoint`. */
  readonly key: string;
  /** As configured, or the name that DNS knows the host by; often empty. */
  readonly hostname: string;
  /** Words of `health_flags` without the slash, in Envoy's order; none is healthy. */
  readonly flags: readonly string[];
  readonly weight: number;
  /** 0 is the highest. */
  readonly priority: number;
  readonly locality: Locality;
  /** Null in JSON, which does not tell. */
  readonly canary: boolean | null;
}

/** A cluster that Envoy lists: one that is not warming. */
export interface EnvoyCluster {
  readonly name: string;
  /** Whether discovery added it, rather than the bootstrap. */
  readonly addedViaApi: boolean;
  readonly hosts: readonly EnvoyHost[];
}

/** The clusters asked for, or why the octets are no whole answer of an Envoy. */
export type ListingResult =
  | { readonly kind: 'clusters'; readonly clusters: readonly EnvoyCluster[] }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Takes the octets of an answer as they come. Both methods throw `ListingError` alone. */
export interface ListingParser {
  push(octets: Buffer): void;
  end(): readonly EnvoyCluster[];
}

/** Of words about an answer, which may repeat what stands in it. Characters. */
export const MAX_LISTING_ERROR_LENGTH = 300;

/** Why an answer cannot be used: words for an operator. */
export class ListingError extends Error {
  constructor(words: string) {
    super(words.length <= MAX_LISTING_ERROR_LENGTH ? words : `${words.slice(0, MAX_LISTING_ERROR_LENGTH - 1)}…`);
  }
}

/** Clusters that are kept of one answer, and hosts of all of them. */
export const MAX_LISTED_CLUSTERS = 16_384;
export const MAX_LISTED_HOSTS = 16_384;

/** Collects what a parser finds, within the limits. */
export class ListedClusters {
  readonly #clusters = new Map<string, EnvoyCluster>();
  #hosts = 0;

  get all(): readonly EnvoyCluster[] {
    return [...this.#clusters.values()];
  }

  /** Counts one host that is about to be kept. */
  countHost(): void {
    this.#hosts += 1;
    if (this.#hosts > MAX_LISTED_HOSTS) {
      throw new ListingError(`it lists more than ${MAX_LISTED_HOSTS} hosts`);
    }
  }

  add(cluster: EnvoyCluster): void {
    if (this.#clusters.has(cluster.name)) {
      throw new ListingError(`it lists the cluster ${cluster.name} twice`);
    }
    if (this.#clusters.size === MAX_LISTED_CLUSTERS) {
      throw new ListingError(`it lists more than ${MAX_LISTED_CLUSTERS} clusters`);
    }
    this.#clusters.set(cluster.name, cluster);
  }
}

/** Feeds a parser and turns what it throws into a result. */
export class ListingReader {
  readonly #parser: ListingParser;
  #failure: string | null = null;

  constructor(parser: ListingParser) {
    this.#parser = parser;
  }

  /** Returns whether more is wanted: false after a failure. */
  push(octets: Buffer): boolean {
    this.#guard(() => this.#parser.push(octets));
    return this.#failure === null;
  }

  end(): ListingResult {
    const clusters = this.#guard(() => this.#parser.end()) ?? [];
    return this.#failure === null ? { kind: 'clusters', clusters } : { kind: 'invalid', reason: this.#failure };
  }

  #guard<Value>(run: () => Value): Value | null {
    if (this.#failure !== null) {
      return null;
    }
    try {
      return run();
    } catch (thrown) {
      if (!(thrown instanceof ListingError)) {
        throw thrown;
      }
      this.#failure = thrown.message;
      return null;
    }
  }
}
