import { isIPv4, isIPv6 } from 'node:net';
import type { AddressRecord, DnsClient, QueryResult } from './dns-client.ts';
import { candidatesOf, findInHosts, parseResolvConf, readSystemFile } from './system-names.ts';

/**
 * Which addresses of a name count. `auto`: IPv6 if there are any, else IPv4; one address of each is one server that can be reached at both.
 * Envoy: `dns_lookup_family`.
 */
export type AddressFamily = 'auto' | 'all' | 'v4' | 'v6';

/** Looks a name up as programs on this machine do. */
export interface HostLookup {
  /** Ends when `signal` aborts; never rejects. */
  lookup(host: string, family: AddressFamily, signal: AbortSignal): Promise<QueryResult>;
}

export interface SystemFiles {
  /** Default `/etc/hosts`. */
  readonly hostsFile: string;
  /** Default `/etc/resolv.conf`. */
  readonly resolvConfFile: string;
}

export const DEFAULT_SYSTEM_FILES: SystemFiles = { hostsFile: '/etc/hosts', resolvConfFile: '/etc/resolv.conf' };

/** What a hosts file says is looked at again after this, like a record. Seconds. */
const HOSTS_TTL = 5;

const EMPTY: QueryResult = { kind: 'empty' };

/** Hosts file and search list for names without a closing dot, then DNS. */
export class SystemHostLookup implements HostLookup {
  readonly #client: DnsClient;
  readonly #files: SystemFiles;

  constructor(client: DnsClient, files: SystemFiles = DEFAULT_SYSTEM_FILES) {
    this.#client = client;
    this.#files = files;
  }

  async lookup(host: string, family: AddressFamily, signal: AbortSignal): Promise<QueryResult> {
    if (!host.endsWith('.')) {
      const addresses = findInHosts(await readSystemFile(this.#files.hostsFile), host);
      if (addresses.length > 0) {
        return choose(addresses.filter(isIPv6).map(fromHosts), addresses.filter(isIPv4).map(fromHosts), family);
      }
    }
    const search = parseResolvConf(await readSystemFile(this.#files.resolvConfFile));
    for (const name of candidatesOf(host, search)) {
      const result = await this.#query(name, family, signal);
      // Only a clear no leads on to the next domain: a failure may hide the right one.
      if (result.kind !== 'empty') {
        return result;
      }
    }
    return EMPTY;
  }

  async #query(name: string, family: AddressFamily, signal: AbortSignal): Promise<QueryResult> {
    const [v6, v4] = await Promise.all([
      family === 'v4' ? EMPTY : this.#client.query(name, 6, signal),
      family === 'v6' ? EMPTY : this.#client.query(name, 4, signal),
    ]);
    if (v6.kind === 'failed') {
      // Some DNS servers fail for every AAAA record: IPv4 alone has to do, unless IPv6 addresses are known (dns.ts).
      if (family === 'auto' && v4.kind === 'records') {
        return { ...v4, v6Failure: v6.reason };
      }
      // Otherwise the set would lack half of its addresses.
      return v6;
    }
    if (v4.kind === 'failed' && (family !== 'auto' || v6.kind === 'empty')) {
      return v4;
    }
    return choose(recordsOf(v6), recordsOf(v4), family);
  }
}

function choose(v6: readonly AddressRecord[], v4: readonly AddressRecord[], family: AddressFamily): QueryResult {
  const records = { v4, v6, all: [...v6, ...v4], auto: prefer(v6, v4) }[family];
  return records.length === 0 ? EMPTY : { kind: 'records', records };
}

/** Which of several addresses belong to one server, DNS does not tell: then those of IPv4 are left out. */
function prefer(v6: readonly AddressRecord[], v4: readonly AddressRecord[]): readonly AddressRecord[] {
  const [first] = v6;
  const [other] = v4;
  if (first === undefined || other === undefined || v6.length + v4.length > 2) {
    return first === undefined ? v4 : v6;
  }
  return [{ address: first.address, ttl: Math.min(first.ttl, other.ttl), otherAddress: other.address }];
}

function recordsOf(result: QueryResult): readonly AddressRecord[] {
  return result.kind === 'records' ? result.records : [];
}

function fromHosts(address: string): AddressRecord {
  return { address, ttl: HOSTS_TTL };
}
