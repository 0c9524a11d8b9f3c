import type { OutlierView } from '../model/ejection.ts';
import type { EndpointTraffic } from '../model/endpoint-traffic.ts';
import { RESET_RESULT } from '../proxy/attempt-result.ts';
import { LocalReplies } from '../proxy/local-replies.ts';
import { createEjections, type Ejections } from '../upstream/ejections.ts';
import type { SubsetOptions } from '../upstream/endpoint-choice.ts';
import type { UpstreamEndpointState } from '../upstream/options.ts';
import { RequestHash } from '../upstream/request-hash.ts';
import { type ConnectFailure, NoConnectionReason } from '../upstream/stream-handler.ts';
import { UpstreamTls } from '../upstream/upstream-tls.ts';
import type { Clock } from '../util/clock.ts';
import type { ClientContext, EndpointClient } from './endpoint-client.ts';
import { EndpointSet } from './endpoint-set.ts';
import type { Acquired, ExchangeHome, HeldExchange, Http1Subset } from './exchange-home.ts';
import type { Http1ClusterOptions, Http1Dependencies, Http1PoolOptions } from './options.ts';

/** How long a request waits for a connection beyond connectTimeoutMs, so that a second endpoint may be tried. Milliseconds. */
const EXTRA_WAIT_MS = 3000;

/** HTTP/1.1 endpoints as one thread reaches them: which may be used, over which connections, and who waits for one. */
export class Http1Cluster implements ExchangeHome {
  readonly name: string;
  /** Makes `HeldExchange.hash`; null where the policy does not look at it. */
  readonly requestHash: RequestHash | null;
  readonly clock: Clock;
  readonly maxWaitMs: number;
  readonly contentTimeoutMs: number;
  /** Answers to HTTP/2 requests that fail. */
  readonly replies: LocalReplies = new LocalReplies();
  readonly #context: ClientContext;
  readonly #endpoints: EndpointSet;
  readonly #exchanges = new Set<HeldExchange>();
  /** In the order in which they came. */
  readonly #waiting = new Set<HeldExchange>();
  /** Those whose connection is still to be made. */
  readonly #starting = new Set<HeldExchange>();
  /** Null without outlier detection. */
  readonly #ejections: Ejections | null;
  #lastTrafficMs = Number.NEGATIVE_INFINITY;
  #closed: Promise<void> | null = null;

