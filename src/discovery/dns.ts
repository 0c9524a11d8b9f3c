import { formatAddress, parseAddress } from '../model/address.ts';
import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { createEndpoint, uniqueEndpoints } from '../model/endpoint.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { Discovery } from './discovery.ts';
import type { AddressRecord, QueryResult } from './dns-client.ts';
import type { AddressFamily, HostLookup } from './host-lookup.ts';
import { Refresh } from './refresh.ts';

/** What is looked up, and how often. */
export interface DnsDiscoveryOptions {
  /** A name; a closing dot keeps the search list and the hosts file out. */
  readonly host: string;
  /** The port of every endpoint. */
  readonly port: number;
  /** The longest pause between two look-ups. Milliseconds, 1 000 or more, default 5 000. Envoy: `dns_refresh_rate`. */
  readonly refreshIntervalMs: number;
  /** Default `auto`. */
  readonly family: AddressFamily;
  /** The name that endpoints are known by, where it is not the one that is looked up. Default `host`. */
  readonly knownAs?: string;
}

export interface DnsDiscoveryDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly lookup: HostLookup;
}

/** Addresses of one name; an answer over TCP has room for some four thousand. */
export const MAX_ADDRESSES = 8192;

/** The addresses of one name, looked up again and again. */
export class DnsDiscovery implements Discovery {
  readonly #options: DnsDiscoveryOptions;
  readonly #deps: DnsDiscoveryDeps;
  readonly #refresh: Refresh;
  /** Whether the last good set had IPv6 addresses. */
  #hasV6 = false;

  constructor(options: DnsDiscoveryOptions, deps: DnsDiscoveryDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#refresh = new Refresh(options.refreshIntervalMs, deps.random);
  }

  async watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void> {
    const { host, family } = this.#options;
    while (!isOver(signal)) {
      const result = this.#keepV6(limit(await this.#deps.lookup.lookup(host, family, signal)));
      const update = isOver(signal) ? null : this.#toUpdate(result);
      if (update !== null) {
        onUpdate(update);
      }
      await this.#deps.clock.sleep(this.#refresh.pauseMs(ttlMsOf(result)), signal);
    }
  }

  /** A set of IPv6 addresses is not traded for one of IPv4 because a DNS server failed. */
  #keepV6(result: QueryResult): QueryResult {
    return result.kind === 'records' && result.v6Failure !== undefined && this.#hasV6
      ? { kind: 'failed', reason: `${result.v6Failure}, for AAAA records` }
      : result;
  }

  /** Null for the first empty answer, which says nothing yet. */
  #toUpdate(result: QueryResult): DiscoveryUpdate | null {
    this.#refresh.count(result.kind);
    switch (result.kind) {
      case 'records':
        this.#hasV6 = result.records.some(({ address }) => address.includes(':'));
        return { kind: 'endpoints', endpoints: uniqueEndpoints(result.records.map((record) => this.#toEndpoint(record))) };
      case 'failed':
        return { kind: 'failed', reason: `DNS look-up of ${this.#options.host}: ${result.reason}` };
      case 'empty':
        return this.#refresh.believesEmpty ? { kind: 'endpoints', endpoints: [] } : null;
    }
  }

  #toEndpoint({ address, otherAddress }: AddressRecord): Endpoint {
    const { host, port, knownAs } = this.#options;
    const name = knownAs ?? host;
    const written = { kind: 'tcp', host: address, port } as const;
    // Through the parser, so that an IPv6 address has one spelling whoever wrote it.
    const parsed = parseAddress(formatAddress(written));
    const plain = parsed.kind === 'address' && parsed.address.kind === 'tcp' ? parsed.address : written;
    return createEndpoint(
      otherAddress === undefined ? plain : { ...plain, otherHost: otherAddress },
      name.endsWith('.') ? name.slice(0, -1) : name,
    );
  }
}

/** A function, as the compiler takes the word of a property for ever. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

function limit(result: QueryResult): QueryResult {
  return result.kind === 'records' && result.records.length > MAX_ADDRESSES
    ? { kind: 'failed', reason: `more than ${MAX_ADDRESSES} addresses` }
    : result;
}

/** The shortest TTL of an answer. */
function ttlMsOf(result: QueryResult): number {
  return result.kind === 'records'
    ? result.records.reduce((least, { ttl }) => Math.min(least, ttl * 1000), Number.POSITIVE_INFINITY)
    : Number.POSITIVE_INFINITY;
}
