import { type Static, Type } from 'typebox';
import { closed, switchKey, textKey, wordKey } from '../keys.ts';
import { MAX_HASH_TERMS } from '../limits.ts';
import { listKey } from '../lists.ts';
import { withRule } from '../rules.ts';

/** The words of the key `policy`. */
const POLICIES = ['roundRobin', 'leastRequest', 'random', 'ringHash'] as const;

/** How calls are spread over the endpoints of a cluster. */
export type LoadBalancingPolicy = (typeof POLICIES)[number];

const HashTermShape = Type.Object(
  {
    header: Type.Optional(
      textKey({
        description:
          'The values of the header fields of that name, in small letters; `host` is `:authority` over HTTP/2. Envoy: `hash_policy.header`; gRPC: `request_hash_header` (A76).',
        expects: 'a header name in small letters',
        kind: 'header name',
        // RFC 9113, section 8.2.1: tokens without capitals.
        pattern: "^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$",
      }),
    ),
    path: Type.Optional(
      switchKey({
        description:
          'true: the path with its query, which is the method of a gRPC call. Envoy: `hash_policy.header` of `:path`; gRPC: no twin.',
        defaultText: 'does not matter',
      }),
    ),
    sourceAddress: Type.Optional(
      switchKey({
        description:
          'true: the IP address of the connection, which is that of the load balancer before the bridge if there is one. Envoy: `hash_policy.connection_properties.source_ip`; gRPC: `io.grpc.channel_id` (A42), which keeps each client to one endpoint as well.',
        defaultText: 'does not matter',
      }),
    ),
  },
  closed({ description: 'One thing that requests have in common. Exactly one key.' }),
);

const HashTermSchema = withRule(HashTermShape, (term) => {
  if (Object.keys(term).length !== 1) {
    return [{ at: [], message: 'needs exactly one of header, path and sourceAddress' }];
  }
  const key = term.path === false ? 'path' : 'sourceAddress';
  return term[key] === false ? [{ at: [key], message: 'must be true, or left out', got: false }] : [];
});

const LoadBalancingShape = Type.Object(
  {
    policy: wordKey(POLICIES, {
      description:
        'How calls are spread over the healthy endpoints. roundRobin: each in turn, by weight; Envoy: `ROUND_ROBIN`, gRPC: `round_robin`, without weights. leastRequest: the less busy of two that are drawn by chance or, where weights differ, each in turn by weight / (calls under way + 1); Envoy: `LEAST_REQUEST`, gRPC: `least_request_experimental`. random: any, regardless of weight; Envoy: `RANDOM`, gRPC: no twin. ringHash: calls that have hashOn in common go to one endpoint, and only those of an endpoint that leaves go elsewhere; Envoy: `RING_HASH`, gRPC: `ring_hash_experimental`.',
      default: 'roundRobin',
    }),
    hashOn: listKey(HashTermSchema, {
      description:
        'What the calls of one endpoint have in common, for policy: ringHash, which needs it: all of these together. A call that has none of them goes to any endpoint. Envoy: `hash_policy` of a route; gRPC: the same of xDS (A42).',
      default: [],
      maxItems: MAX_HASH_TERMS,
      uniqueBy: (term) => `${Object.keys(term).join()} ${term.header ?? ''}`.trimEnd(),
    }),
    panicThreshold: textKey({
      description:
        'Below this share of healthy endpoints, calls go to all known ones, as most of the checks are then more likely wrong than right; 0% is never. The health answer never panics. Envoy: `healthy_panic_threshold`; gRPC: no twin.',
      expects: 'a whole percentage from 0% to 100%',
      kind: 'percentage',
      default: '0%',
      pattern: '^(100|[1-9]?[0-9])%$',
    }),
  },
  closed({ description: 'Which endpoint gets a call.', default: {} }),
);

/** The key `loadBalancing` of a cluster. */
export const LoadBalancingSchema = withRule(LoadBalancingShape, ({ policy, hashOn }) => {
  if (policy === 'ringHash') {
    return hashOn.length > 0
      ? []
      : [{ at: ['hashOn'], message: 'is required with policy: ringHash: without it, random does the same' }];
  }
  return hashOn.length === 0 ? [] : [{ at: ['hashOn'], message: `has no effect with policy: ${policy}` }];
});

/** Something of a request that it is hashed by. */
export type HashTermConfig =
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'path' }
  | { readonly kind: 'sourceAddress' };

export interface LoadBalancingConfig {
  /** Default `roundRobin`. */
  readonly policy: LoadBalancingPolicy;
  /** One or more of policy ringHash, none of the others. */
  readonly hashOn: readonly HashTermConfig[];
  /** A whole percentage as text, such as `50%`. Default `0%`. */
  readonly panicThreshold: string;
}

export function toLoadBalancingConfig({
  policy,
  hashOn,
  panicThreshold,
}: Static<typeof LoadBalancingShape>): LoadBalancingConfig {
  return { policy, hashOn: hashOn.map(toHashTermConfig), panicThreshold };
}

function toHashTermConfig({ header, path }: Static<typeof HashTermShape>): HashTermConfig {
  if (header !== undefined) {
    return { kind: 'header', name: header };
  }
  return path === undefined ? { kind: 'sourceAddress' } : { kind: 'path' };
}
