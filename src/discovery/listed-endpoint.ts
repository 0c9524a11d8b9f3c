import { type Address, isIpLiteral } from '../model/address.ts';
import { createEndpoint, type Endpoint, type EndpointTraits, withTraits } from '../model/endpoint.ts';
import type { NamedTarget } from './named-endpoints.ts';

/** One item of a list that a configuration or a file has. A host name stands for all its addresses, each of which has the traits. */
export interface ListedEndpoint extends EndpointTraits {
  readonly address: Address;
}

/** A list, by whether something must be looked up first. */
export interface SplitList {
  readonly known: readonly Endpoint[];
  readonly named: readonly NamedTarget[];
}

/** Takes host names apart from what is an endpoint as it stands. */
export function splitListed(listed: readonly ListedEndpoint[]): SplitList {
  const known: Endpoint[] = [];
  const named: NamedTarget[] = [];
  for (const { address, ...traits } of listed) {
    if (address.kind === 'unix' || isIpLiteral(address.host)) {
      known.push(withTraits(createEndpoint(address, null), traits));
    } else {
      named.push({ host: address.host, port: address.port, traits });
    }
  }
  return { known, named };
}
