const MAPPED_PREFIX = '::ffff:';

/** IPv4 addresses as such, where a socket for both families shows them mapped (RFC 4291, section 2.5.5.2). */
export function toPlainAddress(address: string): string {
  return address.startsWith(MAPPED_PREFIX) && address.includes('.') ? address.slice(MAPPED_PREFIX.length) : address;
}
