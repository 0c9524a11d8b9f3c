import { isIPv4, isIPv6 } from 'node:net';
import { type Static, Type } from 'typebox';
import { type Address, isLoopback } from '../../model/address.ts';
import { listenAddressKey, toAddress } from '../addresses.ts';
import { closed, fileKey, textKey } from '../keys.ts';
import { MAX_ADMIN_NETWORKS } from '../limits.ts';
import { listKey } from '../lists.ts';
import { type Finding, withRule } from '../rules.ts';

const NetworkSchema = textKey(
  {
    description: 'An address, or a network with the length of its prefix.',
    expects: 'an IP address, or a network such as 10.0.0.0/8 or fd00::/8',
    kind: 'network',
    maxLength: 64,
  },
  isNetwork,
);

const AdminShape = Type.Object(
  {
    address: listenAddressKey(
      'Where it binds: an IP address, localhost or unix:/path. Other addresses than those of this machine alone need allow or tokenFile. Port 0 takes a free one. Envoy: `admin.address`.',
      '127.0.0.1:9902',
    ),
    allow: listKey(NetworkSchema, {
      description:
        'Who may ask beside peers on this machine, by network; others are answered 403. Empty: everybody who can connect. Envoy: `admin.allow_paths` limits paths, not peers.',
      default: [],
      maxItems: MAX_ADMIN_NETWORKS,
      uniqueBy: String,
    }),
    tokenFile: Type.Optional(
      fileKey({
        description:
          'A file with a token that every request must bring as `authorization: Bearer TOKEN`, peers on this machine included; else 401. It is read again when it changes. `/livez`, and the status page without its data, need none.',
      }),
    ),
  },
  closed({
    description: 'The admin listener: status page, clusters, metrics, health URLs with full details, drain.',
    default: {},
  }),
);

/** The section `admin`. */
export const AdminSchema = withRule(AdminShape, findOpenAdmin);

/** The admin listener. */
export interface AdminConfig {
  /** Default 127.0.0.1:9902. */
  readonly address: Address;
  /** Networks, or single addresses, whose peers may ask beside those on this machine. Empty: all. */
  readonly allow: readonly string[];
  /** Null: no token is asked for. */
  readonly tokenFile: string | null;
}

export function toAdminConfig(section: Static<typeof AdminShape>): AdminConfig {
  return { address: toAddress(section.address), allow: section.allow, tokenFile: section.tokenFile ?? null };
}

/** Who can reach it can drain the bridge, so that an address beyond this machine needs a word on who that is. */
function findOpenAdmin(section: Static<typeof AdminShape>): readonly Finding[] {
  const { address, allow, tokenFile } = toAdminConfig(section);
  const isHere = address.kind === 'unix' || address.host === 'localhost' || isLoopback(address.host);
  return isHere || allow.length > 0 || tokenFile !== null
    ? []
    : [{ at: ['address'], message: 'needs allow or tokenFile, as it can be reached from other machines', got: section.address }];
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : null;
  const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (bits ?? 0));
  return bits !== null && isPrefix && rest.length === 0;
}
