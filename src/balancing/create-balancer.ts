import type { Random } from '../util/random.ts';
import type { BalancedEndpoint, Balancer } from './balancer.ts';
import { RoundRobin } from './round-robin.ts';

/** The policies that a cluster may be configured with. Envoy: `lb_policy`. */
export type PolicyName = 'roundRobin';

type Create = <T extends BalancedEndpoint>(random: Random) => Balancer<T>;

const POLICIES: Readonly<Record<PolicyName, Create>> = {
  roundRobin: (random) => new RoundRobin(random),
};

/** Makes the balancer of that name. `random` is for policies that leave something to chance. */
export function createBalancer<T extends BalancedEndpoint>(policy: PolicyName, random: Random): Balancer<T> {
  return POLICIES[policy]<T>(random);
}
