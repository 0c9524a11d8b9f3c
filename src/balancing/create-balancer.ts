import type { Random } from '../util/random.ts';
import type { BalancedEndpoint, Balancer } from './balancer.ts';
import { LeastRequest } from './least-request.ts';
import { RandomChoice } from './random-choice.ts';
import { RingHash } from './ring-hash.ts';
import { RoundRobin } from './round-robin.ts';

type Create = <T extends BalancedEndpoint>(random: Random) => Balancer<T>;

/** The policies, by their names in the configuration: another one is a file, a line here and its word in the configuration. */
const POLICIES = {
  roundRobin: (random) => new RoundRobin(random),
  leastRequest: (random) => new LeastRequest(random),
  random: (random) => new RandomChoice(random),
  ringHash: () => new RingHash(),
} satisfies Readonly<Record<string, Create>>;

/** The policies that a cluster may be configured with. Envoy: `lb_policy`. */
export type PolicyName = keyof typeof POLICIES;

/** Makes the balancer of that name. `random` is for policies that leave something to chance. */
export function createBalancer<T extends BalancedEndpoint>(policy: PolicyName, random: Random): Balancer<T> {
  return POLICIES[policy]<T>(random);
}
