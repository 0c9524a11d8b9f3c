import { NODATA, NOTFOUND, promises } from 'node:dns';
import { toError } from '../errors.ts';
import { type Address, formatAddress } from '../model/address.ts';

/** One record of an answer. */
export interface AddressRecord {
  /** IP literal. */
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
}

/** `empty`: there is no such name, or no such record. `failed`: nobody can tell now; `reason` is words for an operator. */
export type QueryResult =
  | { readonly kind: 'records'; readonly records: readonly AddressRecord[] }
  | { readonly kind: 'empty' }
  | { readonly kind: 'failed'; readonly reason: string };

/** Asks DNS servers for the addresses of one complete name. */
export interface DnsClient {
  /** Ends when `signal` aborts, with `failed`; never rejects. */
  query(name: string, family: 4 | 6, signal: AbortSignal): Promise<QueryResult>;
}

/** One server may take so long to answer; then the next is asked, all of them twice. Milliseconds. */
const QUERY_TIMEOUT_MS = 2000;
const TRIES = 2;
/** The whole of it, retries over TCP included. Milliseconds. */
const QUERY_DEADLINE_MS = 8000;

const REASONS: Readonly<Record<string, string>> = {
  ESERVFAIL: 'the DNS server failed (SERVFAIL)',
  EREFUSED: 'the DNS server refused the query',
  EFORMERR: 'the DNS server did not understand the query (FORMERR)',
  ENOTIMP: 'the DNS server does not know this kind of query (NOTIMP)',
  ETIMEOUT: 'no answer from the DNS server in time',
  ECONNREFUSED: 'no DNS server listens at the address of the resolver',
  EBADRESP: 'the DNS server sent a malformed answer',
  EBADNAME: 'the name is malformed',
  ECANCELLED: 'the look-up was ended',
};

/**
 * c-ares, as Node brings it: it asks several servers, retries over TCP where an answer is cut, checks identifiers and sources of answers,
 * and gives TTLs. It applies neither search list nor hosts file (host-lookup.ts does).
 */
export class CaresClient implements DnsClient {
  readonly #servers: readonly string[];

  /** @param resolvers the servers to ask; none for those of the system, which are read anew with every query. */
  constructor(resolvers: readonly Address[]) {
    this.#servers = resolvers.map(formatAddress);
  }

  async query(name: string, family: 4 | 6, signal: AbortSignal): Promise<QueryResult> {
    // One resolver for each query, so that ending one ends no other, and changes of resolv.conf are seen.
    const resolver = new promises.Resolver({ timeout: QUERY_TIMEOUT_MS, tries: TRIES });
    const ended = AbortSignal.any([signal, AbortSignal.timeout(QUERY_DEADLINE_MS)]);
    const cancel = (): void => resolver.cancel();
    ended.addEventListener('abort', cancel);
    try {
      if (this.#servers.length > 0) {
        resolver.setServers(this.#servers);
      }
      const pending = family === 4 ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true });
      if (ended.aborted) {
        resolver.cancel();
      }
      const records = await pending;
      return records.length === 0 ? { kind: 'empty' } : { kind: 'records', records };
    } catch (thrown) {
      return toResult(thrown);
    } finally {
      ended.removeEventListener('abort', cancel);
    }
  }
}

function toResult(thrown: unknown): QueryResult {
  const error = toError(thrown);
  const code = String(Reflect.get(error, 'code'));
  if (code === NOTFOUND || code === NODATA) {
    return { kind: 'empty' };
  }
  return { kind: 'failed', reason: REASONS[code] ?? error.message };
}
