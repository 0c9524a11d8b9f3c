import type { PickResult } from '../balancing/balancer.ts';
import { createBalancer } from '../balancing/create-balancer.ts';
import type { EndpointTraffic } from '../model/endpoint-traffic.ts';
import type { SubsetOptions } from './endpoint-choice.ts';
import { EndpointChoices } from './endpoint-choices.ts';
import { EndpointPool } from './endpoint-pool.ts';
import type { UpstreamEndpointState } from './options.ts';
import type { PoolContext } from './pool-context.ts';
import { type AttemptResults, type ClusterSubset, NoConnectionReason, type StreamWaiter } from './stream-handler.ts';

/** Connections that are opened at once without a call that needs them: a thousand TLS handshakes would hold up everything else. */
const MAX_PRECONNECTS = 16;

/** The endpoints of a cluster with their connections: which of them may be used, and which one a call is led to. Who waits is the cluster's matter. */
export class EndpointPools {
  readonly #context: PoolContext;
  /** All endpoints, and the subsets that routes name. */
  readonly #choices: EndpointChoices<EndpointPool>;
  /** By endpoint key; those of endpoints that are gone stay until their last stream has ended. */
  readonly #pools = new Map<string, EndpointPool>();
  /** Keys of the endpoints that the last update named. */
  #listed: ReadonlySet<string> = new Set();

  constructor(context: PoolContext) {
    const { policy, panicThresholdPercent } = context.options;
    this.#context = context;
    this.#choices = new EndpointChoices(() => createBalancer(policy, context.dependencies.random), panicThresholdPercent);
  }

  /** Calls under way. */
  get liveStreams(): number {
    return this.#sum((pool) => pool.liveStreams);
  }

  /** Open sockets, those that are ending included. */
  get connections(): number {
    return this.#sum((pool) => pool.connections);
  }

  /** Attempts to connect that are under way. */
  get connecting(): number {
    return this.#sum((pool) => pool.connecting);
  }

  /** Whether health is ignored, as too few endpoints are healthy. */
  get isPanic(): boolean {
    return this.#choices.whole.isPanic;
  }

  /** All of them; they may go while this is read. */
  values(): Iterable<EndpointPool> {
    return this.#pools.values();
  }

  /** That of one endpoint, by its key; undefined if it has no connections and is not listed. */
  get(key: string): EndpointPool | undefined {
    return this.#pools.get(key);
  }

  /** What goes to one endpoint, by its key; null as for `get`. */
  trafficOf(key: string): EndpointTraffic | null {
    const pool = this.#pools.get(key);
    return pool === undefined ? null : { connections: pool.connections, activeRequests: pool.liveStreams };
  }

  /** The endpoints that have these labels: the same object for the same labels until `retainSubsets` lets it go. */
  subset(options: SubsetOptions): ClusterSubset {
    return this.#choices.subset(options);
  }

  /** Lets all other subsets go: calls that have begun go on with theirs. */
  retainSubsets(wanted: readonly SubsetOptions[]): void {
    this.#choices.retain(wanted);
  }

  /** Takes the endpoints that there are; `select` follows. `resultsOf`: where results of an endpoint are counted, by its key. */
  list(endpoints: readonly UpstreamEndpointState[], resultsOf: (key: string) => AttemptResults | null): void {
    this.#listed = new Set(endpoints.map(({ endpoint }) => endpoint.key));
    for (const { endpoint } of endpoints) {
      const pool = this.#pools.get(endpoint.key) ?? new EndpointPool(endpoint, this.#context);
      pool.endpoint = endpoint;
      pool.results = resultsOf(endpoint.key);
      this.#pools.set(endpoint.key, pool);
    }
  }

  /** Takes what is known of their health. */
  select(states: readonly UpstreamEndpointState[]): void {
    this.#choices.select(states);
    this.#setEligible(this.#choices.keys);
  }

  /** There are no endpoints any more, and none gets calls. */
  clear(): void {
    this.#listed = new Set();
    this.#setEligible(new Set());
  }

  /** What may be picked has changed. */
  outdate(): void {
    this.#choices.outdate();
  }

