import type { BalancedEndpoint, Balancer, Picker } from '../balancing/balancer.ts';
import { selectEndpoints } from '../balancing/panic.ts';
import { chooseLevel } from '../balancing/priority-levels.ts';
import type { Endpoint, Labels } from '../model/endpoint.ts';
import type { UpstreamEndpointState } from './options.ts';

/** The endpoints of a cluster that have these labels. Envoy: `metadata_match` of a route with `lb_subset_config` of its cluster. */
export interface SubsetOptions {
  /** All of them must be there, with these values; at least one. */
  readonly labels: Labels;
  /** Where calls go while no endpoint has the labels: nowhere, or to any. Default `none`. Envoy: `fallback_policy` NO_FALLBACK, ANY_ENDPOINT. */
  readonly fallback: 'none' | 'any';
}

/** What an owner keeps for an endpoint. */
export interface ChosenEndpoint extends BalancedEndpoint {
  readonly key: string;
}

/** What calls choose among: all endpoints of a cluster, or a subset of them. Health, levels and panic are looked at within it. */
export class EndpointChoice<T extends ChosenEndpoint> {
  /** To be used when it is not stale. */
  picker: Picker<T>;
  /** Whether `use` must be called before the picker is used. */
  isStale = true;
  /** Whether it is not told of changes any more: calls that began with it go on with it. */
  isRetired = false;
  readonly #balancer: Balancer<T>;
  readonly #subset: SubsetOptions | null;
  #keys: ReadonlySet<string> = new Set();
  #isPanic = false;
  #size = 0;

  /** @param subset null for all endpoints. */
  constructor(balancer: Balancer<T>, subset: SubsetOptions | null) {
    this.#balancer = balancer;
    this.#subset = subset;
    this.picker = balancer.update([]);
  }

  /** Keys of the endpoints that may get calls. */
  get keys(): ReadonlySet<string> {
    return this.#keys;
  }

  /** Whether health is ignored, as too few endpoints are healthy. */
  get isPanic(): boolean {
    return this.#isPanic;
  }

  /** How many endpoints there are, whatever their health. */
  get size(): number {
    return this.#size;
  }

  /** Whether an endpoint may get calls, by its key. */
  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Takes the endpoints of the cluster with what is known of their health. */
  select(states: readonly UpstreamEndpointState[], panicThresholdPercent: number): void {
    const members = this.#membersOf(states);
    const { endpoints, isPanic } = selectEndpoints(chooseLevel(members), panicThresholdPercent);
    this.#size = members.length;
    this.#isPanic = isPanic;
    this.#keys = new Set(endpoints.map(({ endpoint }) => endpoint.key));
    this.isStale = true;
  }

  /** From now on these are picked from. The policy keeps what it knows of those that stay. */
  use(endpoints: readonly T[]): void {
    this.picker = this.#balancer.update(endpoints);
    this.isStale = this.isRetired;
  }

  #membersOf(states: readonly UpstreamEndpointState[]): readonly UpstreamEndpointState[] {
    if (this.#subset === null) {
      return states;
    }
    const { labels, fallback } = this.#subset;
    const wanted = Object.entries(labels);
    const members = states.filter(({ endpoint }) => hasLabels(endpoint, wanted));
    return members.length === 0 && fallback === 'any' ? states : members;
  }
}

function hasLabels({ labels = {} }: Endpoint, wanted: readonly (readonly [string, string])[]): boolean {
  return wanted.every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value);
}
