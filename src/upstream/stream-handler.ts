import type { PickContext } from '../balancing/balancer.ts';
import type { FieldList, ResetCause } from '../http2/index.ts';
import type { EndpointChoice } from './endpoint-choice.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/**
 * What happens to one upstream stream. The rules of ConnectionHandler apply: lists and ranges are valid during the call, the stream and its
 * connection may be used from here, and none of these is called from within a method of the stream or of UpstreamConnection.
 */
export interface UpstreamStreamHandler {
  /** The final response. */
  onUpstreamHeaders(fields: FieldList, isEndOfStream: boolean): void;
  /** An interim response. */
  onUpstreamInterim(fields: FieldList): void;
  /** The response's header section or trailers were above the limits and are lost: the handler resets the stream. */
  onUpstreamHeadersOverLimit(): void;
  /** Content. `isRecvEnded` of the stream is true with the last part. */
  onUpstreamData(octets: Buffer, start: number, end: number): void;
  onUpstreamTrailers(fields: FieldList): void;
  /** That much request content which sendData had left waiting has gone into the output. */
  onUpstreamSent(octets: number): void;
  /** The stream ended early, not by the handler. */
  onUpstreamReset(code: number, cause: ResetCause): void;
  /** The last word, however the stream ended: the handler forgets the stream. */
  onUpstreamClosed(): void;
}

/** Where the results of attempts at one endpoint are counted, for outlier detection. */
export interface AttemptResults {
  /** An attempt was answered with that status, or has ended as if it had been. At most once for a response, and once for its early end. */
  onResult(httpStatus: number): void;
}

/** The endpoints of a cluster that a route's calls may go to; made by `UpstreamCluster.subset`. */
export type ClusterSubset = EndpointChoice<EndpointPool>;

/** Who wants a connection. */
export interface StreamWaiter extends PickContext {
  /** Which endpoints may be picked; absent or null is all of the cluster. */
  readonly subset?: ClusterSubset | null;
  /** Here it is; the waiter opens its stream in the call. */
  onConnection(connection: UpstreamConnection): void;
  /** There will be none. */
  onNoConnection(reason: NoConnectionReason): void;
}

/** Why there is no connection: a bounded set, for logs, metrics and messages. */
export const NoConnectionReason = {
  /** The cluster has no endpoints. */
  NO_ENDPOINTS: 'no_endpoints',
  /** It has some, none of them healthy. */
  NO_HEALTHY_ENDPOINTS: 'no_healthy_endpoints',
  /** No endpoint could be connected to, or none spoke HTTP/2. */
  CONNECT_FAILED: 'connect_failed',
  /** The last endpoint that was tried did not answer in time. */
  CONNECT_TIMEOUT: 'connect_timeout',
  /** The last endpoint that was tried failed the TLS handshake. */
  TLS_FAILED: 'tls_failed',
  /** Too many calls wait already. */
  QUEUE_FULL: 'queue_full',
  /** Too many calls are under way already. */
  TOO_MANY_REQUESTS: 'too_many_requests',
  /** The call has waited too long. */
  QUEUE_TIMEOUT: 'queue_timeout',
  /** The cluster is being closed. */
  CLOSED: 'closed',
} as const;
export type NoConnectionReason = (typeof NoConnectionReason)[keyof typeof NoConnectionReason];

/** Why a connection attempt failed. */
export type ConnectFailure =
  | typeof NoConnectionReason.CONNECT_FAILED
  | typeof NoConnectionReason.CONNECT_TIMEOUT
  | typeof NoConnectionReason.TLS_FAILED;
