import type { Socket } from 'node:net';
import type { BalancedEndpoint } from '../balancing/balancer.ts';
import type { AbuseKind } from '../http2/index.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { connectionsWanted } from './connection-demand.ts';
import { ConnectionList } from './connection-list.ts';
import { Connector, type ConnectorOwner } from './connector.ts';
import { type PoolContext, toConnectionOptions } from './pool-context.ts';
import type { AttemptResults, ConnectFailure } from './stream-handler.ts';
import { type ConnectionOwner, UpstreamConnection } from './upstream-connection.ts';
import type { WaitEntry } from './wait-queue.ts';

/**
 * Live streams on each connection from which on a second one is opened: one lost connection must not end too many calls. Not fewer than
 * what proxies and servers allow on one connection by default (HAProxy 100, nginx 128): calls that share a connection share its writes and reads.
 */
const HOT_STREAMS = 100;
/** So many connections are opened for heat alone; more only when the endpoint's stream limit is reached. */
const MAX_WARM_CONNECTIONS = 2;
/** The most connections to one endpoint; gRPC A105: `max_connections_per_subchannel`, whose limit is the same. */
const MAX_CONNECTIONS = 10;
/** A connection that ends sooner, without having answered anything, counts as a failed attempt: or accept-and-close would loop. Milliseconds. */
const MIN_LIFE_MS = 5000;

/** What an attempt counts as that found no connection here. Envoy: `LocalOriginConnectFailed`. */
const NO_CONNECTION_RESULT = 503;

/** The connections to one endpoint, and those who wait for one of them. */
export class EndpointPool implements BalancedEndpoint, ConnectionOwner, ConnectorOwner {
  readonly key: string;
  /** The endpoint in its newest form. */
  endpoint: Endpoint;
  /** Where results of the endpoint are counted; null without outlier detection, or for an endpoint that is gone. */
  results: AttemptResults | null = null;
  /** Whether health allows calls. */
  isEligible = false;
  /** Whether a connection should be there even if no call waits for it. */
  isWanted = false;
  readonly waiting = new Set<WaitEntry>();
  readonly #context: PoolContext;
  readonly #connector: Connector;
  readonly #connections = new ConnectionList();
  /** What the cluster was last told. */
  #wasPickable = false;

  constructor(endpoint: Endpoint, context: PoolContext) {
    const { dependencies, options, tls, breakers } = context;
    const { clock, random } = dependencies;
    this.key = endpoint.key;
    this.endpoint = endpoint;
    this.#context = context;
    this.#connector = new Connector({ owner: this, clock, random, tls, breakers, timeoutMs: options.connectTimeoutMs });
  }

  /** Open sockets, those that are ending included. */
  get connections(): number {
    return this.#connections.size;
  }

  get liveStreams(): number {
    return this.#connections.liveStreams;
  }

  get activeRequests(): number {
    return this.#connections.liveStreams + this.waiting.size;
  }

  /** Attempts to connect that are under way. */
  get connecting(): number {
    return this.#connector.connecting;
  }

  get lastFailure(): ConnectFailure {
    return this.#connector.lastFailure;
  }

  /** Whether nothing is left of it. */
  get isEmpty(): boolean {
    return this.#connections.size === 0 && this.connecting === 0 && this.waiting.size === 0;
  }

