/** What the query of a health URL asks for. Names that mean nothing here are ignored: probes append what they like. */
export interface ProbeQuery {
  /** `?verbose`, whatever its value: the Kubernetes text. */
  readonly verbose: boolean;
  /** `?format=json`, whatever the Accept field says. */
  readonly json: boolean;
  /** `?exclude=NAME`, repeatable: members that do not count. */
  readonly excludes: ReadonlySet<string>;
  /** `?service=NAME`, the empty name included; null without it. */
  readonly service: string | null;
}

/** A query, or why it is refused in words for the body of a 400. */
export type ProbeQueryResult =
  | { readonly kind: 'query'; readonly query: ProbeQuery }
  | { readonly kind: 'invalid'; readonly message: string };

/** More names than one URL of sensible length can hold, and few enough that looking them up costs nothing. */
export const MAX_EXCLUDES = 64;

const NO_QUERY: ProbeQueryResult = {
  kind: 'query',
  query: { verbose: false, json: false, excludes: new Set(), service: null },
};

/**
 * Parses what follows the question mark, as browsers do: `+` is a space, and a percent sign that starts no octet stands
 * for itself. `service` given twice is refused, as an answer about one of two services would be mistaken for both.
 */
export function parseProbeQuery(text: string): ProbeQueryResult {
  if (text === '') {
    return NO_QUERY;
  }
  const parameters = new URLSearchParams(text);
  const services = parameters.getAll('service');
  if (services.length > 1) {
    return { kind: 'invalid', message: 'service is given more than once' };
  }
  const excludes = parameters.getAll('exclude');
  if (excludes.length > MAX_EXCLUDES) {
    return { kind: 'invalid', message: `exclude is given more than ${MAX_EXCLUDES} times` };
  }
  return {
    kind: 'query',
    query: {
      verbose: parameters.has('verbose'),
      json: parameters.get('format') === 'json',
      excludes: new Set(excludes),
      service: services[0] ?? null,
    },
  };
}
