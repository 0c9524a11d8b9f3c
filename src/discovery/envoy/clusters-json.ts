import { parseJsonFlags } from './health-flags.ts';
import { fieldsOf, parseJsonAddress } from './host-address.ts';
import { JsonPieces } from './json-pieces.ts';
import { type EnvoyCluster, type EnvoyHost, ListedClusters, ListingError, type ListingParser } from './listing.ts';

/** Of one cluster; Envoy has nine. */
export const MAX_CLUSTER_FIELDS = 64;

/** A cluster whose fields are still coming. */
interface Draft {
  name: string | null;
  addedViaApi: boolean;
  hosts: EnvoyHost[];
  readonly seen: Set<string>;
}

/**
 * Reads `GET /clusters?format=json`: a `Clusters` message, in which every field may be absent and stands for its default then. What
 * does not fit refuses the whole answer.
 */
export class ClustersJson implements ListingParser {
  readonly #wanted: (name: string) => boolean;
  readonly #listed = new ListedClusters();
  readonly #pieces: JsonPieces;
  #draft: Draft = newDraft();
  #hasList = false;
  #rootFields = 0;

  /** @param wanted which clusters are kept. */
  constructor(wanted: (name: string) => boolean) {
    this.#wanted = wanted;
    this.#pieces = new JsonPieces({
      onCluster: () => {
        this.#draft = newDraft();
      },
      onField: (place, key, text) => this.#onField(place, key, parse(text)),
      wantsHosts: () => this.#draft.name === null || this.#wanted(this.#draft.name),
      onHost: (text) => this.#onHost(parse(text)),
      onList: (key) => this.#onList(key),
      onClusterEnd: () => this.#onClusterEnd(),
    });
  }

  push(octets: Buffer): void {
    this.#pieces.push(octets);
  }

  end(): readonly EnvoyCluster[] {
    this.#pieces.end();
    // Without clusters Envoy says `{}`.
    if (!this.#hasList && this.#rootFields > 0) {
      throw new ListingError('it is JSON without cluster_statuses');
    }
    return this.#listed.all;
  }

  #onField(place: 'root' | 'cluster', key: string, value: unknown): void {
    if (place === 'root') {
      this.#rootFields += 1;
      return;
    }
    this.#once(key);
    if (key === 'name') {
      this.#draft.name = expectText(value, 'the name of a cluster');
    } else if (key === 'added_via_api') {
      this.#draft.addedViaApi = value === true;
      if (typeof value !== 'boolean') {
        throw new ListingError('added_via_api is neither true nor false');
      }
    }
  }

  #onList(key: string): void {
    if (key === 'host_statuses') {
      this.#once(key);
    } else if (this.#hasList) {
      throw new ListingError('it has two lists of clusters');
    } else {
      this.#hasList = true;
    }
  }

  #once(key: string): void {
    if (this.#draft.seen.has(key)) {
      throw new ListingError(`a cluster has ${key} twice`);
    }
    if (this.#draft.seen.size === MAX_CLUSTER_FIELDS) {
      throw new ListingError(`a cluster has more than ${MAX_CLUSTER_FIELDS} fields`);
    }
    this.#draft.seen.add(key);
  }

  #onHost(value: unknown): void {
    this.#listed.countHost();
    this.#draft.hosts.push(toHost(fieldsOf(value)));
  }

  #onClusterEnd(): void {
    const { name, addedViaApi, hosts } = this.#draft;
    if (name === null || name === '') {
      throw new ListingError('a cluster has no name');
    }
    if (this.#wanted(name)) {
      this.#listed.add({ name, addedViaApi, hosts });
    }
  }
}

function newDraft(): Draft {
  return { name: null, addedViaApi: false, hosts: [], seen: new Set() };
}

function toHost(host: Readonly<Record<string, unknown>>): EnvoyHost {
  const address = parseJsonAddress(host['address']);
  if (address === null) {
    throw new ListingError('a host has an address that is not known');
  }
  const flags = parseJsonFlags(host['health_status']);
  if (flags === null) {
    throw new ListingError(`the host ${address.key} has a health_status that is not understood`);
  }
  const { region, zone, sub_zone: subZone } = fieldsOf(host['locality']);
  return {
    ...address,
    hostname: expectText(host['hostname'], 'a hostname'),
    flags,
    weight: expectCount(host['weight']),
    priority: expectCount(host['priority']),
    locality: {
      region: expectText(region, 'a region'),
      zone: expectText(zone, 'a zone'),
      subZone: expectText(subZone, 'a sub_zone'),
    },
    canary: null,
  };
}

/** Protobuf leaves out what is empty, or writes null for it. */
function expectText(value: unknown, what: string): string {
  const text = value ?? '';
  if (typeof text !== 'string') {
    throw new ListingError(`${what} is no text`);
  }
  return text;
}

function expectCount(value: unknown): number {
  const count = value ?? 0;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0) {
    throw new ListingError('a weight or a priority is no whole number');
  }
  return count;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ListingError('it is no JSON');
  }
}