  /** Whether calls may be sent here: there is a connection, or no reason to think that there cannot be one. */
  get isPickable(): boolean {
    return this.isEligible && (!this.#connector.isFailing || this.#connections.hasUsable);
  }

  /** Whether a connection could be taken now. */
  get hasPlace(): boolean {
    return this.#connections.best() !== null;
  }

  /** Tells whether health allows calls. */
  setEligible(isEligible: boolean): void {
    if (isEligible === this.isEligible) {
      return;
    }
    this.isEligible = isEligible;
    if (isEligible) {
      this.#connector.reset();
      this.isWanted = !this.#connections.hasUsable;
    } else {
      this.isWanted = false;
      this.#connector.cancel();
      this.#retireUnused();
    }
  }

  /** A health check has passed: the connection that failed is tried at the next sweep, whatever is left of the pause. */
  onCheckPassed(): void {
    this.#connector.endPause();
  }

  /** A connection with a place, if nobody waits for one; null when the caller has to wait here. The data path: no garbage. */
  take(): UpstreamConnection | null {
    const best = this.#connections.best();
    if (best !== null && best.liveStreams >= HOT_STREAMS && this.#isWarming) {
      this.#connect();
    }
    return this.waiting.size === 0 ? best : null;
  }

  /** Puts a waiter behind those that wait already. */
  wait(entry: WaitEntry): void {
    entry.pool = this;
    this.waiting.add(entry);
    this.#connectForWaiting();
  }

  /** Whether a call that has nowhere else to go may have this endpoint tried, although it is left alone for now. `nowMs` is Clock.now(). */
  mayTry(nowMs: number): boolean {
    return this.isEligible && this.#connector.mayConnectOnDemand(nowMs) && this.#hasRoom;
  }

  /** Tries, for a waiter that is the first. */
  tryFor(entry: WaitEntry): void {
    entry.pool = this;
    this.waiting.add(entry);
    this.#connector.connectAnyway(this.endpoint);
  }

  /** Gives connections to those that wait, the first come first. */
  serve(): void {
    const { breakers, owner } = this.#context;
    for (const entry of this.waiting) {
      const connection = this.#connections.best();
      if (connection === null) {
        return;
      }
      if (breakers.isFull) {
        owner.onOverflow(entry);
      } else {
        owner.onServed(entry);
        entry.waiter.onConnection(connection);
      }
    }
  }

  /** Opens the connection that is wanted without a call, unless there is one; returns whether it did. */
  preconnect(): boolean {
    if (this.#connections.hasUsable) {
      this.isWanted = false;
      return false;
    }
    return this.connecting === 0 && this.#connect();
  }

  /** What time has changed. `nowMs` is Clock.now(). */
  sweep(nowMs: number): void {
    this.#connector.sweep(nowMs);
    for (const connection of this.#connections.list()) {
      this.#replace(connection);
      this.#endIdle(connection, nowMs);
    }
    if (this.waiting.size > 0) {
      this.serve();
      this.#connectForWaiting();
    }
  }

  /** Ends all connections when their streams have ended. */
  drain(debug: string): void {
    this.setEligible(false);
    for (const connection of this.#connections.list()) {
      connection.shutdown(debug);
    }
  }

  /** Ends all connections now. */
  close(debug: string): void {
    this.setEligible(false);
    for (const connection of this.#connections.list()) {
      connection.abort(debug);
    }
  }

  makeConnection(endpoint: Endpoint, socket: Socket): UpstreamConnection {
    const { breakers, dependencies } = this.#context;
    const options = { endpoint, turn: dependencies.turn, breakers, connection: toConnectionOptions(this.#context) };
    const connection = new UpstreamConnection(socket, this, options);
    this.#connections.add(connection);
    return connection;
  }

  onConnectFailed(endpoint: Endpoint, failure: ConnectFailure, message: string): void {
    const { dependencies, options } = this.#context;
    dependencies.observer.onConnectFailed(options.name, endpoint, failure, message);
    this.#tellPickable();
    this.isWanted = this.isEligible && !this.#connections.hasUsable;
    this.#checkHope();
  }

  onReady(connection: UpstreamConnection): void {
    const { dependencies, options } = this.#context;
    if (!this.#connector.finish(connection)) {
      return;
    }
    this.isWanted = false;
    dependencies.observer.onConnectionOpened(options.name, connection.endpoint);
    this.#tellPickable();
    this.serve();
    this.#connectForWaiting();
  }

  onPlace(connection: UpstreamConnection): void {
    if (connection.isUsedUp && connection.liveStreams === 0) {
      connection.shutdown('max_requests');
    }
    if (this.waiting.size > 0) {
      this.serve();
      if (connection.isUsedUp) {
        this.#connectForWaiting();
      }
    } else if (!this.isEligible && connection.liveStreams === 0) {
      this.#retireUnused();
    }
  }

  onRetiring(connection: UpstreamConnection): void {
    this.#tellPickable();
    this.#replace(connection);
  }

  /** Its successor comes with the next call, so that no connection is opened without one. */
  onUsedUp(connection: UpstreamConnection): void {
    connection.isReplaced = true;
    this.#tellPickable();
  }

  onAbuse(kind: AbuseKind): void {
    this.#context.dependencies.observer.onUpstreamAbuse(this.#context.options.name, kind);
  }

  onDefect(error: Error): void {
    this.#context.dependencies.observer.onUpstreamDefect(this.#context.options.name, error);
  }

  onGone(connection: UpstreamConnection): void {
    this.#connections.remove(connection);
    this.#context.breakers.onDisconnected();
    if (!this.#connector.fail(connection) && connection.isReady) {
      this.#learnFrom(connection);
    }
    this.#context.owner.onGone();
  }

  /** A connection that was ready has ended. */
  #learnFrom(connection: UpstreamConnection): void {
    const { dependencies, options } = this.#context;
    if (connection.hasAnswered) {
      this.#connector.reset();
    } else if (connection.reason !== '' && dependencies.turn.nowMs - connection.startedAtMs < MIN_LIFE_MS) {
      this.#connector.pause();
      this.isWanted = this.isEligible;
    }
    dependencies.observer.onConnectionClosed(options.name, connection.endpoint, connection.reason);
    this.#tellPickable();
    if (this.waiting.size > 0 && !this.#connections.hasUsable) {
      this.#connectForWaiting();
      this.#checkHope();
    }
  }

  /** Opens as many connections as those that wait seem to need. */
  #connectForWaiting(): void {
    const { maxRequestsPerConnection } = this.#context.breakers.limits;
    const { usable, width } = this.#connections;
    const wanted = connectionsWanted(this.waiting.size, { usable, width, maxRequestsPerConnection });
    while (this.connecting < wanted && usable + this.connecting < MAX_CONNECTIONS) {
      if (!this.#connect()) {
        return;
      }
    }
  }

  /** Tells the cluster of a change. While attempts fail, it looks at those under way as well. */
  #tellPickable(): void {
    const { isPickable } = this;
    if (isPickable !== this.#wasPickable || this.#connector.isFailing) {
      this.#wasPickable = isPickable;
      this.#context.owner.onPickable();
    }
  }

