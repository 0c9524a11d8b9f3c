import { Type } from 'typebox';
import { type Address, isIpLiteral, parseAddress } from '../model/address.ts';
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

const HTTP_SCHEME = 'http://';

const ENVOY_ADMIN: AddressKind = {
  kind: 'http://host:port | unix:/path',
  expects: 'http://host:port, host:port or unix:/path',
  allowPortZero: false,
  refuses: () => null,
};

/** Where a listener binds. Port 0 takes a free one. */
export function listenAddressKey(description: string, defaultAddress?: string): Type.TString {
  return addressKey(LISTENER, defaultAddress === undefined ? { description } : { description, default: defaultAddress });
}

/** Where an endpoint is reached; a name is resolved later. */
export function endpointAddressKey(description: string): Type.TString {
  return addressKey(ENDPOINT, { description });
}

/** The admin interface of an Envoy, with or without the scheme of a URL. */
export function envoyAdminKey(description: string): Type.TString {
  return addressKey(ENVOY_ADMIN, { description }, withoutScheme);
}

/** The address of a text that `envoyAdminKey` has accepted. */
export function toEnvoyAdmin(text: string): Address {
  return toAddress(withoutScheme(text));
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

function withoutScheme(text: string): string {
  if (!text.startsWith(HTTP_SCHEME)) {
    return text;
  }
  const rest = text.slice(HTTP_SCHEME.length);
  return rest.endsWith('/') ? rest.slice(0, -1) : rest;
}

function addressKey(
  kind: AddressKind,
  options: { readonly description: string; readonly default?: string },
  toText: (text: string) => string = String,
): Type.TString {
  const notes: KeyNotes = { expects: kind.expects, kind: kind.kind };
  return withRule(Type.String({ ...options, ...notes }), (text) => {
    const message = problemOf(kind, toText(text));
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
