import type { PickContext } from '../balancing/balancer.ts';
import type { EndpointChoice } from '../upstream/endpoint-choice.ts';
import type { ConnectFailure, NoConnectionReason } from '../upstream/stream-handler.ts';
import type { Clock } from '../util/clock.ts';
import type { CallLog } from './call-log.ts';
import type { EndpointClient } from './endpoint-client.ts';
import type { EndpointClients } from './endpoint-clients.ts';
import type { DownstreamSide, RelayedRequest } from './relayed-request.ts';

/** The endpoints of a cluster that a route's requests may go to; made by `Http1Cluster.subset`. */
export type Http1Subset = EndpointChoice<EndpointClients>;

/** What a cluster does with an exchange that waits for a connection, or is to end. */
export interface HeldExchange extends PickContext {
  /** Which endpoints may be picked; null is all of the cluster. */
  readonly subset: Http1Subset | null;
  /** Keys of the endpoints that could not be connected to for its request. */
  readonly tried: ReadonlySet<string>;
  /** A connection may be had now. */
  onPlace(): void;
  /** The cluster closes. */
  abandon(): void;
}

/** A connection, the promise of a later call of `onPlace`, or why there is none. */
export type Acquired =
  | { readonly kind: 'client'; readonly client: EndpointClient }
  | { readonly kind: 'wait' }
  | { readonly kind: 'none'; readonly reason: NoConnectionReason };

/** Who has the connections. */
export interface ExchangeHome {
  readonly clock: Clock;
  /** How long a request may be without a connection. Milliseconds. */
  readonly maxWaitMs: number;
  /** How long the content of a request may stand still. Milliseconds. */
  readonly contentTimeoutMs: number;
  /** The exchange begins. */
  add(exchange: HeldExchange): void;
  acquire(exchange: HeldExchange): Acquired;
  /** The request is on the socket. */
  onStarted(exchange: HeldExchange, client: EndpointClient): void;
  onConnectFailed(client: EndpointClient, failure: ConnectFailure): void;
  /** The request is answered with that status, or has ended as if it had been. Once for a response, and once for its early end. */
  onResult(client: EndpointClient, httpStatus: number): void;
  /** The client may serve another request. */
  give(client: EndpointClient): void;
  /** The client, and its connection, are of no use any more. */
  discard(client: EndpointClient): void;
  /** The exchange is over. */
  remove(exchange: HeldExchange): void;
  onDefect(error: Error): void;
}

/** What one exchange is made of. */
export interface ExchangeOptions {
  readonly home: ExchangeHome;
  readonly request: RelayedRequest;
  /** By the cluster's `requestHash`; 0 where there is none. */
  readonly hash: number;
  /** Null is all endpoints of the cluster. */
  readonly subset: Http1Subset | null;
  readonly down: DownstreamSide;
  /** From the request's header section to the end of the response. Milliseconds, 0 = any time. */
  readonly timeoutMs: number;
  /** Null if nobody observes. */
  readonly log: CallLog | null;
}
