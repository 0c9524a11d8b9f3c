import { type Static, Type } from 'typebox';
import type { Address } from '../../model/address.ts';
import { listenAddressKey, toAddress } from '../addresses.ts';
import { closed } from '../keys.ts';

/** The section `metrics`. */
export const MetricsSchema = Type.Object(
  {
    address: listenAddressKey(
      'Where it binds: an IP address or localhost with a port, or unix:/path. Whoever can connect can read. Port 0 takes a free one.',
    ),
  },
  closed({
    description: 'A listener for scrapers: /metrics alone, as on the admin listener. Without the section there is none.',
  }),
);

/** The listener for scrapers. */
export interface MetricsConfig {
  readonly address: Address;
}

export function toMetricsConfig(section: Static<typeof MetricsSchema>): MetricsConfig {
  return { address: toAddress(section.address) };
}
