import { formatAddress, parseAddress } from '../model/address.ts';
import type { DiscoveryUpdate } from '../model/discovery-update.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { createEndpoint, uniqueEndpoints } from '../model/endpoint.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { Discovery } from './discovery.ts';
import type { AddressRecord, QueryResult } from './dns-client.ts';
import type { AddressFamily, HostLookup } from './host-lookup.ts';

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
}

export interface DnsDiscoveryDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly lookup: HostLookup;
}

/** Addresses of one name; an answer over TCP has room for some four thousand. */
export const MAX_ADDRESSES = 8192;

/** The shortest pause, whatever the TTL; and the first one after a failure or an empty answer. Milliseconds. */
const MIN_PAUSE_MS = 1000;
/** By how much of itself a pause may be shortened, so that many bridges do not ask at the same moments. */
const JITTER = 0.1;
/** So many empty answers in a row are believed: DNS servers that have just started give some. */
const EMPTY_ANSWERS = 2;

/** The addresses of one name, looked up again and again. */
export class DnsDiscovery implements Discovery {
  readonly #options: DnsDiscoveryOptions;
  readonly #deps: DnsDiscoveryDeps;
  /** In a row. */
  #empty = 0;
  #failures = 0;
  /** Whether the last good set had IPv6 addresses. */
  #hasV6 = false;

  constructor(options: DnsDiscoveryOptions, deps: DnsDiscoveryDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async watch(onUpdate: (update: DiscoveryUpdate) => void, signal: AbortSignal): Promise<void> {
    const { host, family } = this.#options;
    while (!isOver(signal)) {
      const result = this.#keepV6(limit(await this.#deps.lookup.lookup(host, family, signal)));
      const update = isOver(signal) ? null : this.#toUpdate(result);
      if (update !== null) {
        onUpdate(update);
      }
      await this.#deps.clock.sleep(this.#pauseAfter(result), signal);
    }
  }

  /** A set of IPv6 addresses is not traded for one of IPv4 because a DNS server failed. */
  #keepV6(result: QueryResult): QueryResult {
    return result.kind === 'records' && result.v6Failure !== undefined && this.#hasV6
      ? { kind: 'failed', reason: `${result.v6Failure}, for AAAA records` }
      : result;
  }

  #count({ kind }: QueryResult): void {
    this.#empty = kind === 'empty' ? this.#empty + 1 : 0;
    this.#failures = kind === 'failed' ? this.#failures + 1 : 0;
  }

  /** Null for the first empty answer, which says nothing yet. */
  #toUpdate(result: QueryResult): DiscoveryUpdate | null {
    this.#count(result);
    switch (result.kind) {
      case 'records':
        this.#hasV6 = result.records.some(({ address }) => address.includes(':'));
        return { kind: 'endpoints', endpoints: uniqueEndpoints(result.records.map((record) => this.#toEndpoint(record))) };
      case 'failed':
        return { kind: 'failed', reason: `DNS look-up of ${this.#options.host}: ${result.reason}` };
      case 'empty':
        return this.#empty < EMPTY_ANSWERS ? null : { kind: 'endpoints', endpoints: [] };
    }
  }

  #toEndpoint({ address }: AddressRecord): Endpoint {
    const { host, port } = this.#options;
    // Through the parser, so that an IPv6 address has one spelling whoever wrote it.
    const parsed = parseAddress(formatAddress({ kind: 'tcp', host: address, port }));
    return createEndpoint(
      parsed.kind === 'address' ? parsed.address : { kind: 'tcp', host: address, port },
      host.endsWith('.') ? host.slice(0, -1) : host,
    );
  }

  #pauseAfter(result: QueryResult): number {
    const { refreshIntervalMs } = this.#options;
    const wantedMs = result.kind === 'records' ? leastTtlMs(result.records) : this.#retryMs(result);
    const pauseMs = Math.max(MIN_PAUSE_MS, Math.min(wantedMs, refreshIntervalMs));
    return Math.max(MIN_PAUSE_MS, pauseMs * (1 - JITTER * this.#deps.random()));
  }

  #retryMs({ kind }: QueryResult): number {
    const inARow = kind === 'failed' ? this.#failures : this.#empty;
    return MIN_PAUSE_MS * 2 ** Math.min(inARow - 1, 20);
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

function leastTtlMs(records: readonly AddressRecord[]): number {
  return records.reduce((least, { ttl }) => Math.min(least, ttl * 1000), Number.POSITIVE_INFINITY);
}
