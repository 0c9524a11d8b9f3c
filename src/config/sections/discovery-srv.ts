import { type Static, Type } from 'typebox';
import type { Address } from '../../model/address.ts';
import { toAddress } from '../addresses.ts';
import { closed, hostNameKey, toMs, wordKey } from '../keys.ts';
import { familyKey, refreshIntervalKey, resolversKey } from './dns-keys.ts';
import { sourceLabelsKey } from './labels.ts';

/** A source of `type: srv`. */
export const SrvSourceSchema = Type.Object(
  {
    type: wordKey(['srv'], {
      description:
        'Every target of the SRV records of a name, each at its own port, and every address of it (RFC 2782). Calls go to the records of the lowest priority number that have a healthy endpoint, by weight where the weights of one priority differ: each address of a target has the weight of its record, 0 counts as 1. A target "." says that there is no such service. For TLS and `:authority` the endpoints go by the domain below the labels that begin with an underscore.',
    }),
    name: hostNameKey({
      description:
        'The name, such as _grpc._tcp.app.example. With a closing dot it is looked up as it stands; without one the search list applies.',
    }),
    refreshInterval: refreshIntervalKey(
      'The pause between two look-ups of the records, whose TTL is not known; and the longest one between two of the addresses of a target, which a shorter TTL shortens, to 1s at the least.',
    ),
    resolvers: resolversKey(),
    family: familyKey(),
    labels: sourceLabelsKey(),
  },
  closed({ description: 'Endpoints that DNS knows with their ports.' }),
);

/** Endpoints that SRV records name. */
export interface SrvSourceConfig {
  readonly type: 'srv';
  /** A closing dot keeps the search list out. */
  readonly name: string;
  /** The pause between look-ups of the records in milliseconds, and the upper limit of that of addresses. Default 5 000. */
  readonly refreshIntervalMs: number;
  /** DNS servers, each an IP literal with a port; empty for those of the system. */
  readonly resolvers: readonly Address[];
  /** Default `auto`: IPv6 if any, else IPv4. */
  readonly family: 'auto' | 'all' | 'v4' | 'v6';
}

export function toSrvConfig(section: Static<typeof SrvSourceSchema>): SrvSourceConfig {
  const { name, refreshInterval, resolvers, family } = section;
  return { type: 'srv', name, refreshIntervalMs: toMs(refreshInterval), resolvers: resolvers.map(toAddress), family };
}
