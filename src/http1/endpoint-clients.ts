import type { BalancedEndpoint } from '../balancing/balancer.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { ConnectBackoff } from '../upstream/connect-backoff.ts';
import { type ConnectFailure, NoConnectionReason } from '../upstream/stream-handler.ts';
import { type ClientContext, type ClientOwner, EndpointClient } from './endpoint-client.ts';

/** The connections to one endpoint: as many as it has requests, and those that wait for the next one. */
export class EndpointClients implements BalancedEndpoint, ClientOwner {
  /** The endpoint in its newest form. */
  endpoint: Endpoint;
  /** Why the last attempt to connect failed. */
  lastFailure: ConnectFailure = NoConnectionReason.CONNECT_FAILED;
  /** Whether it may get requests; otherwise those under way finish. */
  isEligible = false;
  readonly key: string;
  readonly #context: ClientContext;
  readonly #backoff: ConnectBackoff;
  readonly #clients = new Set<EndpointClient>();
  /** The one used last is used first, so that the others can grow old. */
  readonly #idle: EndpointClient[] = [];

  constructor(endpoint: Endpoint, context: ClientContext) {
    this.endpoint = endpoint;
    this.key = endpoint.key;
    this.#context = context;
    this.#backoff = new ConnectBackoff(context.dependencies.random);
  }

  /** Connections, and attempts to get one. */
  get size(): number {
    return this.#clients.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Each connection has one request, or none. */
  get activeRequests(): number {
    return this.size - this.idle;
  }

  /** Whether it has not failed lately, and so goes before those that have. */
  isPromising(nowMs: number): boolean {
    return this.#idle.length > 0 || this.#backoff.isOver(nowMs);
  }

  /** A connection that is there; null if all are busy. */
  takeIdle(): EndpointClient | null {
    return this.#idle.pop() ?? null;
  }

  /** A new one, which connects with its first request. */
  open(): EndpointClient {
    const client = new EndpointClient(this.endpoint, this.#context, this);
    this.#clients.add(client);
    return client;
  }

  /** The request is over and the client can have another one. */
  give(client: EndpointClient): void {
    const { maxRequestsPerConnection } = this.#context.limits;
    const isUsedUp = maxRequestsPerConnection > 0 && client.requests >= maxRequestsPerConnection;
    if (this.isEligible && client.isConnected && !isUsedUp && this.#clients.has(client)) {
      this.#idle.push(client);
    } else {
      this.discard(client);
    }
  }

  /** Ends a client with all that it does. */
  discard(client: EndpointClient): void {
    const index = this.#idle.indexOf(client);
    if (index >= 0) {
      this.#idle.splice(index, 1);
    }
    if (this.#clients.delete(client)) {
      const { leaving } = this.#context;
      const gone = client.destroy().finally(() => leaving.delete(gone));
      leaving.add(gone);
    }
  }

  /** A health check has passed: requests need not go elsewhere any more. */
  onCheckPassed(): void {
    this.#backoff.endPause();
  }

  onConnectFailed(failure: ConnectFailure): void {
    this.lastFailure = failure;
    this.#backoff.fail(this.#context.dependencies.clock.now());
  }

  onConnected(): void {
    this.#backoff.reset();
  }

  onDisconnected(client: EndpointClient): void {
    if (this.#idle.includes(client)) {
      this.discard(client);
    }
  }

  /** No more requests: idle connections end now, busy ones after theirs. */
  retire(): void {
    this.isEligible = false;
    for (const client of this.#idle.splice(0)) {
      this.discard(client);
    }
  }

  /** Ends everything. */
  close(): void {
    this.retire();
    for (const client of this.#clients) {
      this.discard(client);
    }
  }
}
