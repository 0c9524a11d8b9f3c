import { isIPv4, isIPv6 } from 'node:net';
import { parseAddress } from '../../model/address.ts';

/** Endpoints of one slice: the API server's own limit (discovery.k8s.io/v1, EndpointSlice). */
export const MAX_SLICE_ENDPOINTS = 1000;
/** Ports of one slice: the API server's own limit. */
export const MAX_SLICE_PORTS = 20_000;
/** Zones in the hints of one endpoint: the API server's own limit. */
export const MAX_HINT_ZONES = 8;

/** One port of a slice. */
export interface SlicePort {
  /** Empty for the only port of a Service, which needs no name. */
  readonly name: string;
  readonly port: number;
}

/** One endpoint of a slice, with conditions as they count: what is not told has its default. */
export interface SliceEndpoint {
  /** IP literal, in its one spelling. */
  readonly host: string;
  /** Default true. Never true while terminating, but where the Service publishes addresses that are not ready. */
  readonly ready: boolean;
  /** Default true. */
  readonly serving: boolean;
  /** Default false. */
  readonly terminating: boolean;
  /** Where it runs; null if not told. */
  readonly zone: string | null;
  /** The zones that it is meant for; empty if not told. */
  readonly hintZones: readonly string[];
  /** The pod that it is, of the same namespace; null if it is none. */
  readonly pod: string | null;
}

/** What of an EndpointSlice matters here. */
export interface Slice {
  readonly name: string;
  readonly family: 'v4' | 'v6';
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
}

/** A slice; `ignored` is one of a kind that brings no endpoints (FQDN); `invalid` says what is wrong. */
export type SliceResult =
  | { readonly kind: 'slice'; readonly slice: Slice }
  | { readonly kind: 'ignored'; readonly name: string }
  | { readonly kind: 'invalid'; readonly reason: string };

type Fields = Readonly<Record<string, unknown>>;

/** Reads one `discovery.k8s.io/v1` EndpointSlice. Unknown fields are passed over, as newer API servers send some. */
export function parseSlice(value: unknown): SliceResult {
  const object = fieldsOf(value);
  const metadata = fieldsOf(object['metadata']);
  const name = textOf(metadata['name']);
  if (name === null) {
    return { kind: 'invalid', reason: 'an EndpointSlice has no name' };
  }
  const family = object['addressType'] === 'IPv4' ? 'v4' : object['addressType'] === 'IPv6' ? 'v6' : null;
  if (family === null) {
    return { kind: 'ignored', name };
  }
  // A slice without endpoints may have null for a list.
  const endpoints = listOf(object['endpoints']);
  const ports = listOf(object['ports']);
  if (endpoints.length > MAX_SLICE_ENDPOINTS || ports.length > MAX_SLICE_PORTS) {
    return { kind: 'invalid', reason: `EndpointSlice ${name} has more endpoints or ports than the API allows` };
  }
  return {
    kind: 'slice',
    slice: {
      name,
      family,
      ports: ports.flatMap(toPort),
      endpoints: endpoints.flatMap((endpoint) => toEndpoint(endpoint, family, textOf(metadata['namespace']))),
    },
  };
}

/** A port without a number stands for all ports, which cannot be connected to; UDP and SCTP carry no HTTP/2. */
function toPort(value: unknown): readonly SlicePort[] {
  const { name, port, protocol } = fieldsOf(value);
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535 && (protocol ?? 'TCP') === 'TCP'
    ? [{ name: textOf(name) ?? '', port }]
    : [];
}

/** Of several addresses only the first counts: controllers write exactly one, and the meaning of others is not defined. */
function toEndpoint(value: unknown, family: 'v4' | 'v6', namespace: string | null): readonly SliceEndpoint[] {
  const endpoint = fieldsOf(value);
  const host = hostOf(listOf(endpoint['addresses'])[0], family);
  const conditions = fieldsOf(endpoint['conditions']);
  return host === null
    ? []
    : [
        {
          host,
          ready: conditions['ready'] !== false,
          serving: conditions['serving'] !== false,
          terminating: conditions['terminating'] === true,
          zone: textOf(endpoint['zone']),
          hintZones: listOf(fieldsOf(endpoint['hints'])['forZones'])
            .slice(0, MAX_HINT_ZONES)
            .flatMap((zone) => textOf(fieldsOf(zone)['name']) ?? []),
          pod: podOf(fieldsOf(endpoint['targetRef']), namespace),
        },
      ];
}

/** Slices that people write may refer to other namespaces, whose pods are not known here. */
function podOf(target: Fields, namespace: string | null): string | null {
  const isElsewhere = namespace !== null && (target['namespace'] ?? namespace) !== namespace;
  return target['kind'] === 'Pod' && !isElsewhere ? textOf(target['name']) : null;
}

function hostOf(value: unknown, family: 'v4' | 'v6'): string | null {
  if (typeof value !== 'string' || !(family === 'v4' ? isIPv4(value) : isIPv6(value))) {
    return null;
  }
  const result = parseAddress(family === 'v4' ? `${value}:1` : `[${value}]:1`);
  return result.kind === 'address' && result.address.kind === 'tcp' ? result.address.host : null;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
