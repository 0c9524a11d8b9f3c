import { type Static, Type } from 'typebox';
import { closed, textKey, wordKey } from '../keys.ts';

/** The words of the key `policy`. */
const POLICIES = ['roundRobin', 'leastRequest', 'random'] as const;

/** How calls are spread over the endpoints of a cluster. */
export type LoadBalancingPolicy = (typeof POLICIES)[number];

/** The key `loadBalancing` of a cluster. */
export const LoadBalancingSchema = Type.Object(
  {
    policy: wordKey(POLICIES, {
      description:
        'How calls are spread over the healthy endpoints. roundRobin: each in turn, by weight; Envoy: `ROUND_ROBIN`, gRPC: `round_robin`. leastRequest: the less busy of two that are drawn by chance or, where weights differ, each in turn by weight / (calls under way + 1); Envoy: `LEAST_REQUEST`, gRPC: `least_request_experimental`. random: any, regardless of weight; Envoy: `RANDOM`.',
      default: 'roundRobin',
    }),
    panicThreshold: textKey({
      description:
        'Below this share of healthy endpoints, calls go to all known ones, as most of the checks are then more likely wrong than right; 0% is never. The health answer never panics. Envoy: `healthy_panic_threshold`.',
      expects: 'a whole percentage from 0% to 100%',
      kind: 'percentage',
      default: '0%',
      pattern: '^(100|[1-9]?[0-9])%$',
    }),
  },
  closed({ description: 'Which endpoint gets a call.', default: {} }),
);

export interface LoadBalancingConfig {
  /** Default `roundRobin`. */
  readonly policy: LoadBalancingPolicy;
  /** A whole percentage as text, such as `50%`. Default `0%`. */
  readonly panicThreshold: string;
}

export function toLoadBalancingConfig(section: Static<typeof LoadBalancingSchema>): LoadBalancingConfig {
  return { policy: section.policy, panicThreshold: section.panicThreshold };
}