  /** Throws when the TLS material is unusable. */
  constructor(options: Http1ClusterOptions, dependencies: Http1Dependencies) {
    this.name = options.name;
    this.requestHash = options.hashOn.length === 0 ? null : new RequestHash(options.hashOn, dependencies.random);
    this.clock = dependencies.clock;
    this.maxWaitMs = options.connectTimeoutMs + EXTRA_WAIT_MS;
    this.contentTimeoutMs = options.timeouts.contentMs;
    this.#context = {
      options,
      limits: options.pool,
      dependencies,
      tls: options.tls === null ? null : new UpstreamTls(options.tls),
      leaving: new Set(),
    };
    this.#endpoints = new EndpointSet(this.#context);
    this.#ejections = createEjections(options, dependencies, (states) => this.#balance(states));
  }

  /** Requests under way, those that wait included. */
  get activeRequests(): number {
    return this.#exchanges.size;
  }

  /** Connections, and attempts to get one. */
  get connections(): number {
    return this.#endpoints.connections;
  }

  /** Requests that wait for a connection, or for one that is being made. */
  get pendingRequests(): number {
    return this.#waiting.size + this.#starting.size;
  }

  /** Of one endpoint, by its key; null if it has no connections and is not listed. */
  trafficOf(key: string): EndpointTraffic | null {
    return this.#endpoints.trafficOf(key);
  }

  /** What outlier detection knows; null without it. */
  get outliers(): OutlierView | null {
    return this.#ejections?.view ?? null;
  }

  /** Whether health is ignored, as too few endpoints are healthy. */
  get isPanic(): boolean {
    return this.#endpoints.isPanic;
  }

  /** When a request last came; -Infinity for never. Clock.now(). */
  get lastTrafficMs(): number {
    return this.#lastTrafficMs;
  }

  /**
   * Takes a new set of endpoints, or news of their health. Survivors keep their connections. An endpoint that is gone or must not get requests
   * any more gets no new ones; those under way finish.
   */
  update(states: readonly UpstreamEndpointState[]): void {
    if (this.#closed !== null) {
      return;
    }
    this.#ejections?.update(states);
    this.#balance(this.#ejections?.states ?? states);
  }

  /** A health check of an endpoint has passed, and it is healthy by checks: if it is ejected, it returns, and it is tried again if it could not be connected to. */
  onCheckPassed(key: string): void {
    this.#endpoints.get(key)?.onCheckPassed();
    this.#ejections?.onCheckPassed(key);
  }

  /** The endpoints that have these labels: the same object for the same labels until `retainSubsets` lets it go. */
  subset(options: SubsetOptions): Http1Subset {
    return this.#endpoints.subset(options);
  }

  /** Lets all other subsets go: requests that have begun go on with theirs. */
  retainSubsets(wanted: readonly SubsetOptions[]): void {
    this.#endpoints.retainSubsets(wanted);
  }

  /** New handshakes are made with this; nothing happens where endpoints are spoken to without TLS. */
  renewTls(tls: UpstreamTls): void {
    this.#context.tls?.become(tls);
  }

  /** New limits, for what is there as well; how long connections are kept is settled when they are opened. */
  changeLimits(limits: Http1PoolOptions): void {
    this.#context.limits = limits;
    this.#serveWaiting();
  }

  /** Ends every request with the answer that this process is leaving. Those that come later are served. */
  abandonAll(): void {
    for (const exchange of this.#exchanges) {
      exchange.abandon();
    }
  }

  /** Ends every request and connection; resolves when all sockets are gone. May be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  add(exchange: HeldExchange): void {
    this.#exchanges.add(exchange);
    this.#lastTrafficMs = this.clock.now();
  }

  acquire(exchange: HeldExchange): Acquired {
    this.#waiting.delete(exchange);
    const picked = this.#closed === null ? this.#endpoints.pick(exchange) : null;
    if (picked === null) {
      return { kind: 'none', reason: this.#reasonForNone(exchange) };
    }
    const { maxRequests, maxPendingRequests } = this.#context.limits;
    const source = this.#endpoints.sourceFor(picked, exchange);
    // This one is among the exchanges already.
    if (source !== null && this.#exchanges.size - this.#waiting.size > maxRequests) {
      return { kind: 'none', reason: NoConnectionReason.TOO_MANY_REQUESTS };
    }
    const idle = source?.takeIdle() ?? null;
    if (idle !== null) {
      return { kind: 'client', client: idle };
    }
    if (this.pendingRequests >= maxPendingRequests) {
      return { kind: 'none', reason: NoConnectionReason.QUEUE_FULL };
    }
    if (source === null) {
      this.#waiting.add(exchange);
      return { kind: 'wait' };
    }
    this.#starting.add(exchange);
    return { kind: 'client', client: source.open() };
  }

  onStarted(exchange: HeldExchange, client: EndpointClient): void {
    this.#starting.delete(exchange);
    this.#endpoints.get(client.endpoint.key)?.onConnected();
  }

  onConnectFailed(client: EndpointClient, failure: ConnectFailure): void {
    this.#endpoints.get(client.endpoint.key)?.onConnectFailed(failure);
    this.onResult(client, RESET_RESULT);
  }

  onResult(client: EndpointClient, httpStatus: number): void {
    this.#ejections?.resultsOf(client.endpoint.key)?.onResult(httpStatus);
  }

  give(client: EndpointClient): void {
    this.#endpoints.get(client.endpoint.key)?.give(client);
    this.#onPlaceFree(client);
  }

  discard(client: EndpointClient): void {
    this.#endpoints.get(client.endpoint.key)?.discard(client);
    this.#onPlaceFree(client);
  }

  remove(exchange: HeldExchange): void {
    this.#exchanges.delete(exchange);
    this.#waiting.delete(exchange);
    this.#starting.delete(exchange);
  }

  onDefect(error: Error): void {
    this.#context.dependencies.observer.onUpstreamDefect(this.name, error);
  }

  #balance(states: readonly UpstreamEndpointState[]): void {
    this.#endpoints.select(states);
    // Each is asked once: it may have to go on waiting, or hear that there is nobody left.
    for (const exchange of Array.from(this.#waiting)) {
      exchange.onPlace();
    }
  }

  #reasonForNone({ subset }: HeldExchange): NoConnectionReason {
    if (this.#closed !== null) {
      return NoConnectionReason.CLOSED;
    }
    return this.#endpoints.sizeOf(subset) > 0 ? NoConnectionReason.NO_HEALTHY_ENDPOINTS : NoConnectionReason.NO_ENDPOINTS;
  }

  #onPlaceFree(client: EndpointClient): void {
    this.#endpoints.forgetIfDone(client);
    this.#serveWaiting();
  }

  /** Each is asked once: it may be led to an endpoint where it has to wait on. */
  #serveWaiting(): void {
    for (let left = this.#waiting.size; left > 0 && this.#endpoints.hasPlace; left--) {
      const [first] = this.#waiting;
      first?.onPlace();
    }
  }

  async #close(): Promise<void> {
    this.#ejections?.close();
    this.abandonAll();
    this.#endpoints.close();
    await Promise.all(this.#context.leaving);
  }
}
