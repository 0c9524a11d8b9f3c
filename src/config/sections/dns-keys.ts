import type { Type } from 'typebox';
import { resolverAddressKey } from '../addresses.ts';
import { durationKey, wordKey } from '../keys.ts';
import { MAX_DNS_RESOLVERS } from '../limits.ts';
import { listKey } from '../lists.ts';

/** The key `resolvers` of sources that ask DNS. */
export function resolversKey(): Type.TArray<Type.TString> {
  return listKey(resolverAddressKey('ip:port.'), {
    description: 'The DNS servers to ask. Envoy: `typed_dns_resolver_config`.',
    default: [],
    defaultText: 'those of the system',
    maxItems: MAX_DNS_RESOLVERS,
    uniqueBy: String,
  });
}

/** The key `refreshInterval` of sources that ask DNS. */
export function refreshIntervalKey(description: string): Type.TString {
  return durationKey({ description, default: '5s', minimum: '1s', maximum: '1h' });
}

/** The key `family` of sources that ask DNS. */
export function familyKey(): Type.TEnum<['auto', 'all', 'v4', 'v6']> {
  return wordKey(['auto', 'all', 'v4', 'v6'], {
    description:
      'auto: IPv6 addresses if there are any, else IPv4; one of each is one endpoint, reached at either (happy eyeballs, 250 ms). all: both, each an endpoint of its own. Envoy: `dns_lookup_family` AUTO, ALL, V4_ONLY, V6_ONLY; gRPC: A61.',
    default: 'auto',
  });
}
