import { type Static, Type } from 'typebox';
import type { Address } from '../../model/address.ts';
import { adminAddressKey, toAddress } from '../addresses.ts';
import { closed } from '../keys.ts';

/** The section `admin`. */
export const AdminSchema = Type.Object(
  {
    address: adminAddressKey(
      'Where it binds: a loopback address, localhost or unix:/path, as this version has no access control for it. Port 0 takes a free one. Envoy: `admin.address`.',
      '127.0.0.1:9902',
    ),
  },
  closed({ description: 'The admin listener: /metrics, and the health URLs with full details.', default: {} }),
);

/** The admin listener. */
export interface AdminConfig {
  /** A loopback address, `localhost` or a unix socket. Default 127.0.0.1:9902. */
  readonly address: Address;
}

export function toAdminConfig(section: Static<typeof AdminSchema>): AdminConfig {
  return { address: toAddress(section.address) };
}
