/** What a path names. `unknown` is no health URL; `malformed` has a percent sign that encodes nothing. */
export type HealthTarget =
  | { readonly kind: 'aggregate'; readonly path: string }
  | { readonly kind: 'healthzOnly' | 'live' | 'ready' | 'startup' | 'unknown' | 'malformed' }
  | { readonly kind: 'part'; readonly name: string }
  | { readonly kind: 'endpoint'; readonly cluster: string; readonly address: string };

/** A request target, cut at its question mark. */
export interface HealthUrl {
  readonly target: HealthTarget;
  /** Without the question mark; empty if there is none. */
  readonly query: string;
}

const HEALTHZ = '/healthz';
const PARTS_PREFIX = '/healthz/';
/** RFC 9112, section 3.2.2: a server accepts the absolute form. What stands before the path says nothing to us. */
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]+/i;
const UNKNOWN: HealthTarget = { kind: 'unknown' };
const MALFORMED: HealthTarget = { kind: 'malformed' };

/**
 * Maps request targets to what they name. Paths are compared exactly, a closing or doubled slash included, but without
 * regard to which characters are percent-encoded; an encoded slash never separates.
 */
export class HealthUrls {
  readonly #fixed: ReadonlyMap<string, HealthTarget>;

  /** @param paths the URLs of the aggregate, `health.paths`. They win over the fixed ones. */
  constructor(paths: readonly string[]) {
    const fixed = new Map<string, HealthTarget>([
      [HEALTHZ, { kind: 'healthzOnly' }],
      ['/livez', { kind: 'live' }],
      ['/readyz', { kind: 'ready' }],
      ['/startupz', { kind: 'startup' }],
    ]);
    for (const path of paths) {
      const target: HealthTarget = { kind: 'aggregate', path };
      fixed.set(path, target);
      fixed.set(canonicalize(path) ?? path, target);
    }
    this.#fixed = fixed;
  }

  /** @param url the request target as it was received: `:path`, or what stands on the request line. */
  parse(url: string): HealthUrl {
    const origin = url.startsWith('/') ? url : originForm(url);
    const mark = origin.indexOf('?');
    const path = mark < 0 ? origin : origin.slice(0, mark);
    return { target: this.#target(path), query: mark < 0 ? '' : origin.slice(mark + 1) };
  }

  #target(path: string): HealthTarget {
    const exact = this.#fixed.get(path);
    if (exact !== undefined) {
      return exact;
    }
    if (!path.includes('%')) {
      return path.startsWith(PARTS_PREFIX) ? parsePart(path.slice(PARTS_PREFIX.length)) : UNKNOWN;
    }
    const canonical = canonicalize(path);
    if (canonical === null) {
      return MALFORMED;
    }
    const equivalent = this.#fixed.get(canonical);
    if (equivalent !== undefined) {
      return equivalent;
    }
    return canonical.startsWith(PARTS_PREFIX) ? parsePart(canonical.slice(PARTS_PREFIX.length)) : UNKNOWN;
  }
}

/** The absolute form without scheme and authority, where an empty path is `/`; everything else as it is. */
function originForm(url: string): string {
  const prefix = ABSOLUTE_FORM.exec(url)?.[0];
  if (prefix === undefined) {
    return url;
  }
  const rest = url.slice(prefix.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** `NAME` or `CLUSTER/ADDRESS`, where the address may hold slashes: that of a unix socket is a path. */
function parsePart(rest: string): HealthTarget {
  const slash = rest.indexOf('/');
  const name = decode(slash < 0 ? rest : rest.slice(0, slash));
  const address = slash < 0 ? '' : decode(rest.slice(slash + 1));
  if (name === null || address === null) {
    return MALFORMED;
  }
  return slash < 0 ? { kind: 'part', name } : { kind: 'endpoint', cluster: name, address };
}

/** One spelling for all paths that differ in percent-encoding alone (RFC 3986, section 6.2.2); null for a broken one. */
function canonicalize(path: string): string | null {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    const decoded = decode(segment);
    if (decoded === null) {
      return null;
    }
    segments.push(encodeURIComponent(decoded));
  }
  return segments.join('/');
}

function decode(segment: string): string | null {
  if (!segment.includes('%')) {
    return segment;
  }
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
