import { type Static, Type } from 'typebox';
import { closed, durationKey, nameKey, switchKey, textKey, toMs } from '../keys.ts';
import { MAX_HEADER_MATCHES, MAX_MATCH_LENGTH } from '../limits.ts';
import { listKey } from '../lists.ts';
import { type Finding, withRule } from '../rules.ts';
import { type RetryConfig, RetrySchema, toRetryConfig } from './retry.ts';
import { type RouteClusterConfig, RouteClustersSchema, toRouteClusters } from './route-clusters.ts';

const HeaderMatchShape = Type.Object(
  {
    name: textKey({
      description: 'Name of a header field, in small letters; pseudo-header fields have keys of their own.',
      expects: 'a header name in small letters',
      kind: 'header name',
      // RFC 9113, section 8.2.1: tokens without capitals.
      pattern: "^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$",
    }),
    exact: Type.Optional(valueKey('The whole value. Envoy: `string_match.exact`.')),
    prefix: Type.Optional(valueKey('What the value begins with. Envoy: `string_match.prefix`.')),
    present: Type.Optional(
      switchKey({ description: 'true: there must be such a field. Envoy: `present_match`.', defaultText: 'does not matter' }),
    ),
  },
  closed({ description: 'What one header field must be. A field that is there several times matches by any of its values.' }),
);

const HeaderMatchSchema = withRule(HeaderMatchShape, ({ exact, prefix, present }) => {
  const given = [exact, prefix, present].filter((value) => value !== undefined).length;
  if (given !== 1) {
    return [{ at: [], message: 'needs exactly one of exact, prefix and present' }];
  }
  return present === false ? [{ at: ['present'], message: 'must be true: routes are tried in order', got: present }] : [];
});

const RouteMatchShape = Type.Object(
  {
    prefix: Type.Optional(
      pathKey(
        'What the path begins with, compared octet by octet: /pkg.Service/ is one service. Envoy: `prefix`.',
        '/ unless path is given',
      ),
    ),
    path: Type.Optional(pathKey('The whole path, its query aside: /pkg.Service/Method. Envoy: `path`.', 'any')),
    authority: Type.Optional(
      textKey({
        description: '`:authority`, or Host over HTTP/1.1, without regard to capitals. Envoy: `domains` of a virtual host.',
        expects: 'a host, with a port if requests have one, of at most 255 characters',
        kind: 'host[:port]',
        defaultText: 'any',
        pattern: "^[A-Za-z0-9._~!$&'()*+,;=:%\\[\\]-]{1,255}$",
      }),
    ),
    headers: listKey(HeaderMatchSchema, {
      description: 'Header fields, all of which must match. Envoy: `headers`.',
      default: [],
      maxItems: MAX_HEADER_MATCHES,
    }),
  },
  closed({ description: 'Which requests the route is for: those for which everything given here holds.', default: {} }),
);

const RouteMatchSchema = withRule(RouteMatchShape, ({ prefix, path }) =>
  prefix === undefined || path === undefined ? [] : [{ at: ['path'], message: 'excludes prefix', got: path } satisfies Finding],
);

const RouteShape = Type.Object(
  {
    name: nameKey({ description: 'Unique; a label of metrics and logs, and what listeners list.' }),
    match: RouteMatchSchema,
    cluster: Type.Optional(
      nameKey({ description: 'Where the requests go. Envoy: `route.cluster`.', defaultText: 'clusters says where' }),
    ),
    clusters: Type.Optional(RouteClustersSchema),
    timeout: durationKey({
      description:
        'The longest from a request to the end of its response; 0s is none. With protocol http2, grpc-timeout is honoured besides. Envoy: `route.timeout`.',
      default: '0s',
      minimum: '0s',
      maximum: '24h',
    }),
    retry: RetrySchema,
  },
  closed({ description: 'Requests of one kind and the cluster they are forwarded to. The first route that matches wins.' }),
);

/** One entry of `routes`. */
export const RouteSchema = withRule(RouteShape, ({ cluster, clusters, timeout, retry: { perTryTimeout } }) => [
  ...((cluster === undefined) === (clusters === undefined)
    ? [{ at: [], message: 'needs exactly one of cluster and clusters' }]
    : []),
  ...(toMs(timeout) > 0 && toMs(perTryTimeout) >= toMs(timeout)
    ? [{ at: ['retry', 'perTryTimeout'], message: `has no effect with timeout: ${timeout}`, got: perTryTimeout }]
    : []),
]);

/** One condition on a header field. */
export type HeaderMatchConfig =
  | { readonly name: string; readonly kind: 'exact' | 'prefix'; readonly value: string }
  | { readonly name: string; readonly kind: 'present' };

/** What a request must be for a route. */
export interface RouteMatchConfig {
  readonly path: { readonly kind: 'prefix' | 'exact'; readonly value: string };
  /** In small letters; null is any. */
  readonly authority: string | null;
  readonly headers: readonly HeaderMatchConfig[];
}

/** A route. Lengths are milliseconds. */
export interface RouteConfig {
  /** Unique among the routes. */
  readonly name: string;
  readonly match: RouteMatchConfig;
  /** An existing cluster; absent where there are `clusters`. */
  readonly cluster?: string;
  /** At least one way; absent where there is `cluster`. */
  readonly clusters?: readonly RouteClusterConfig[];
  /** 0 is none. Default 0. */
  readonly timeoutMs: number;
  /** Null for none, the default. */
  readonly retry: RetryConfig | null;
}

export function toRouteConfig(section: Static<typeof RouteShape>): RouteConfig {
  const { prefix, path, authority, headers } = section.match;
  return {
    name: section.name,
    match: {
      path: path === undefined ? { kind: 'prefix', value: prefix ?? '/' } : { kind: 'exact', value: path },
      authority: authority === undefined ? null : authority.toLowerCase(),
      headers: headers.map(toHeaderMatchConfig),
    },
    ...(section.cluster === undefined ? {} : { cluster: section.cluster }),
    ...(section.clusters === undefined ? {} : { clusters: toRouteClusters(section.clusters) }),
    timeoutMs: toMs(section.timeout),
    retry: toRetryConfig(section.retry),
  };
}

function toHeaderMatchConfig({ name, exact, prefix }: Static<typeof HeaderMatchShape>): HeaderMatchConfig {
  if (exact !== undefined) {
    return { name, kind: 'exact', value: exact };
  }
  return prefix === undefined ? { name, kind: 'present' } : { name, kind: 'prefix', value: prefix };
}

function valueKey(description: string): Type.TString {
  return textKey({
    description,
    expects: `1 to ${MAX_MATCH_LENGTH} printable ASCII characters`,
    kind: 'text',
    pattern: `^[ -~]{1,${MAX_MATCH_LENGTH}}$`,
  });
}

function pathKey(description: string, defaultText: string): Type.TString {
  return textKey({
    description,
    defaultText,
    expects: `a path that begins with a slash, of at most ${MAX_MATCH_LENGTH} printable ASCII characters without space and question mark`,
    kind: 'path',
    pattern: `^/[!->@-~]{0,${MAX_MATCH_LENGTH - 1}}$`,
  });
}
