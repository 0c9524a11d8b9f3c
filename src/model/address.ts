import { isIPv4, isIPv6 } from 'node:net';

/** Where something listens or is reached. Hosts are IP literals or names; an IPv6 host has no brackets here. */
export type Address =
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      /** An IP literal of the other family where the same server is, if that is known: tried where `host` is not reached (RFC 8305). */
      readonly otherHost?: string;
    }
  | { readonly kind: 'unix'; readonly path: string };

/** An address, or why the text is none. */
export type AddressResult =
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'invalid'; readonly message: string };

/** Linux allows 108 octets in sun_path, the closing NUL included. */
const MAX_UNIX_PATH_BYTES = 107;
const HOST_LABEL = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;
const MAX_HOST_NAME_LENGTH = 253;
const PORT = /^\d{1,5}$/;

/** Parses `1.2.3.4:80`, `[::1]:80`, `name:80` and `unix:/path`. Ports are 1 to 65535, or from 0 with `allowPortZero`. */
export function parseAddress(text: string, options: { readonly allowPortZero?: boolean } = {}): AddressResult {
  if (text.startsWith('unix:')) {
    return parseUnix(text.slice('unix:'.length));
  }
  const colon = text.lastIndexOf(':');
  if (colon < 0) {
    return invalid('has no port: write host:port');
  }
  const host = parseHost(text.slice(0, colon));
  const portText = text.slice(colon + 1);
  if (host === null) {
    return invalid('is not host:port with an IPv4 address, an IPv6 address in brackets, or a host name');
  }
  const port = PORT.test(portText) ? Number(portText) : -1;
  const lowest = options.allowPortZero === true ? 0 : 1;
  if (port < lowest || port > 65_535) {
    return invalid(`has no port between ${lowest} and 65535`);
  }
  return { kind: 'address', address: { kind: 'tcp', host, port } };
}

/** The inverse of `parseAddress`, with IPv6 in brackets, without `otherHost`: the key under which an endpoint is known everywhere. */
export function formatAddress(address: Address): string {
  if (address.kind === 'unix') {
    return `unix:${address.path}`;
  }
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Whether a host is an IP literal, so that nothing needs to be resolved. */
export function isIpLiteral(host: string): boolean {
  return isIPv4(host) || isIPv6(host);
}

/** Whether a TCP peer address is this machine, the IPv4-mapped form included. */
export function isLoopback(host: string): boolean {
  const plain = host.startsWith('::ffff:') ? host.slice('::ffff:'.length) : host;
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}

/** Whether text is a host name as DNS and the hosts file have it; a closing dot is allowed. */
export function isHostName(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return name !== '' && name.length <= MAX_HOST_NAME_LENGTH && name.split('.').every((label) => HOST_LABEL.test(label));
}

function parseHost(text: string): string | null {
  if (text.startsWith('[') && text.endsWith(']')) {
    const inner = text.slice(1, -1);
    // The URL parser gives one spelling per address, so that `::1` and `0:0::1` are the same endpoint.
    return isIPv6(inner) && !inner.includes('%') ? new URL(`http://[${inner}]/`).hostname.slice(1, -1) : null;
  }
  if (isIPv4(text)) {
    return text;
  }
  // All digits and dots, yet no IPv4 address: a mistyped address rather than a name.
  return isHostName(text) && !/^[\d.]+$/.test(text) ? text.toLowerCase() : null;
}

function parseUnix(path: string): AddressResult {
  if (!path.startsWith('/')) {
    return invalid('needs an absolute path after unix:');
  }
  if (Buffer.byteLength(path) > MAX_UNIX_PATH_BYTES) {
    return invalid(`has a path of more than ${MAX_UNIX_PATH_BYTES} octets`);
  }
  return { kind: 'address', address: { kind: 'unix', path } };
}

function invalid(message: string): AddressResult {
  return { kind: 'invalid', message };
}
