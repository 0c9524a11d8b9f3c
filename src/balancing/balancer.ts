import type { Endpoint } from '../model/endpoint.ts';

/** Something that can be picked: whatever the owner keeps for an endpoint. */
export interface BalancedEndpoint {
  readonly endpoint: Endpoint;
  /** Calls under way there, those that wait for a connection to it included. Read at each pick by leastRequest alone. */
  readonly activeRequests: number;
}

/** What a pick is for. */
export interface PickContext {
  /** Not to be picked if there is another; null for none. */
  readonly excluded: Endpoint | null;
  /** What the call has in common with those that should go where it goes. 32 bits, unsigned, 0 where nobody asks; for ringHash alone. */
  readonly hash: number;
}

/** What a pick found. */
export type PickResult<T extends BalancedEndpoint> =
  | { readonly kind: 'picked'; readonly picked: T }
  | { readonly kind: 'unavailable' };

/** A frozen choice of endpoints, to be replaced as a whole. */
export interface Picker<T extends BalancedEndpoint> {
  /** How many endpoints there are to pick. */
  readonly size: number;
  /** The next call's endpoint. It takes the same time however many there are, seen over many calls; makes no garbage, does no I/O. */
  pick(context: PickContext): PickResult<T>;
  /**
   * The endpoint of a call that some cannot serve: as `pick` would choose if there were only those that are accepted, whatever is excluded.
   * It may ask about each of them, some more than once, so it is for calls that were turned away.
   */
  pickAmong(context: PickContext, accepts: (candidate: T) => boolean): PickResult<T>;
}

/** A load balancing policy: keeps what has to survive a change of endpoints, and makes pickers. */
export interface Balancer<T extends BalancedEndpoint> {
  /** A picker of these endpoints, which the balancer may use but not change. Earlier pickers must not be used any more. */
  update(endpoints: readonly T[]): Picker<T>;
}