  /** The next call's endpoint. The data path: no garbage while nothing has changed. */
  pick(waiter: StreamWaiter): PickResult<EndpointPool> {
    return this.#freshChoice(waiter).picker.pick(waiter);
  }

  /** One that is not among these keys, for a call that was turned away; preferably not the excluded one. Null if there is none. */
  pickOther(waiter: StreamWaiter, tried: ReadonlySet<string>): EndpointPool | null {
    const { picker } = this.#freshChoice(waiter);
    const best = picker.pickAmong(waiter, ({ key }) => !tried.has(key) && key !== waiter.excluded?.key);
    const result = best.kind === 'picked' ? best : picker.pickAmong(waiter, ({ key }) => !tried.has(key));
    return result.kind === 'picked' ? result.picked : null;
  }

  /** One that may be tried for a call although it is left alone after failures; preferably not the excluded one. */
  toTry(waiter: StreamWaiter, nowMs: number): EndpointPool | undefined {
    const choice = this.#choiceOf(waiter);
    const pools = [...this.#pools.values()].filter((pool) => choice.has(pool.key) && pool.mayTry(nowMs));
    return pools.find(({ key }) => key !== waiter.excluded?.key) ?? pools[0];
  }

  /** Those that have a place now. */
  withPlace(): readonly EndpointPool[] {
    return [...this.#pools.values()].filter((pool) => pool.isPickable && pool.hasPlace);
  }

  /** Whether a call may go to an endpoint, by its key. */
  isFor(waiter: StreamWaiter, key: string): boolean {
    return this.#choiceOf(waiter).has(key);
  }

  /** Why no connection is to be had for a call. */
  reasonForNone(waiter: StreamWaiter): NoConnectionReason {
    const choice = this.#choiceOf(waiter);
    for (const pool of this.#pools.values()) {
      if (pool.isEligible && choice.has(pool.key)) {
        return pool.lastFailure;
      }
    }
    return choice.size === 0 ? NoConnectionReason.NO_ENDPOINTS : NoConnectionReason.NO_HEALTHY_ENDPOINTS;
  }

  /** What time has changed; those that are gone and empty go. `nowMs` is Clock.now(). */
  sweep(nowMs: number): void {
    for (const pool of this.#pools.values()) {
      pool.sweep(nowMs);
      if (pool.isEmpty && !this.#listed.has(pool.key)) {
        this.#pools.delete(pool.key);
      }
    }
  }

  /** Opens connections that are wanted without a call, a few at a time. */
  preconnect(): void {
    let budget = MAX_PRECONNECTS - this.connecting;
    for (const pool of this.#pools.values()) {
      if (budget <= 0) {
        return;
      }
      if (pool.isWanted && pool.preconnect()) {
        budget--;
      }
    }
  }

  #choiceOf({ subset }: StreamWaiter): ClusterSubset {
    return subset ?? this.#choices.whole;
  }

  #freshChoice(waiter: StreamWaiter): ClusterSubset {
    const choice = this.#choiceOf(waiter);
    if (choice.isStale) {
      this.#refresh(choice);
    }
    return choice;
  }

  /** Endpoints without a known fault; if there are none, those that are being tried again. */
  #refresh(choice: ClusterSubset): void {
    const pools = [...this.#pools.values()].filter(({ isEligible, key }) => isEligible && choice.has(key));
    const pickable = pools.filter(({ isPickable }) => isPickable);
    choice.use(pickable.length > 0 ? pickable : pools.filter(({ connecting }) => connecting > 0));
  }

  #setEligible(keys: ReadonlySet<string>): void {
    for (const pool of this.#pools.values()) {
      pool.setEligible(keys.has(pool.key));
    }
    this.#choices.outdate();
    for (const pool of this.#pools.values()) {
      if (!pool.isEligible && pool.waiting.size > 0) {
        this.#context.owner.onHopeless(pool);
      }
    }
  }

  #sum(numberOf: (pool: EndpointPool) => number): number {
    let sum = 0;
    for (const pool of this.#pools.values()) {
      sum += numberOf(pool);
    }
    return sum;
  }
}
