import { parseTextFlags } from './health-flags.ts';
import { parseTextAddress } from './host-address.ts';
import { type EnvoyCluster, type EnvoyHost, ListedClusters, ListingError, type ListingParser } from './listing.ts';
import { TextLines } from './text-lines.ts';

/** A host whose lines are still coming. */
interface HostDraft {
  /** What each of its lines begins with: cluster, `::`, address. */
  readonly prefix: string;
  readonly flags: readonly string[];
  readonly hostname: string;
  /** Of those in `ATTRIBUTES`. */
  readonly attributes: Map<string, string>;
  /** Of the kind that only the admin interface knows, which has no more attributes than its weight. */
  readonly isShort: boolean;
}

interface ClusterDraft {
  readonly name: string;
  addedViaApi: string | null;
  readonly hosts: EnvoyHost[];
  host: HostDraft | null;
}

const FLAGS = '::health_flags::';
const WEIGHT = '::weight::';
const HOSTNAME = '::hostname::';
const PRIORITY = '::priority::';
const ADDED_VIA_API = '::added_via_api::';
const MAX_CONNECTIONS = '::default_priority::max_connections::';
const MAX_PENDING = '::default_priority::max_pending_requests::';

/** What follows the flags of a host, a line each; all hosts of one answer have the same ones. */
const ATTRIBUTES: ReadonlySet<string> = new Set([
  'weight',
  'region',
  'zone',
  'sub_zone',
  'canary',
  'priority',
  'success_rate',
  'local_origin_success_rate',
]);
/** Lines whose value may be any text, so that what stands in it says nothing. */
const FREE_TEXTS: readonly string[] = [
  HOSTNAME,
  '::region::',
  '::zone::',
  '::sub_zone::',
  '::observability_name::',
  '::eds_service_name::',
];
const COUNT = /^\d{1,10}$/;

/**
 * Reads `GET /clusters`. Names, addresses and values may hold the separator, so that a line alone says little:
 *
 * - `C::default_priority::max_connections::N` followed by `C::default_priority::max_pending_requests::…` makes C the cluster;
 * - `P::health_flags::F` followed by `P::weight::…` is a host of it if P begins with `C::`, and the rest of P is its address;
 * - hosts that only the admin interface knows have weight before flags.
 *
 * Other lines are passed over, unless they look as if a line of a host had been damaged. A line feed in a hostname can forge lines
 * all the same: the JSON form cannot be deceived so.
 */
export class ClustersText implements ListingParser {
  readonly #wanted: (name: string) => boolean;
  readonly #listed = new ListedClusters();
  readonly #lines = new TextLines((line) => this.#onLine(line));
  #cluster: ClusterDraft | null = null;
  #previous = '';
  #beforePrevious = '';
  #isEmpty = true;
  /** How many attributes the hosts of this answer have; 0 before the first. */
  #attributes = 0;

  /** @param wanted which clusters are kept. */
  constructor(wanted: (name: string) => boolean) {
    this.#wanted = wanted;
  }

  push(octets: Buffer): void {
    this.#lines.push(octets);
  }

  end(): readonly EnvoyCluster[] {
    this.#lines.end();
    this.#endCluster();
    if (this.#cluster === null && !this.#isEmpty) {
      throw new ListingError('it is no list of clusters');
    }
    return this.#listed.all;
  }

  #onLine(line: string): void {
    this.#isEmpty &&= line.trim() === '';
    const name = clusterBegun(this.#previous, line);
    if (name !== null) {
      this.#endCluster();
      this.#cluster = { name, addedViaApi: null, hosts: [], host: null };
    } else if (this.#cluster !== null && line.startsWith(`${this.#cluster.name}::`)) {
      this.#onClusterLine(this.#cluster, line);
    }
    this.#beforePrevious = this.#previous;
    this.#previous = line;
  }

