import { BADRESP, CANCELLED, FORMERR, NODATA, NOTFOUND, NOTIMP, promises, REFUSED, SERVFAIL, TIMEOUT } from 'node:dns';
import { toError } from '../errors.ts';
import { type Address, formatAddress } from '../model/address.ts';

/** One record of an answer. */
export interface AddressRecord {
  /** IP literal. */
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
  /** The other address of the name, where it has one of either family. IP literal. */
  readonly otherAddress?: string;
}

/** `empty`: there is no such name, or no such record. `failed`: nobody can tell now; `reason` is words for an operator. */
export type QueryResult =
  | {
      readonly kind: 'records';
      readonly records: readonly AddressRecord[];
      /** With `family: auto`, why nobody can tell whether there are IPv6 addresses besides these of IPv4. */
      readonly v6Failure?: string;
    }
  | { readonly kind: 'empty' }
  | { readonly kind: 'failed'; readonly reason: string };

/** Asks DNS servers for the addresses of one complete name. */
export interface DnsClient {
  /** Ends when `signal` aborts, with `failed`; never rejects. */
  query(name: string, family: 4 | 6, signal: AbortSignal): Promise<QueryResult>;
}

/** One SRV record (RFC 2782). */
export interface SrvRecord {
  /** A complete name without its closing dot; empty is the root, which stands for "no such service". */
  readonly name: string;
  readonly port: number;
  /** The lower number comes first. */
  readonly priority: number;
  /** From 0 to 65 535: its share among those of its priority. */
  readonly weight: number;
}

/** As `QueryResult`. c-ares, as Node brings it, does not tell how long SRV records hold. */
export type SrvResult = { readonly kind: 'records'; readonly records: readonly SrvRecord[] } | NoRecords;

/** Asks DNS servers where one complete name's service is. */
export interface SrvClient {
  /** Ends when `signal` aborts, with `failed`; never rejects. */
  querySrv(name: string, signal: AbortSignal): Promise<SrvResult>;
}

type NoRecords = Exclude<QueryResult, { readonly kind: 'records' }>;
type Answer<Value> = { readonly kind: 'records'; readonly records: readonly Value[] } | NoRecords;
/** Asks one kind of question; an answer may be without records. */
type Ask<Value> = (resolver: promises.Resolver) => Promise<readonly Value[]>;

/** One server may take so long to answer; then the next is asked, all of them twice. Milliseconds. */
const QUERY_TIMEOUT_MS = 2000;
const TRIES = 2;
/** The whole of it, retries over TCP included. Milliseconds. */
const QUERY_DEADLINE_MS = 8000;

/** RFC 2181, section 8: a TTL with the highest bit set means 0. */
const MAX_TTL_S = 0x7fff_ffff;

const REASONS: Readonly<Record<string, string>> = {
  ESERVFAIL: 'the DNS server failed (SERVFAIL)',
  EREFUSED: 'the DNS server refused the query',
  EFORMERR: 'the DNS server did not understand the query (FORMERR)',
  ENOTIMP: 'the DNS server does not know this kind of query (NOTIMP)',
  ETIMEOUT: 'no answer from the DNS server in time',
  ECONNREFUSED: 'no DNS server listens at the address of the resolver',
  EBADRESP: 'the DNS server sent a malformed answer',
  EBADNAME: 'the name is malformed',
};

/** What one server cannot answer, another may. Node keeps c-ares from asking it, as a time-out alone makes it do. */
const ASK_NEXT: ReadonlySet<string> = new Set([SERVFAIL, REFUSED, FORMERR, NOTIMP, BADRESP]);

/**
 * c-ares, as Node brings it: it goes on to the next server when one is silent, retries over TCP where an answer is cut, checks
 * identifiers and sources of answers, and gives TTLs, of an alias too. It applies neither search list nor hosts file
 * (host-lookup.ts does).
 */
export class CaresClient implements DnsClient, SrvClient {
  readonly #servers: readonly string[];
  readonly #deadlineMs: number;

  /**
   * @param resolvers the servers to ask; none for those of the system, which are read anew with every query.
   * @param deadlineMs the whole of a query, retries and TCP included. Milliseconds, default 8 000.
   */
  constructor(resolvers: readonly Address[], deadlineMs: number = QUERY_DEADLINE_MS) {
    this.#servers = resolvers.map(formatAddress);
    this.#deadlineMs = deadlineMs;
  }

  async query(name: string, family: 4 | 6, signal: AbortSignal): Promise<QueryResult> {
    const result = await this.#askAll<AddressRecord>(
      (resolver) => (family === 4 ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true })),
      signal,
    );
    return result.kind === 'records' ? { kind: 'records', records: result.records.map(toRecord) } : result;
  }

  querySrv(name: string, signal: AbortSignal): Promise<SrvResult> {
    return this.#askAll<SrvRecord>((resolver) => resolver.resolveSrv(name), signal);
  }

  async #askAll<Value>(ask: Ask<Value>, signal: AbortSignal): Promise<Answer<Value>> {
    // One resolver for each query, so that ending one ends no other, and changes of resolv.conf are seen.
    const resolver = new promises.Resolver({ timeout: QUERY_TIMEOUT_MS, tries: TRIES });
    const servers = this.#servers.length > 0 ? this.#servers : resolver.getServers();
    const ended = AbortSignal.any([signal, AbortSignal.timeout(this.#deadlineMs)]);
    const cancel = (): void => resolver.cancel();
    ended.addEventListener('abort', cancel);
    try {
      let failure: Error | null = null;
      for (let skipped = 0; skipped < Math.max(1, servers.length) && !ended.aborted; skipped++) {
        try {
          return await askServers(resolver, servers.slice(skipped), ask);
        } catch (thrown) {
          // The first failure is the one of the server that counts most.
          failure ??= toError(thrown);
          if (!ASK_NEXT.has(codeOf(thrown))) {
            break;
          }
        }
      }
      return toResult(failure, servers, signal);
    } finally {
      ended.removeEventListener('abort', cancel);
    }
  }
}

async function askServers<Value>(
  resolver: promises.Resolver,
  servers: readonly string[],
  ask: Ask<Value>,
): Promise<Answer<Value>> {
  if (servers.length > 0) {
    resolver.setServers(servers);
  }
  try {
    const records = await ask(resolver);
    return records.length === 0 ? { kind: 'empty' } : { kind: 'records', records };
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === NOTFOUND || code === NODATA) {
      return { kind: 'empty' };
    }
    throw thrown;
  }
}

function toRecord({ address, ttl }: AddressRecord): AddressRecord {
  return { address, ttl: ttl > MAX_TTL_S ? 0 : ttl };
}

/** @param servers those that were asked: an operator has to know at which ones to look. */
function toResult(failure: Error | null, servers: readonly string[], signal: AbortSignal): NoRecords {
  if (failure === null || signal.aborted) {
    return { kind: 'failed', reason: 'the look-up was ended' };
  }
  const code = codeOf(failure);
  const reason = REASONS[code === CANCELLED ? TIMEOUT : code] ?? failure.message;
  return { kind: 'failed', reason: `${reason} (asked ${servers.join(', ')})` };
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}
