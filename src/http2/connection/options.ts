import type { SlabPool } from '../frame/slab-pool.ts';
import type { Http2Limits } from '../limits.ts';

/** PING of ours when the peer is silent (RFC 9113, section 6.7; gRPC A8). */
export interface KeepaliveOptions {
  /** Silence after which we ping. Milliseconds, default 0 = never. gRPC: `keepalive_time_ms`. */
  readonly timeMs: number;
  /** Silence after the ping that ends the connection; any octet counts as life. Milliseconds, default 20 000. gRPC: `keepalive_timeout_ms`. */
  readonly timeoutMs: number;
  /**
   * Whether to ping while no stream is open; a client does it every two hours at most, as servers allow no more. Default false.
   * gRPC: `keepalive_permit_without_calls`.
   */
  readonly permitWithoutStreams: boolean;
}

/** What the owner may choose for a connection, whichever side it is. Every field has a default in DEFAULT_CONNECTION_OPTIONS. */
export interface ConnectionOptions {
  /** See EDGE_LIMITS, LOAD_BALANCER_LIMITS, UPSTREAM_LIMITS. Default: EDGE_LIMITS for a server, UPSTREAM_LIMITS for a client. */
  readonly limits: Http2Limits;
  /** Output memory, shared by the connections of a thread. Default: one of the connection's own. */
  readonly slabs: SlabPool;
  /** Receive window of each stream: SETTINGS_INITIAL_WINDOW_SIZE. Octets, 0 to 2^31-1, default 65 535. Envoy: `initial_stream_window_size`. */
  readonly streamWindowBytes: number;
  /** Receive window of the connection. Octets, 65 535 to 2^31-1, default 1 MiB. Envoy: `initial_connection_window_size`. */
  readonly connectionWindowBytes: number;
  /** HPACK table that the peer may use for us: SETTINGS_HEADER_TABLE_SIZE. Octets, default 4 096. */
  readonly headerTableBytes: number;
  /** Whether the buffers given to `receive` are written again afterwards, so that what must wait is copied. Default false. */
  readonly isInputReused: boolean;
  readonly keepalive: KeepaliveOptions;
  /** Time without a stream after which the connection ends by GOAWAY `max_idle`. Milliseconds, default 0 = never. gRPC A9; Envoy: `idle_timeout`. */
  readonly idleTimeoutMs: number;
  /** Age at which the connection ends by GOAWAY `max_age`, spread by `jitter`. Milliseconds, default 0 = never. gRPC A9. */
  readonly maxAgeMs: number;
  /** Time from the last GOAWAY of a graceful end until its streams are cut. Milliseconds, default 0 = they may take any time. */
  readonly graceMs: number;
  /** Spreads maxAgeMs by ±10 %: a number from 0 to 1, drawn by the owner for each connection. Default 0.5 = exactly maxAgeMs. */
  readonly jitter: number;
}

/** Defaults without those that depend on the role or are made for each connection. */
export const DEFAULT_CONNECTION_OPTIONS: Omit<ConnectionOptions, 'limits' | 'slabs'> = Object.freeze({
  streamWindowBytes: 65_535,
  connectionWindowBytes: 1_048_576,
  headerTableBytes: 4096,
  isInputReused: false,
  keepalive: Object.freeze({ timeMs: 0, timeoutMs: 20_000, permitWithoutStreams: false }),
  idleTimeoutMs: 0,
  maxAgeMs: 0,
  graceMs: 0,
  jitter: 0.5,
});
