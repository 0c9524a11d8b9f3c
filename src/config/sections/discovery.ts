import { type Static, Type } from 'typebox';
import type { Address } from '../../model/address.ts';
import type { Labels } from '../../model/endpoint.ts';
import { endpointAddressKey, toAddress } from '../addresses.ts';
import { closed, hostNameKey, toMs, wholeKey, wordKey } from '../keys.ts';
import { MAX_DISCOVERY_SOURCES, MAX_ENDPOINT_WEIGHT, MAX_STATIC_ENDPOINTS } from '../limits.ts';
import { listKey } from '../lists.ts';
import { type EnvoySourceConfig, EnvoySourceSchema, toEnvoyConfig } from './discovery-envoy.ts';
import { type FileSourceConfig, FileSourceSchema, toFileConfig } from './discovery-file.ts';
import { type KubernetesSourceConfig, KubernetesSourceSchema, toKubernetesConfig } from './discovery-kubernetes.ts';
import { type SrvSourceConfig, SrvSourceSchema, toSrvConfig } from './discovery-srv.ts';
import { familyKey, refreshIntervalKey, resolversKey } from './dns-keys.ts';
import { labelsKey, sourceLabelsKey } from './labels.ts';

const EndpointSchema = Type.Union(
  [
    endpointAddressKey('ip:port, name:port or unix:/path; a name is resolved again and again.'),
    Type.Object(
      {
        address: endpointAddressKey(
          'ip:port, name:port or unix:/path. Envoy: `endpoint.address`; gRPC: `ipv4:`, `ipv6:`, `dns:` and `unix:` names.',
        ),
        labels: Type.Optional(
          labelsKey(
            'What subsets choose by, before labels of the whole source. Envoy: `metadata.filter_metadata` of `envoy.lb`; gRPC: no twin.',
          ),
        ),
        weight: Type.Optional(
          wholeKey({
            description:
              'Its share of calls against those of the others. Each address of a name has it. Envoy: `load_balancing_weight`; gRPC: the same, in `ring_hash_experimental` (A42).',
            defaultText: '1',
            minimum: 1,
            maximum: MAX_ENDPOINT_WEIGHT,
          }),
        ),
      },
      closed({ description: 'An endpoint as an object.' }),
    ),
  ],
  {
    description: 'One endpoint.',
    expects: 'ip:port, name:port, unix:/path or { address, labels, weight }',
    kind: 'address | { address, labels, weight }',
  },
);

/** A source of `type: static`. */
export const StaticSourceSchema = Type.Object(
  {
    type: wordKey(['static'], { description: 'A list of endpoints. Envoy: cluster types STATIC and STRICT_DNS.' }),
    endpoints: listKey(EndpointSchema, {
      description: 'The endpoints. A host name stands for all its addresses. Envoy: `load_assignment`.',
      minItems: 1,
      maxItems: MAX_STATIC_ENDPOINTS,
      uniqueBy: endpointText,
    }),
    labels: sourceLabelsKey(),
  },
  closed({ description: 'Endpoints that are known beforehand.' }),
);

/** A source of `type: dns`. */
export const DnsSourceSchema = Type.Object(
  {
    type: wordKey(['dns'], {
      description: 'Every A and AAAA record of a name is one endpoint. Envoy: cluster type STRICT_DNS; gRPC: `dns:///`.',
    }),
    host: hostNameKey({
      description:
        'The name. With a closing dot it is looked up as it stands; without one the search list and the hosts file apply.',
    }),
    port: wholeKey({ description: 'The port of every endpoint.', minimum: 1, maximum: 65_535 }),
    refreshInterval: refreshIntervalKey(
      'The longest pause between two look-ups; a shorter TTL shortens it, to 1s at the least. Envoy: `dns_refresh_rate` with `respect_dns_ttl`.',
    ),
    resolvers: resolversKey(),
    family: familyKey(),
    labels: sourceLabelsKey(),
  },
  closed({ description: 'Endpoints that DNS knows, such as those of a headless Service.' }),
);