  /** Those that wait only for one of the cluster's places are not without hope. */
  #checkHope(): void {
    const failed = this.waiting.size;
    if (failed === 0 || this.#connections.hasUsable || this.connecting > 0 || !this.#hasRoom) {
      return;
    }
    this.#context.owner.onHopeless(this);
    for (let left = this.results === null ? 0 : failed; left > 0; left--) {
      this.results?.onResult(NO_CONNECTION_RESULT);
    }
  }

  /** Whether the cluster's limit allows one more connection. One that is leaving is no reason to have none: its last stream may take hours. */
  get #hasRoom(): boolean {
    return this.#context.breakers.mayConnect(this.#connections.staying + this.connecting);
  }

  /** Whether heat is a reason for one more. Where each carries a number of calls and no more, few are lost with one. */
  get #isWarming(): boolean {
    return (
      this.#connections.size + this.connecting < MAX_WARM_CONNECTIONS &&
      this.#context.breakers.limits.maxRequestsPerConnection === 0
    );
  }

  #connect(): boolean {
    return this.isEligible && this.#hasRoom && this.#connector.connect(this.endpoint);
  }

  #endIdle(connection: UpstreamConnection, nowMs: number): void {
    const { idleTimeoutMs } = this.#context.breakers.limits;
    if (idleTimeoutMs > 0 && connection.isUsable && connection.idleMs(nowMs) >= idleTimeoutMs) {
      connection.isReplaced = true;
      connection.shutdown('max_idle');
    }
  }

  /** A connection that is leaving, and has been of use, gets a successor: at once, before it is empty, or with the next sweep if it is. */
  #replace(connection: UpstreamConnection): void {
    const isDue = connection.isRetiring && connection.hasAnswered && !connection.isReplaced;
    if (isDue && this.isEligible && !this.#connections.hasUsable) {
      connection.isReplaced = true;
      this.isWanted = true;
      if (connection.liveStreams > 0) {
        this.preconnect();
      }
    }
  }

  #retireUnused(): void {
    for (const connection of this.#connections.list()) {
      if (!this.isEligible && connection.isUsable && connection.liveStreams === 0) {
        connection.shutdown('endpoint_unused');
      }
    }
  }
}
