import type { OutlierView } from '../model/ejection.ts';
import type { EndpointTraffic } from '../model/endpoint-traffic.ts';
import type { Ticker } from '../transport/turn.ts';
import { CircuitBreakers } from './circuit-breakers.ts';
import { createEjections, type Ejections } from './ejections.ts';
import type { SubsetOptions } from './endpoint-choice.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import { EndpointPools } from './endpoint-pools.ts';
import type { UpstreamClusterOptions, UpstreamDependencies, UpstreamEndpointState, UpstreamPoolOptions } from './options.ts';
import type { PoolContext, PoolOwner } from './pool-context.ts';
import { RequestHash } from './request-hash.ts';
import { RetryBudget } from './retry-budget.ts';
import { type ClusterSubset, NoConnectionReason, type StreamWaiter } from './stream-handler.ts';
import type { UpstreamConnection } from './upstream-connection.ts';
import { UpstreamTls } from './upstream-tls.ts';
import { type WaitEntry, WaitQueue } from './wait-queue.ts';

/** How long calls wait for a connection beyond connectTimeoutMs, so that a second endpoint may be tried. Milliseconds. */
const EXTRA_WAIT_MS = 3000;
/** How long a call waits for the endpoint that was picked while another has a place. Milliseconds; A61's delay between two addresses. */
const PATIENCE_MS = 250;
/** How often the pools are looked at while nobody waits. Milliseconds. */
const SWEEP_MS = 250;

/**
 * The endpoints of a cluster as one thread reaches them: which may be used, over which connections, and who waits for one. It holds no timer
 * of its own: Turn tells the time.
 */
export class UpstreamCluster implements Ticker, PoolOwner {
  readonly name: string;
  /** Attempts that follow others by the policy of a route. */
  readonly retries: RetryBudget;
  /** Makes `StreamWaiter.hash`; null where the policy does not look at it. */
  readonly requestHash: RequestHash | null;
  readonly #context: PoolContext;
  readonly #pools: EndpointPools;
  readonly #queue: WaitQueue;
  /** Null without outlier detection. */
  readonly #ejections: Ejections | null;
  #sweptAtMs: number;
  #lastTrafficMs = Number.NEGATIVE_INFINITY;
  /** Resolves when nothing is left; null until the end has begun. */
  #gone: PromiseWithResolvers<void> | null = null;

