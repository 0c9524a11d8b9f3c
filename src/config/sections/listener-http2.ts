import { type Static, Type } from 'typebox';
import { closed, durationKey, switchKey, toMs, wordKey } from '../keys.ts';

/** The key `keepalive` of a listener. */
export const ListenerKeepaliveSchema = Type.Object(
  {
    time: durationKey({
      description:
        'Silence after which the client is pinged; 0s is never. gRPC: `keepalive_time_ms`. Envoy: `connection_keepalive.interval`.',
      default: '0s',
      minimum: '0s',
      maximum: '24h',
    }),
    timeout: durationKey({
      description:
        'Silence after such a ping that ends the connection. gRPC: `keepalive_timeout_ms`. Envoy: `connection_keepalive.timeout`.',
      default: '20s',
      minimum: '100ms',
      maximum: '10m',
    }),
    minTime: durationKey({
      description:
        'How far apart pings of the client should be. Closer ones are strikes, which `limits.maxPingStrikes` allows so many of. gRPC: `min_recv_ping_interval_without_data_ms`.',
      default: '5s',
      minimum: '0s',
      maximum: '24h',
    }),
    permitWithoutStream: switchKey({
      description: 'Whether we ping while no stream is open. gRPC: `keepalive_permit_without_calls`.',
      default: true,
    }),
  },
  closed({ description: 'PING over HTTP/2, to find out whether a silent client is still there.', default: {} }),
);

/** PING on connections of a listener. Lengths are milliseconds. */
export interface ListenerKeepaliveConfig {
  /** 0 is never. Default 0. */
  readonly timeMs: number;
  /** Default 20 000. */
  readonly timeoutMs: number;
  /** Default 5 000. */
  readonly minTimeMs: number;
  /** Default true. */
  readonly permitWithoutStream: boolean;
}

export function toListenerKeepaliveConfig(section: Static<typeof ListenerKeepaliveSchema>): ListenerKeepaliveConfig {
  return {
    timeMs: toMs(section.time),
    timeoutMs: toMs(section.timeout),
    minTimeMs: toMs(section.minTime),
    permitWithoutStream: section.permitWithoutStream,
  };
}

/** The key `headers` of a listener. */
export const ListenerHeadersSchema = Type.Object(
  {
    forwardedFor: wordKey(['append', 'replace', 'keep'], {
      description:
        'x-forwarded-for and x-forwarded-proto of forwarded requests. append: the client is added to what it sent. replace: what it sent is dropped. keep: as it came. x-forwarded-client-cert passes with keep alone, for a listener that only a trusted proxy reaches: with the others it is dropped, as any client can write it. Envoy: `use_remote_address`, `xff_num_trusted_hops`, `forward_client_cert_details` (SANITIZE, with keep ALWAYS_FORWARD_ONLY).',
      default: 'append',
    }),
    requestId: wordKey(['keep', 'create', 'replace'], {
      description:
        'x-request-id of forwarded requests. keep: as it came. create: made where there is none. replace: always made. Envoy: `generate_request_id`, `preserve_external_request_id`.',
      default: 'keep',
    }),
  },
  closed({ description: 'What is added to forwarded requests.', default: {} }),
);

export type ListenerHeadersConfig = Static<typeof ListenerHeadersSchema>;