  #onClusterLine(cluster: ClusterDraft, line: string): void {
    const begun = this.#hostBegun(cluster, line);
    if (begun !== null) {
      this.#endHost(cluster);
      cluster.host = begun;
    }
    if (cluster.host !== null && line.startsWith(`${cluster.host.prefix}::`)) {
      addAttribute(cluster.host, line.slice(cluster.host.prefix.length + 2));
    } else if (line.startsWith(ADDED_VIA_API, cluster.name.length)) {
      cluster.addedViaApi ??= line.slice(cluster.name.length + ADDED_VIA_API.length);
    } else if (this.#isStray(cluster, line)) {
      throw new ListingError(`a host of the cluster ${cluster.name} has no health_flags before its other lines`);
    }
  }

  /** With `line` its weight, or the flags that end one of the short kind. */
  #hostBegun({ name }: ClusterDraft, line: string): HostDraft | null {
    const weighed = cutLast(line, WEIGHT);
    const flagged = cutLast(this.#previous, FLAGS);
    if (weighed !== null && flagged !== null && flagged.left === weighed.left && flagged.left.startsWith(`${name}::`)) {
      return draftHost(flagged.left, flagged.right, this.#beforePrevious);
    }
    const flags = cutLast(line, FLAGS);
    const weight = cutLast(this.#previous, WEIGHT);
    if (flags !== null && weight?.left === flags.left && this.#beforePrevious.startsWith(`${flags.left}${HOSTNAME}`)) {
      const host = draftHost(flags.left, flags.right, this.#beforePrevious);
      return { ...host, isShort: true, attributes: new Map([['weight', weight.right]]) };
    }
    return null;
  }

  /** Whether the line ends in the weight or the priority of a host that no flags came for, and none of the short kind begins. */
  #isStray({ host }: ClusterDraft, line: string): boolean {
    return [WEIGHT, PRIORITY].some((key) => {
      const cut = cutLast(line, key);
      return (
        cut !== null &&
        COUNT.test(cut.right) &&
        cut.left !== host?.prefix &&
        // The value of a free text may begin with the key, so that both share the separator.
        !FREE_TEXTS.some((text) => `${cut.left}::`.includes(text)) &&
        !(key === WEIGHT && this.#previous.startsWith(`${cut.left}${HOSTNAME}`))
      );
    });
  }

  #endHost(cluster: ClusterDraft): void {
    const { host, name } = cluster;
    cluster.host = null;
    if (host === null) {
      return;
    }
    if (!host.isShort) {
      this.#attributes ||= host.attributes.size;
      if (host.attributes.size !== this.#attributes || !host.attributes.has('success_rate')) {
        throw new ListingError(`the host ${host.prefix.slice(name.length + 2)} of the cluster ${name} is cut off`);
      }
    }
    if (this.#wanted(name)) {
      this.#listed.countHost();
      cluster.hosts.push(toHost(host, host.prefix.slice(name.length + 2)));
    }
  }

  #endCluster(): void {
    const cluster = this.#cluster;
    if (cluster === null) {
      return;
    }
    this.#endHost(cluster);
    const { name, addedViaApi, hosts } = cluster;
    if (addedViaApi !== 'true' && addedViaApi !== 'false') {
      throw new ListingError(`the cluster ${name} has no added_via_api of true or false`);
    }
    if (this.#wanted(name)) {
      this.#listed.add({ name, addedViaApi: addedViaApi === 'true', hosts });
    }
  }
}

function clusterBegun(previous: string, line: string): string | null {
  const connections = cutLast(previous, MAX_CONNECTIONS);
  return connections !== null && COUNT.test(connections.right) && line.startsWith(`${connections.left}${MAX_PENDING}`)
    ? connections.left
    : null;
}

function draftHost(prefix: string, flagsText: string, hostnameLine: string): HostDraft {
  const flags = parseTextFlags(flagsText);
  if (flags === null) {
    throw new ListingError(`${prefix} has health_flags that are not understood`);
  }
  const start = `${prefix}${HOSTNAME}`;
  const hostname = hostnameLine.startsWith(start) ? hostnameLine.slice(start.length) : '';
  return { prefix, flags, hostname, attributes: new Map(), isShort: false };
}

function addAttribute({ attributes }: HostDraft, rest: string): void {
  const end = rest.indexOf('::');
  const key = rest.slice(0, end);
  if (end > 0 && ATTRIBUTES.has(key) && !attributes.has(key)) {
    attributes.set(key, rest.slice(end + 2));
  }
}

function toHost({ flags, hostname, attributes }: HostDraft, addressText: string): EnvoyHost {
  const address = parseTextAddress(addressText);
  if (address === null) {
    throw new ListingError(`a host has the address ${addressText}, which is not known`);
  }
  const canary = attributes.get('canary') ?? 'false';
  if (canary !== 'true' && canary !== 'false') {
    throw new ListingError(`the host ${address.key} has a canary of neither true nor false`);
  }
  return {
    ...address,
    hostname,
    flags,
    weight: toCount(attributes.get('weight'), address.key),
    priority: toCount(attributes.get('priority') ?? '0', address.key),
    locality: {
      region: attributes.get('region') ?? '',
      zone: attributes.get('zone') ?? '',
      subZone: attributes.get('sub_zone') ?? '',
    },
    canary: canary === 'true',
  };
}

function toCount(text: string | undefined, host: string): number {
  if (text === undefined || !COUNT.test(text)) {
    throw new ListingError(`the host ${host} has a weight or a priority that is no whole number`);
  }
  return Number(text);
}

function cutLast(line: string, separator: string): { readonly left: string; readonly right: string } | null {
  const at = line.lastIndexOf(separator);
  return at < 0 ? null : { left: line.slice(0, at), right: line.slice(at + separator.length) };
}
