import { isDeepStrictEqual } from 'node:util';

/** What a soft case counts as: see `treat`. */
export type Treatment = 'healthy' | 'degraded' | 'unhealthy';

/** How the three answers count that are no clear no. Default of each: `unhealthy`. */
export interface TreatOptions {
  /** The server has no grpc.health.v1.Health, or no such method (gRPC status UNIMPLEMENTED). */
  readonly unimplemented: Treatment;
  /** The server does not know the service (gRPC status NOT_FOUND, or the word SERVICE_UNKNOWN). */
  readonly serviceUnknown: Treatment;
  /** The server answered the word UNKNOWN. */
  readonly statusUnknown: Treatment;
}

/** One request header. A file is read again when it changes; its last line break is not part of the value. */
export interface MetadataEntry {
  /** In lower case; a name that ends in `-bin` carries any octets, others printable ASCII. */
  readonly name: string;
  readonly value: { readonly kind: 'text'; readonly text: string } | { readonly kind: 'file'; readonly path: string };
}

/** TLS towards the endpoints of a cluster, as PEM. */
export interface HealthTlsOptions {
  /** The certificates to trust; null trusts those of the system and of Node. */
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

/** When checks of every kind are made, and what their results count. Times are milliseconds. */
export interface HealthCheckTiming {
  /** Pause between the end of a check and the start of the next after a result that passed. Default 5 000. Envoy: `interval`. */
  readonly intervalMs: number;
  /** Added to every pause: uniform in [0, this). Default 1 000. Envoy: `interval_jitter`. */
  readonly intervalJitterMs: number;
  /**
   * Stands for `intervalMs` on a healthy endpoint while no call was forwarded to its cluster since its last check.
   * Default `intervalMs`. Envoy: `no_traffic_healthy_interval`.
   */
  readonly noTrafficIntervalMs?: number;
  /** The pause after a result that failed. Default `intervalMs`. Envoy: `unhealthy_interval`. */
  readonly unhealthyIntervalMs: number;
  /** One whole check: connecting, RPC or request, and the retry on a fresh connection. Default 1 000. Envoy: `timeout`. */
  readonly timeoutMs: number;
  /** Checks in a row that must pass before an unhealthy endpoint is healthy; 1 or more. Default 2. Envoy: `healthy_threshold`. */
  readonly healthyThreshold: number;
  /** Failures in a row, explicit answers aside, that make a healthy endpoint unhealthy; 1 or more. Default 2. Envoy: `unhealthy_threshold`. */
  readonly unhealthyThreshold: number;
}

/** Active checks over grpc.health.v1. Envoy: `grpc_health_check`. */
export interface GrpcHealthCheckOptions extends HealthCheckTiming {
  readonly type: 'grpc';
  /** `auto`: Watch, and Check alone where there is no Watch. `watch`: no Watch is an answer. `check`: never Watch. Default `auto`. */
  readonly mode: 'auto' | 'watch' | 'check';
  /** Every one must be SERVING; the empty name is the whole server. At least one. */
  readonly services: readonly string[];
  /** Checks another port than the serving one; null is the serving one. Unix sockets have none. */
  readonly port: number | null;
  readonly metadata: readonly MetadataEntry[];
  /** `:authority` of the checks; null takes the TLS server name, else the endpoint's host name, else its address. */
  readonly authority: string | null;
  readonly treat: TreatOptions;
}

/** Checks that a connection is accepted within `timeoutMs` and `connectTimeoutMs`, without TLS. Envoy: `tcp_health_check`. */
export interface TcpHealthCheckOptions extends HealthCheckTiming {
  readonly type: 'tcp';
  /** Checks another port than the serving one; null is the serving one. Unix sockets have none. */
  readonly port: number | null;
}

/** Statuses, both ends included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** What is asked over HTTP. */
export interface HttpCheckRequest {
  /** Begins with a slash; may have a query. */
  readonly path: string;
  /** The header `host`; null takes the TLS server name, else the endpoint's host name, else its address. */
  readonly host: string | null;
  /** What a healthy endpoint answers. At least one. Default 200 alone. Envoy: `expected_statuses`. */
  readonly expectedStatuses: readonly StatusRange[];
}

/** Checks by GET over HTTP/1.1, with the TLS of the cluster. Envoy: `http_health_check`. */
export interface HttpHealthCheckOptions extends HealthCheckTiming {
  readonly type: 'http';
  readonly http: HttpCheckRequest;
  /** Checks another port than the serving one; null is the serving one. Unix sockets have none. */
  readonly port: number | null;
  /** Request headers. */
  readonly metadata: readonly MetadataEntry[];
}

/** No checks: every endpoint is healthy from the moment it is known. Envoy: a cluster without `health_checks`. */
export interface NoHealthCheckOptions extends HealthCheckTiming {
  readonly type: 'none';
}

/**
 * No checks of our own: the state of an endpoint is what its source reports. Of the timing, `unhealthyThreshold` alone counts: so many
 * polls of the source that fail in a row make an endpoint unhealthy (default 3). An answer of the source counts at once.
 */
export interface EnvoyHealthCheckOptions extends HealthCheckTiming {
  readonly type: 'envoy';
}

export type HealthCheckOptions =
  | GrpcHealthCheckOptions
  | TcpHealthCheckOptions
  | HttpHealthCheckOptions
  | NoHealthCheckOptions
  | EnvoyHealthCheckOptions;

/** What the health table needs of one cluster. */
export interface HealthClusterOptions {
  /** Unique among the clusters. */
  readonly name: string;
  /** The longest that TCP, TLS and the first HTTP/2 frames may take together, within `timeoutMs`. Default 5 000. */
  readonly connectTimeoutMs: number;
  /** A result older than this no longer counts. Default 180 000. */
  readonly staleAfterMs: number;
  /** Null is cleartext HTTP/2. */
  readonly tls: HealthTlsOptions | null;
  readonly healthCheck: HealthCheckOptions;
}

/** Whether checks of two clusters are the same, so that one may go on as the other. */
export function areCheckedAlike(one: HealthClusterOptions, other: HealthClusterOptions): boolean {
  return isDeepStrictEqual(checkKeys(one), checkKeys(other));
}

/** The rest of a cluster's section is nothing to its checks. */
function checkKeys({ connectTimeoutMs, staleAfterMs, tls, healthCheck }: HealthClusterOptions): unknown {
  return { connectTimeoutMs, staleAfterMs, tls, healthCheck };
}
