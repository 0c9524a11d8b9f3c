import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';

/** Larger files are no resolv.conf and no hosts file that somebody wrote. Octets. */
const MAX_FILE_BYTES = 1_048_576;
/** As glibc has it (resolv.conf(5)). */
const DEFAULT_NDOTS = 1;
const MAX_NDOTS = 15;
/** Search domains that are tried: glibc has no limit, but each one costs a look-up. */
const MAX_SEARCH_DOMAINS = 32;

/** What of resolv.conf concerns names: the servers are read by c-ares itself. */
export interface SearchOptions {
  /** Domains that are appended to names without a closing dot, in order. */
  readonly domains: readonly string[];
  /** A name with so many dots is tried as it stands before the domains. */
  readonly ndots: number;
}

/** Parses resolv.conf (resolv.conf(5)): the last `search` or `domain` counts, and of `options` the `ndots`. Anything else is passed over. */
export function parseResolvConf(text: string): SearchOptions {
  let domains: readonly string[] = [];
  let ndots = DEFAULT_NDOTS;
  for (const line of text.split('\n')) {
    const [word = '', ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (word === 'search' || word === 'domain') {
      domains = values
        .map((value) => value.replace(/\.$/, ''))
        .filter((value) => value !== '')
        .slice(0, MAX_SEARCH_DOMAINS);
    } else if (word === 'options') {
      const digits = values.map((value) => /^ndots:(\d{1,3})$/.exec(value)?.[1]).find((value) => value !== undefined);
      ndots = digits === undefined ? ndots : Math.min(Number(digits), MAX_NDOTS);
    }
  }
  return { domains, ndots };
}

/** The names to look up for a name, in order, each complete: as it stands if it has a closing dot, else by the search list. */
export function candidatesOf(name: string, { domains, ndots }: SearchOptions): readonly string[] {
  if (name.endsWith('.')) {
    return [name.slice(0, -1)];
  }
  const searched = domains.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}

/** The addresses of a name in a hosts file (hosts(5)), in order; names are compared without regard to capitals. */
export function findInHosts(text: string, name: string): readonly string[] {
  const wanted = name.toLowerCase();
  const addresses: string[] = [];
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
    if (isIP(address) !== 0 && names.some((each) => each.toLowerCase() === wanted)) {
      addresses.push(address);
    }
  }
  return [...new Set(addresses)];
}

/** The text of a system file; empty where there is none, it cannot be read, or it is too large to be one. */
export async function readSystemFile(path: string): Promise<string> {
  try {
    return (await stat(path)).size > MAX_FILE_BYTES ? '' : await readFile(path, 'utf8');
  } catch {
    return '';
  }
}