  /** Throws when the TLS material is unusable. */
  constructor(options: UpstreamClusterOptions, dependencies: UpstreamDependencies) {
    const { turn, clock, random } = dependencies;
    this.name = options.name;
    this.requestHash = options.hashOn.length === 0 ? null : new RequestHash(options.hashOn, random);
    const tls = options.tls === null ? null : new UpstreamTls(options.tls);
    this.#context = { options, dependencies, tls, breakers: new CircuitBreakers(options.pool), owner: this };
    this.#pools = new EndpointPools(this.#context);
    this.#queue = new WaitQueue({ turn, clock, breakers: this.#context.breakers });
    this.retries = new RetryBudget({ breakers: this.#context.breakers, waiting: this.#queue });
    this.#ejections = createEjections(options, dependencies, (states) => this.#pools.select(states));
    this.#sweptAtMs = clock.now();
    turn.add(this);
  }

  /** Calls under way. */
  get activeStreams(): number {
    return this.#pools.liveStreams;
  }

  /** Open sockets, those that are ending included. */
  get connections(): number {
    return this.#pools.connections;
  }

  /** Attempts to connect that are under way. */
  get connecting(): number {
    return this.#pools.connecting;
  }

  /** Calls that wait for a connection. */
  get pendingRequests(): number {
    return this.#queue.size;
  }

  /** What the limits have counted: connections, with those that are being made, and streams on them. */
  get taken(): { readonly connections: number; readonly requests: number } {
    const { connections, requests } = this.#context.breakers;
    return { connections, requests };
  }

  /** Of one endpoint, by its key; null if it has no connections and is not listed. */
  trafficOf(key: string): EndpointTraffic | null {
    return this.#pools.trafficOf(key);
  }

  /** What outlier detection knows; null without it. */
  get outliers(): OutlierView | null {
    return this.#ejections?.view ?? null;
  }

  /** Whether health is ignored, as too few endpoints are healthy. */
  get isPanic(): boolean {
    return this.#pools.isPanic;
  }

  /** When a connection was last asked for; -Infinity for never. Turn.nowMs, so late by a tick at most. */
  get lastTrafficMs(): number {
    return this.#lastTrafficMs;
  }

  /**
   * Takes a new set of endpoints, or news of their health. Survivors keep their connections. An endpoint that is gone or must not get calls
   * any more gets no new streams; those it has may finish, and then its connections are closed.
   */
  update(endpoints: readonly UpstreamEndpointState[]): void {
    if (this.#gone !== null) {
      return;
    }
    this.#ejections?.update(endpoints);
    this.#pools.list(endpoints, (key) => this.#ejections?.resultsOf(key) ?? null);
    this.#pools.select(this.#ejections?.states ?? endpoints);
    this.#pools.preconnect();
  }

  /** A health check of an endpoint has passed, and it is healthy by checks: if it is ejected, it returns, and it is tried again if it could not be connected to. */
  onCheckPassed(key: string): void {
    this.#pools.get(key)?.onCheckPassed();
    this.#ejections?.onCheckPassed(key);
  }

  /** The endpoints that have these labels, for `StreamWaiter.subset`: the same object for the same labels until `retainSubsets` lets it go. */
  subset(options: SubsetOptions): ClusterSubset {
    return this.#pools.subset(options);
  }

  /** Lets all other subsets go: calls that have begun go on with theirs. */
  retainSubsets(wanted: readonly SubsetOptions[]): void {
    this.#pools.retainSubsets(wanted);
  }

  /** New handshakes are made with this; nothing happens where endpoints are spoken to without TLS. */
  renewTls(tls: UpstreamTls): void {
    this.#context.tls?.become(tls);
  }

  /** New limits, for what is there as well; the age of a connection is settled when it is opened. */
  changeLimits(limits: UpstreamPoolOptions): void {
    this.#context.breakers.limits = limits;
  }

  /**
   * A connection with a place, at an endpoint picked for this call; the caller opens its stream at once. Null when there is none yet: the
   * waiter hears later, exactly once, and never from within this call.
   */
  acquire(waiter: StreamWaiter): UpstreamConnection | null {
    this.#lastTrafficMs = this.#context.dependencies.turn.nowMs;
    const result = this.#pools.pick(waiter);
    if (result.kind !== 'picked') {
      this.#tryFor(waiter);
      return null;
    }
    const connection = result.picked.take();
    if (connection === null) {
      const entry = this.#queue.add(waiter);
      if (entry !== null) {
        result.picked.wait(entry);
      }
    } else if (this.#context.breakers.isFull) {
      this.#queue.addRefused(waiter, NoConnectionReason.TOO_MANY_REQUESTS);
      return null;
    }
    return connection;
  }

  /** The waiter wants no connection any more, and hears nothing. */
  cancel(waiter: StreamWaiter): void {
    this.#queue.cancel(waiter);
  }

  /** Takes no new calls; resolves when those under way have ended and all sockets are gone. It has no deadline of its own: `close` ends it. */
  drain(): Promise<void> {
    return this.#leave((pool) => pool.drain('drain'));
  }

  /** Resets what is under way; resolves when every socket is gone, a second later at the latest. May be called any number of times. */
  close(): Promise<void> {
    return this.#leave((pool) => pool.close('close'));
  }

  tick(nowMs: number): void {
    const isBusy = this.#queue.size > 0 || this.connecting > 0 || this.#gone !== null;
    if (!isBusy && nowMs - this.#sweptAtMs < SWEEP_MS) {
      return;
    }
    this.#sweptAtMs = nowMs;
    this.#pools.sweep(nowMs);
    this.#pools.preconnect();
    this.#hurry(nowMs);
    this.#endIfEmpty();
  }

  onPickable(): void {
    this.#pools.outdate();
  }

  onServed(entry: WaitEntry): void {
    this.#queue.finish(entry);
  }

  onOverflow(entry: WaitEntry): void {
    this.#queue.refuse(entry, NoConnectionReason.TOO_MANY_REQUESTS);
  }

  onHopeless(pool: EndpointPool): void {
    this.#pools.outdate();
    for (const entry of pool.waiting) {
      entry.tried.add(pool.key);
      if (!entry.isDone && !this.#move(entry)) {
        this.#queue.refuse(entry, pool.isEligible ? pool.lastFailure : this.#reasonForNone(entry.waiter));
      }
    }
  }

  onGone(): void {
    this.#endIfEmpty();
  }

  /**
   * All endpoints are left alone after failures. One is tried for the call all the same, as proxies do that know no pauses; but each of them
   * at most ten times a second, and other calls join that attempt, so that a server which cannot serve is not kept from recovering.
   */
  #tryFor(waiter: StreamWaiter): void {
    const nowMs = this.#context.dependencies.clock.now();
    const pool = this.#pools.toTry(waiter, nowMs);
    if (pool === undefined) {
      this.#queue.addRefused(waiter, this.#reasonForNone(waiter));
      return;
    }
    const entry = this.#queue.add(waiter);
    if (entry !== null) {
      pool.tryFor(entry);
      this.#pools.outdate();
    }
  }

  #reasonForNone(waiter: StreamWaiter): NoConnectionReason {
    return this.#gone === null ? this.#pools.reasonForNone(waiter) : NoConnectionReason.CLOSED;
  }

  /** Leads a waiter to an endpoint that it has not tried; false if there is none. */
  #move(entry: WaitEntry): boolean {
    const other = this.#pools.pickOther(entry.waiter, entry.tried);
    if (other !== null) {
      this.#moveTo(entry, other);
    }
    return other !== null;
  }

  #moveTo(entry: WaitEntry, pool: EndpointPool): void {
    entry.pool?.waiting.delete(entry);
    pool.wait(entry);
    pool.serve();
  }

  /** Those that wait longer than they should: they go where there is a place now, or hear that there is none. */
  #hurry(nowMs: number): void {
    const entries = this.#queue.waitingSince(nowMs, PATIENCE_MS);
    const places = entries.length === 0 ? [] : this.#pools.withPlace();
    for (const entry of entries) {
      const { waiter, tried } = entry;
      const other = places.find(
        (pool) =>
          this.#pools.isFor(waiter, pool.key) && pool.key !== waiter.excluded?.key && pool.hasPlace && !tried.has(pool.key),
      );
      if (other !== undefined && !entry.isDone) {
        this.#moveTo(entry, other);
      } else if (!entry.isDone && nowMs - entry.sinceMs >= this.#context.options.connectTimeoutMs + EXTRA_WAIT_MS) {
        this.#queue.refuse(entry, NoConnectionReason.QUEUE_TIMEOUT);
      }
    }
  }

  #leave(end: (pool: EndpointPool) => void): Promise<void> {
    this.#gone ??= Promise.withResolvers<void>();
    this.#ejections?.close();
    this.#pools.clear();
    for (const pool of this.#pools.values()) {
      end(pool);
    }
    this.#endIfEmpty();
    return this.#gone.promise;
  }

  #endIfEmpty(): void {
    if (this.#gone !== null && this.connections === 0 && this.#queue.size === 0) {
      this.#context.dependencies.turn.remove(this);
      this.#gone.resolve();
    }
  }
}
