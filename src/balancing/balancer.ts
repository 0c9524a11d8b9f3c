import type { Endpoint } from '../model/endpoint.ts';

/** Something that can be picked: whatever the owner keeps for an endpoint. */
export interface BalancedEndpoint {
  readonly endpoint: Endpoint;
}

/** What a pick is for. */
export interface PickContext {
  /** Not to be picked if there is another; null for none. */
  readonly excluded: Endpoint | null;
}

/** What a pick found. */
export type PickResult<T extends BalancedEndpoint> =
  | { readonly kind: 'picked'; readonly picked: T }
  | { readonly kind: 'unavailable' };

/** A frozen choice of endpoints, to be replaced as a whole. A pick takes constant time, makes no garbage and does no I/O. */
export interface Picker<T extends BalancedEndpoint> {
  /** How many endpoints there are to pick. */
  readonly size: number;
  pick(context: PickContext): PickResult<T>;
}

/** A load balancing policy: keeps what has to survive a change of endpoints, and makes pickers. */
export interface Balancer<T extends BalancedEndpoint> {
  /** A picker of these endpoints, which the balancer may use but not change. Earlier pickers must not be used any more. */
  update(endpoints: readonly T[]): Picker<T>;
}
