import { createBalancer } from '../balancing/create-balancer.ts';
import type { EndpointTraffic } from '../model/endpoint-traffic.ts';
import type { SubsetOptions } from '../upstream/endpoint-choice.ts';
import { EndpointChoices } from '../upstream/endpoint-choices.ts';
import type { UpstreamEndpointState } from '../upstream/options.ts';
import type { ClientContext, EndpointClient } from './endpoint-client.ts';
import { EndpointClients } from './endpoint-clients.ts';
import type { HeldExchange, Http1Subset } from './exchange-home.ts';

/** The endpoints of a cluster with their connections: which of them may be used, and which one a request gets. Who waits is the cluster's matter. */
export class EndpointSet {
  readonly #context: ClientContext;
  /** All endpoints, and the subsets that routes name. */
  readonly #choices: EndpointChoices<EndpointClients>;
  /** By endpoint key; those of endpoints that are gone stay until their last request has ended. */
  readonly #endpoints = new Map<string, EndpointClients>();

  constructor(context: ClientContext) {
    const { policy, panicThresholdPercent } = context.options;
    this.#context = context;
    this.#choices = new EndpointChoices(() => createBalancer(policy, context.dependencies.random), panicThresholdPercent);
  }

  /** Connections, and attempts to get one. */
  get connections(): number {
    let sum = 0;
    for (const { size } of this.#endpoints.values()) {
      sum += size;
    }
    return sum;
  }

  /** Whether health is ignored, as too few endpoints are healthy. */
  get isPanic(): boolean {
    return this.#choices.whole.isPanic;
  }

  /** Whether a request need not wait. */
  get hasPlace(): boolean {
    return (
      this.#hasRoom || [...this.#endpoints.values()].some(({ idle, isEligible, size }) => idle > 0 || (isEligible && size === 0))
    );
  }

  /** One endpoint, by its key; undefined if it has no connections and is not listed. */
  get(key: string): EndpointClients | undefined {
    return this.#endpoints.get(key);
  }

  /** What goes to one endpoint, by its key; null as for `get`. */
  trafficOf(key: string): EndpointTraffic | null {
    const clients = this.#endpoints.get(key);
    return clients === undefined ? null : { connections: clients.size, activeRequests: clients.activeRequests };
  }

  /** How many endpoints there are in that subset, healthy or not; null is all of the cluster. */
  sizeOf(subset: Http1Subset | null): number {
    return (subset ?? this.#choices.whole).size;
  }

  /** The endpoints that have these labels: the same object for the same labels until `retainSubsets` lets it go. */
  subset(options: SubsetOptions): Http1Subset {
    return this.#choices.subset(options);
  }

  /** Lets all other subsets go: requests that have begun go on with theirs. */
  retainSubsets(wanted: readonly SubsetOptions[]): void {
    this.#choices.retain(wanted);
  }

  /** Takes the endpoints with what is known of their health. Those that get no requests any more finish what they have. */
  select(states: readonly UpstreamEndpointState[]): void {
    this.#choices.select(states);
    const { keys } = this.#choices;
    const chosen = new Set(states.filter(({ endpoint }) => keys.has(endpoint.key)).map(({ endpoint }) => this.#hold(endpoint)));
    for (const [key, clients] of this.#endpoints) {
      if (chosen.has(clients)) {
        clients.isEligible = true;
      } else {
        clients.retire();
        this.#forgetIfEmpty(key, clients);
      }
    }
  }

  /** The policy's choice among those that have not failed lately; if there is none, among all that have not been tried. */
  pick(exchange: HeldExchange): EndpointClients | null {
    const { tried } = exchange;
    const choice = exchange.subset ?? this.#choices.whole;
    if (choice.isStale) {
      choice.use([...this.#endpoints.values()].filter(({ isEligible, key }) => isEligible && choice.has(key)));
    }
    const { picker } = choice;
    const nowMs = this.#context.dependencies.clock.now();
    const first = picker.pick(exchange);
    if (first.kind === 'unavailable' || (!tried.has(first.picked.key) && first.picked.isPromising(nowMs))) {
      return first.kind === 'picked' ? first.picked : null;
    }
    const better = picker.pickAmong(exchange, (each) => !tried.has(each.key) && each.isPromising(nowMs));
    const result = better.kind === 'picked' ? better : picker.pickAmong(exchange, ({ key }) => !tried.has(key));
    return result.kind === 'picked' ? result.picked : null;
  }

  /**
   * Where a request gets its connection: when no more can be made, one that has nothing to do, wherever in the subset it leads; if there is none,
   * the first of an endpoint, which is always allowed. Null if it has to wait.
   */
  sourceFor(picked: EndpointClients, { tried, subset }: HeldExchange): EndpointClients | null {
    if (picked.idle > 0 || this.#hasRoom) {
      return picked;
    }
    const choice = subset ?? this.#choices.whole;
    const all = [...this.#endpoints.values()].filter(({ key }) => choice.has(key));
    const idle = all.find((clients) => clients.idle > 0);
    const first =
      picked.size === 0 ? picked : all.find(({ isEligible, size, key }) => isEligible && size === 0 && !tried.has(key));
    return idle ?? first ?? null;
  }

  /** Lets the client's endpoint go if this was the last connection of one that is gone. */
  forgetIfDone({ endpoint: { key } }: EndpointClient): void {
    const clients = this.#endpoints.get(key);
    if (clients !== undefined && !clients.isEligible) {
      this.#forgetIfEmpty(key, clients);
    }
  }

  /** Ends every connection. */
  close(): void {
    for (const clients of this.#endpoints.values()) {
      clients.close();
    }
  }

  get #hasRoom(): boolean {
    return this.connections < this.#context.limits.maxConnections;
  }

  #hold(endpoint: UpstreamEndpointState['endpoint']): EndpointClients {
    const clients = this.#endpoints.get(endpoint.key) ?? new EndpointClients(endpoint, this.#context);
    clients.endpoint = endpoint;
    this.#endpoints.set(clients.key, clients);
    return clients;
  }

  #forgetIfEmpty(key: string, clients: EndpointClients): void {
    if (clients.size === 0) {
      this.#endpoints.delete(key);
    }
  }
}
