import type { BalancedEndpoint } from './balancer.ts';

/** The share of calls that an endpoint is to get, against those of the others; 1 where its source says nothing. Envoy: `load_balancing_weight`. */
export function weightOf({ endpoint }: BalancedEndpoint): number {
  return endpoint.weight ?? 1;
}

/** Whether no endpoint is to get more than another. */
export function haveOneWeight(endpoints: readonly BalancedEndpoint[]): boolean {
  const [first] = endpoints;
  return first === undefined || endpoints.every((each) => weightOf(each) === weightOf(first));
}
