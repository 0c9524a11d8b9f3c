import type { PolicyName } from '../balancing/create-balancer.ts';
import type { AbuseKind, Http2Limits, SlabPool } from '../http2/index.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { HealthState } from '../model/health-view.ts';
import type { EjectionChange } from '../outlier/detector.ts';
import type { OutlierOptions } from '../outlier/options.ts';
import type { Turn } from '../transport/turn.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { HashTerm } from './request-hash.ts';
import type { ConnectFailure } from './stream-handler.ts';

/** TLS towards the endpoints of a cluster, as PEM. */
export interface UpstreamTlsOptions {
  /** The certificates to trust; null trusts those of the system and of Node. Envoy: `trusted_ca`. */
  readonly ca: Buffer | null;
  /** The client certificate with its chain; null sends none. */
  readonly cert: Buffer | null;
  readonly key: Buffer | null;
  /** The name asked for (SNI) and expected in the certificate; null takes the endpoint's host name, else its address. */
  readonly serverName: string | null;
  /** Accepts any certificate. */
  readonly insecureSkipVerify: boolean;
  /** One of these must be in the certificate, instead of the name above; empty checks the name. Envoy: `match_typed_subject_alt_names`, exact. */
  readonly subjectAltNames: readonly string[];
}

/** Limits of the connections of one cluster and process. */
export interface UpstreamPoolOptions {
  /** Connections to all endpoints together, those that are made or leaving included; one for each endpoint all the same. Default 1 024. Envoy: `max_connections`. */
  readonly maxConnections: number;
  /** Calls that may wait for a connection. Default 1 024. Envoy: `max_pending_requests`. */
  readonly maxPendingRequests: number;
  /** Calls under way on connections. Default 1 024. Envoy: `max_requests`. */
  readonly maxRequests: number;
  /** Calls that are being repeated by the policy of a route. Default 3. Envoy: `max_retries`. */
  readonly maxRetries: number;
  /** Calls that one connection takes in its life. Default 0 = any number. Envoy: `max_requests_per_connection`. */
  readonly maxRequestsPerConnection: number;
  /** Age at which a connection is replaced, ±10 %. Milliseconds, default 0 = never. gRPC A9. */
  readonly maxConnectionAgeMs: number;
  /** Time without a stream after which a connection is closed. Milliseconds, default 3 600 000, 0 = never. Envoy: `idle_timeout`. */
  readonly idleTimeoutMs: number;
}

/** What a cluster of endpoints is reached with. */
export interface UpstreamClusterOptions {
  /** Unique among the clusters. */
  readonly name: string;
  /** The longest that TCP, TLS and the endpoint's first HTTP/2 frame may take together. Milliseconds, default 5 000. Envoy: `connect_timeout`. */
  readonly connectTimeoutMs: number;
  /** Null is cleartext HTTP/2 with prior knowledge. */
  readonly tls: UpstreamTlsOptions | null;
  /** Below so many healthy endpoints in a hundred, health is ignored. Per cent, 0 to 100, default 0 = never. Envoy: `healthy_panic_threshold`. */
  readonly panicThresholdPercent: number;
  /** Default `roundRobin`. */
  readonly policy: PolicyName;
  /** What calls are hashed by, for ringHash; none for the others. Envoy: `hash_policy` of a route. */
  readonly hashOn: readonly HashTerm[];
  readonly pool: UpstreamPoolOptions;
  /** PING of ours; default timeMs 0 = never, timeoutMs 20 000. gRPC: `keepalive_time_ms`, `keepalive_timeout_ms`. */
  readonly keepalive: { readonly timeMs: number; readonly timeoutMs: number };
  /** Absent or null: no endpoint is ejected. Envoy: `outlier_detection`. */
  readonly outlier?: OutlierOptions | null;
  /** Default UPSTREAM_LIMITS. */
  readonly limits: Http2Limits;
}

/** An endpoint and what is known of its health: what every HealthView says of each. */
export interface UpstreamEndpointState {
  readonly endpoint: Endpoint;
  readonly state: HealthState;
}

/** What happened, for metrics and logs. Must not throw. */
export interface UpstreamObserver {
  /** An endpoint has answered with its first frame. */
  onConnectionOpened(cluster: string, endpoint: Endpoint): void;
  /** A connection that was told of as opened is gone; `reason` is words for an operator. */
  onConnectionClosed(cluster: string, endpoint: Endpoint, reason: string): void;
  /** An attempt has failed; `message` is words for an operator. */
  onConnectFailed(cluster: string, endpoint: Endpoint, failure: ConnectFailure, message: string): void;
  /** Outlier detection has ejected an endpoint, or let it return. Absent: nobody wants to know. */
  onEjection?(cluster: string, change: EjectionChange): void;
  /** An endpoint reached one of the limits. */
  onUpstreamAbuse(cluster: string, kind: AbuseKind): void;
  /** Something threw that must not: a defect of this program. The connection is lost. */
  onUpstreamDefect(cluster: string, error: Error): void;
}

/** What a cluster is given. */
export interface UpstreamDependencies {
  readonly turn: Turn;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: UpstreamObserver;
  /** Output memory of the thread. */
  readonly slabs: SlabPool;
}
