import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { isIpLiteral, isLoopback, parseAddress } from '../model/address.ts';
import { type AdminAnswer, textAnswer } from './admin-answer.ts';
import type { BearerToken } from './bearer-token.ts';

/** What of a request decides whether it is answered. */
export interface AdminPeer {
  /** The peer's IP address, or undefined on a unix socket. */
  readonly remoteAddress: string | undefined;
  /** `Host`, or `:authority` of HTTP/2. */
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  /** Whether the URL tells nothing that needs the token. */
  readonly isOpen: boolean;
}

export interface AdminAccessOptions {
  /** Networks beside this machine. Empty: every peer. */
  readonly allow: readonly string[];
  /** Null: no token is asked for. */
  readonly token: BearerToken | null;
}

/** Decides who is answered on the admin listener. */
export class AdminAccess {
  readonly #networks: BlockList | null;
  readonly #token: BearerToken | null;

  constructor({ allow, token }: AdminAccessOptions) {
    this.#networks = allow.length === 0 ? null : toBlockList(allow);
    this.#token = token;
  }

  /** Why a request is refused, or null. Never rejects. */
  async refuse(peer: AdminPeer): Promise<AdminAnswer | null> {
    if (!this.#allows(peer.remoteAddress)) {
      return textAnswer(403, 'this address is not in admin.allow');
    }
    if (!isSameOrigin(peer)) {
      return textAnswer(403, 'asked by a page of another origin');
    }
    const hasToken = this.#token !== null && (await this.#token.admits(peer.authorization));
    if (this.#token !== null && !hasToken && !peer.isOpen) {
      return textAnswer(401, 'needs the token of admin.tokenFile as "authorization: Bearer TOKEN"', {
        'www-authenticate': 'Bearer',
      });
    }
    // A page whose own name was made to lead here (DNS rebinding) comes with that name, and cannot have the token.
    return hasToken || isUnnamed(peer.host)
      ? null
      : textAnswer(403, 'the Host of this request is a name: use an IP address or localhost, or the token of admin.tokenFile');
  }

  /** Peers on this machine always may: the address that binds, and the token, are what keeps them out. */
  #allows(remoteAddress: string | undefined): boolean {
    if (this.#networks === null || remoteAddress === undefined || isLoopback(remoteAddress)) {
      return true;
    }
    const plain = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice('::ffff:'.length) : remoteAddress;
    return isIPv4(plain) ? this.#networks.check(plain, 'ipv4') : isIPv6(plain) && this.#networks.check(plain, 'ipv6');
  }
}

/** Whether Host is absent, an IP address or localhost, with a port or without. */
export function isUnnamed(host: string | undefined): boolean {
  if (host === undefined || host === '') {
    return true;
  }
  const withPort = parseAddress(host, { allowPortZero: true });
  const whole = withPort.kind === 'address' ? withPort : parseAddress(`${host}:0`, { allowPortZero: true });
  if (whole.kind === 'invalid' || whole.address.kind === 'unix') {
    return false;
  }
  return whole.address.host === 'localhost' || isIpLiteral(whole.address.host);
}

/** Browsers say who asks whenever a request may change something; other clients do not. `null` is an origin that hides. */
function isSameOrigin({ origin, host }: AdminPeer): boolean {
  if (origin === undefined) {
    return true;
  }
  const url = URL.parse(origin);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.host === host?.toLowerCase();
}

function toBlockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    list.addSubnet(address, prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix), family);
  }
  return list;
}
