import { Type } from 'typebox';
import { type Address, isIpLiteral, isLoopback, parseAddress } from '../model/address.ts';
import type { KeyNotes } from './notes.ts';
import { withRule } from './rules.ts';

interface AddressKind {
  readonly kind: string;
  readonly expects: string;
  readonly allowPortZero: boolean;
  /** What is wrong with an address of the right shape, or null. */
  readonly refuses: (address: Address) => string | null;
}

const LISTENER: AddressKind = {
  kind: 'address',
  expects: 'an IP address or localhost with a port, or unix:/path',
  allowPortZero: true,
  refuses: (address) =>
    address.kind === 'unix' || isIpLiteral(address.host) || address.host === 'localhost'
      ? null
      : 'must be an IP address or localhost with a port, or unix:/path: other names are not resolved',
};

const ADMIN: AddressKind = {
  ...LISTENER,
  expects: 'a loopback address or localhost with a port, or unix:/path',
  refuses: (address) =>
    LISTENER.refuses(address) ??
    (address.kind === 'unix' || address.host === 'localhost' || isLoopback(address.host)
      ? null
      : 'must be a loopback address or unix:/path, as this version has no access control for it'),
};

const ENDPOINT: AddressKind = {
  kind: 'address',
  expects: 'ip:port, name:port or unix:/path',
  allowPortZero: false,
  refuses: () => null,
};

const RESOLVER: AddressKind = {
  kind: 'ip:port',
  expects: 'ip:port',
  allowPortZero: false,
  refuses: (address) =>
    address.kind === 'tcp' && isIpLiteral(address.host)
      ? null
      : 'must be ip:port: a resolver is reached without resolving its name',
};

/** Where a listener binds. Port 0 takes a free one. */
export function listenAddressKey(description: string): Type.TString {
  return addressKey(LISTENER, { description });
}

/** Where the admin listener binds: this machine only. */
export function adminAddressKey(description: string, defaultAddress: string): Type.TString {
  return addressKey(ADMIN, { description, default: defaultAddress });
}

/** Where an endpoint is reached; a name is resolved later. */
export function endpointAddressKey(description: string): Type.TString {
  return addressKey(ENDPOINT, { description });
}

/** A DNS server. */
export function resolverAddressKey(description: string): Type.TString {
  return addressKey(RESOLVER, { description });
}

/** The address of a text that the schema has accepted. */
export function toAddress(text: string): Address {
  const result = parseAddress(text, { allowPortZero: true });
  if (result.kind === 'invalid') {
    throw new RangeError(`${text} passed as an address`);
  }
  return result.address;
}

function addressKey(kind: AddressKind, options: { readonly description: string; readonly default?: string }): Type.TString {
  const notes: KeyNotes = { expects: kind.expects, kind: kind.kind };
  return withRule(Type.String({ ...options, ...notes }), (text) => {
    const message = problemOf(kind, text);
    return message === null ? [] : [{ at: [], message, got: text }];
  });
}

function problemOf(kind: AddressKind, text: string): string | null {
  const result = parseAddress(text, { allowPortZero: kind.allowPortZero });
  if (result.kind === 'invalid') {
    return `must be ${kind.expects}: it ${result.message}`;
  }
  return kind.refuses(result.address);
}