const SourceSchema = Type.Union(
  [StaticSourceSchema, DnsSourceSchema, SrvSourceSchema, FileSourceSchema, KubernetesSourceSchema, EnvoySourceSchema],
  {
    description: 'One source of endpoints.',
    expects: 'an object with a type',
  },
);

/** The key `discovery` of a cluster: one source, or several whose endpoints are joined. */
export const DiscoverySchema = Type.Union(
  [SourceSchema, listKey(SourceSchema, { description: 'Several sources.', minItems: 1, maxItems: MAX_DISCOVERY_SOURCES })],
  {
    description: 'Where the endpoints come from: one source, or a list of sources whose endpoints are joined.',
    expects: 'a source, or a list of sources',
    kind: 'source | list of sources',
  },
);

/** Endpoints that are known beforehand; host names among them are still to be resolved. */
export interface StaticSourceConfig {
  readonly type: 'static';
  /** At least one. */
  readonly endpoints: readonly StaticEndpointConfig[];
}

/** One endpoint of a list. */
export interface StaticEndpointConfig {
  readonly address: Address;
  /** What subsets choose by; absent is none. */
  readonly labels?: Labels;
  /** 1 or more; absent is 1. */
  readonly weight?: number;
}

/** Endpoints that DNS knows. */
export interface DnsSourceConfig {
  readonly type: 'dns';
  /** A name, never an IP literal; a closing dot keeps the search list and the hosts file out. */
  readonly host: string;
  readonly port: number;
  /** Upper limit of the pause between look-ups in milliseconds. Default 5 000. */
  readonly refreshIntervalMs: number;
  /** DNS servers, each an IP literal with a port; empty for those of the system. */
  readonly resolvers: readonly Address[];
  /** Default `auto`: IPv6 if any, else IPv4. */
  readonly family: 'auto' | 'all' | 'v4' | 'v6';
}

type AnySourceConfig =
  | StaticSourceConfig
  | DnsSourceConfig
  | SrvSourceConfig
  | FileSourceConfig
  | KubernetesSourceConfig
  | EnvoySourceConfig;

/** One source of endpoints. */
export type DiscoverySourceConfig = AnySourceConfig & {
  /** What all its endpoints have besides their own; absent is none. */
  readonly labels?: Labels;
};

/** Always a list, also where the configuration has one source. */
export function toDiscoveryConfig(section: Static<typeof DiscoverySchema>): readonly DiscoverySourceConfig[] {
  return (Array.isArray(section) ? section : [section]).map(toLabelledConfig);
}

function toLabelledConfig(source: Static<typeof SourceSchema>): DiscoverySourceConfig {
  const { labels } = source;
  return labels === undefined ? toSourceConfig(source) : { ...toSourceConfig(source), labels };
}

function toSourceConfig(source: Static<typeof SourceSchema>): AnySourceConfig {
  switch (source.type) {
    case 'static':
      return { type: 'static', endpoints: source.endpoints.map(toStaticEndpoint) };
    case 'dns':
      return {
        type: 'dns',
        host: source.host,
        port: source.port,
        refreshIntervalMs: toMs(source.refreshInterval),
        resolvers: source.resolvers.map(toAddress),
        family: source.family,
      };
    case 'srv':
      return toSrvConfig(source);
    case 'file':
      return toFileConfig(source);
    case 'kubernetes':
      return toKubernetesConfig(source);
    case 'envoy':
      return toEnvoyConfig(source);
  }
}

function toStaticEndpoint(endpoint: Static<typeof EndpointSchema>): StaticEndpointConfig {
  const address = toAddress(endpointText(endpoint));
  if (typeof endpoint === 'string') {
    return { address };
  }
  const { labels, weight } = endpoint;
  return { address, ...(labels === undefined ? {} : { labels }), ...(weight === undefined ? {} : { weight }) };
}

function endpointText(endpoint: Static<typeof EndpointSchema>): string {
  return typeof endpoint === 'string' ? endpoint : endpoint.address;
}
