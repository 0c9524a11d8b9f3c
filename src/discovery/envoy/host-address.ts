import { isIPv6 } from 'node:net';
import { type Address, formatAddress, parseAddress } from '../../model/address.ts';

/** An address that Envoy listed, with the key that its endpoint has. */
export interface HostAddress {
  readonly address: Address;
  readonly key: string;
}

const INTERNAL_SCHEME = 'envoy://';
/** Of a path or of the name of an internal listener. Characters. */
const MAX_PATH_LENGTH = 4_096;
const MAPPED_IPV4 = /^\[(::ffff:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\]:(\d{1,5})$/i;

/** An address as the text form has it: `ip:port`, `[v6]:port`, a path, `@name`, `envoy://listener/endpoint`; null for anything else. */
export function parseTextAddress(text: string): HostAddress | null {
  if (text.startsWith(INTERNAL_SCHEME)) {
    return internal(text);
  }
  if (text.startsWith('/') || text.startsWith('@')) {
    return pipe(text);
  }
  return socket(text) ?? (text.includes('/') ? pipe(text) : null);
}

/** An `address` object of the JSON form; null for anything else. */
export function parseJsonAddress(value: unknown): HostAddress | null {
  const { socket_address: socketAddress, pipe: pipeAddress, envoy_internal_address: internalAddress } = fieldsOf(value);
  if (socketAddress !== undefined) {
    const { address, port_value: port = 0 } = fieldsOf(socketAddress);
    const isText = typeof address === 'string' && typeof port === 'number';
    return isText ? socket(isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`) : null;
  }
  if (pipeAddress !== undefined) {
    const { path } = fieldsOf(pipeAddress);
    return typeof path === 'string' ? pipe(path) : null;
  }
  const { server_listener_name: listener, endpoint_id: endpoint = '' } = fieldsOf(internalAddress);
  return typeof listener === 'string' && typeof endpoint === 'string'
    ? internal(`${INTERNAL_SCHEME}${listener}/${endpoint}`)
    : null;
}

/** The fields of an object of unknown origin; none if it is no object. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function socket(text: string): HostAddress | null {
  // As Envoy spells it, rather than the URL parser, which has no dots here.
  const [, mapped, port] = MAPPED_IPV4.exec(text) ?? [];
  if (mapped !== undefined && isIPv6(mapped) && Number(port) <= 65_535) {
    return keyed({ kind: 'tcp', host: mapped.toLowerCase(), port: Number(port) });
  }
  const parsed = parseAddress(text, { allowPortZero: true });
  return parsed.kind === 'address' && parsed.address.kind === 'tcp' ? keyed(parsed.address) : null;
}

/** An abstract socket begins with a NUL for the system, and with an `@` wherever it is shown. */
function pipe(path: string): HostAddress | null {
  if (path === '' || path.length > MAX_PATH_LENGTH || path.includes('\0')) {
    return null;
  }
  return { address: { kind: 'unix', path: path.startsWith('@') ? `\0${path.slice(1)}` : path }, key: `unix:${path}` };
}

/** Nobody but that Envoy can connect to it: as a relative path it names no socket, so that whoever tries is refused. */
function internal(text: string): HostAddress | null {
  return text.length > MAX_PATH_LENGTH ? null : { address: { kind: 'unix', path: text }, key: text };
}

function keyed(address: Address): HostAddress {
  return { address, key: formatAddress(address) };
}
