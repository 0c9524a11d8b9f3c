import type { Balancer } from '../balancing/balancer.ts';
import { type ChosenEndpoint, EndpointChoice, type SubsetOptions } from './endpoint-choice.ts';
import type { UpstreamEndpointState } from './options.ts';

/**
 * What calls to one cluster may choose among: all of it, and the subsets that routes name, which the configuration bounds. A subset keeps its
 * balancer for as long as routes name it.
 */
export class EndpointChoices<T extends ChosenEndpoint> {
  /** All endpoints. */
  readonly whole: EndpointChoice<T>;
  readonly #createBalancer: () => Balancer<T>;
  readonly #panicThresholdPercent: number;
  readonly #subsets = new Map<string, EndpointChoice<T>>();
  #states: readonly UpstreamEndpointState[] = [];

  constructor(createBalancer: () => Balancer<T>, panicThresholdPercent: number) {
    this.#createBalancer = createBalancer;
    this.#panicThresholdPercent = panicThresholdPercent;
    this.whole = new EndpointChoice(createBalancer(), null);
  }

  /** The keys that some choice may send calls to. */
  get keys(): ReadonlySet<string> {
    return this.#subsets.size === 0
      ? this.whole.keys
      : new Set([...this.whole.keys, ...[...this.#subsets.values()].flatMap(({ keys }) => [...keys])]);
  }

  /** The same object for the same labels and fallback, until `retain` lets it go. */
  subset(options: SubsetOptions): EndpointChoice<T> {
    const key = keyOf(options);
    const known = this.#subsets.get(key);
    if (known !== undefined) {
      return known;
    }
    const made = new EndpointChoice(this.#createBalancer(), options);
    made.select(this.#states, this.#panicThresholdPercent);
    this.#subsets.set(key, made);
    return made;
  }

  /** Lets every other subset go. */
  retain(wanted: readonly SubsetOptions[]): void {
    const keys = new Set(wanted.map(keyOf));
    for (const [key, choice] of this.#subsets) {
      if (!keys.has(key)) {
        choice.isRetired = true;
        choice.isStale = true;
        this.#subsets.delete(key);
      }
    }
  }

  /** Takes the endpoints of the cluster with what is known of their health. */
  select(states: readonly UpstreamEndpointState[]): void {
    this.#states = states;
    this.whole.select(states, this.#panicThresholdPercent);
    for (const choice of this.#subsets.values()) {
      choice.select(states, this.#panicThresholdPercent);
    }
  }

  /** No picker may be used as it is. */
  outdate(): void {
    this.whole.isStale = true;
    for (const choice of this.#subsets.values()) {
      choice.isStale = true;
    }
  }
}

function keyOf({ labels, fallback }: SubsetOptions): string {
  return JSON.stringify([fallback, ...Object.entries(labels).toSorted(([one], [other]) => (one < other ? -1 : 1))]);
}
