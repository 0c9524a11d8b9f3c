import { type Static, Type } from 'typebox';
import type { Address } from '../../model/address.ts';
import { listenAddressKey, toAddress } from '../addresses.ts';
import { closed, durationKey, nameKey, toMs, wordKey } from '../keys.ts';
import { MAX_ROUTES } from '../limits.ts';
import { listKey } from '../lists.ts';
import {
  type ListenerHeadersConfig,
  ListenerHeadersSchema,
  type ListenerKeepaliveConfig,
  ListenerKeepaliveSchema,
  toListenerKeepaliveConfig,
} from './listener-http2.ts';
import { type ListenerLimitsConfig, ListenerLimitsSchema, toListenerLimitsConfig } from './listener-limits.ts';
import { type ListenerTlsConfig, ListenerTlsSchema, toListenerTlsConfig } from './listener-tls.ts';

/** One entry of `listeners`. */
export const ListenerSchema = Type.Object(
  {
    name: Type.Optional(
      nameKey({ description: 'Unique; a label of metrics and logs.', defaultText: 'listener-0, listener-1, …' }),
    ),
    address: listenAddressKey(
      'Where it binds: an IP address or localhost with a port, or unix:/path. Port 0 takes a free one. Envoy: `address`.',
    ),
    routes: Type.Optional(
      listKey(nameKey({ description: 'The name of a route.' }), {
        description:
          'The routes that are served here, in the order of `routes`. Needed where there is more than one listener; [] serves health URLs alone.',
        defaultText: 'all, where there is one listener',
        maxItems: MAX_ROUTES,
        uniqueBy: String,
      }),
    ),
    health: wordKey(['all', 'none'], { description: 'Whether the health URLs are answered here.', default: 'all' }),
    tls: Type.Optional(ListenerTlsSchema),
    idleTimeout: durationKey({
      description:
        'How long a connection may be idle, HTTP/1.1 keep-alive and HTTP/2 alike; load balancers keep theirs for 600 s. Envoy: `common_http_protocol_options.idle_timeout`.',
      default: '620s',
      minimum: '1s',
      maximum: '24h',
    }),
    maxConnectionAge: durationKey({
      description:
        'Age, spread by 10 % either way, at which an HTTP/2 client is asked to connect anew, so that it may reach another bridge; 0s is never. gRPC: `max_connection_age_ms`. Envoy: `max_connection_duration`.',
      default: '0s',
      minimum: '0s',
      maximum: '24h',
    }),
    maxConnectionAgeGrace: durationKey({
      description:
        'How long the calls of such a connection may still take; 0s is any time. gRPC: `max_connection_age_grace_ms`. Envoy: `drain_timeout`.',
      default: '30s',
      minimum: '0s',
      maximum: '24h',
    }),
    keepalive: ListenerKeepaliveSchema,
    headers: ListenerHeadersSchema,
    limits: ListenerLimitsSchema,
  },
  closed({ description: 'An address that is listened on: HTTP/1.x and HTTP/2 on one port.' }),
);

/** A listener. Lengths are milliseconds. */
export interface ListenerConfig {
  /** Unique among the listeners. */
  readonly name: string;
  /** An IP literal or `localhost` with a port, 0 for a free one; or a unix socket. */
  readonly address: Address;
  /** Whether health URLs are answered. Default `all`. */
  readonly health: 'all' | 'none';
  /** Null is cleartext. */
  readonly tls: ListenerTlsConfig | null;
  /** Names of existing routes; null where none are named: then all, on the only listener. */
  readonly routes: readonly string[] | null;
  /** Default 620 000. */
  readonly idleTimeoutMs: number;
  /** 0 is never. Default 0. */
  readonly maxConnectionAgeMs: number;
  /** 0 is any time. Default 30 000. */
  readonly maxConnectionAgeGraceMs: number;
  readonly keepalive: ListenerKeepaliveConfig;
  /** Default append and keep. */
  readonly headers: ListenerHeadersConfig;
  readonly limits: ListenerLimitsConfig;
}

/** @param index its place in the list, which names it where no name is given. */
export function toListenerConfig(section: Static<typeof ListenerSchema>, index: number): ListenerConfig {
  return {
    name: section.name ?? defaultListenerName(index),
    address: toAddress(section.address),
    health: section.health,
    tls: section.tls === undefined ? null : toListenerTlsConfig(section.tls),
    routes: section.routes ?? null,
    idleTimeoutMs: toMs(section.idleTimeout),
    maxConnectionAgeMs: toMs(section.maxConnectionAge),
    maxConnectionAgeGraceMs: toMs(section.maxConnectionAgeGrace),
    keepalive: toListenerKeepaliveConfig(section.keepalive),
    headers: section.headers,
    limits: toListenerLimitsConfig(section.limits),
  };
}

export function defaultListenerName(index: number): string {
  return `listener-${index}`;
}
