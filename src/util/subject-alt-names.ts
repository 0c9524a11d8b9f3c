import { isIP, SocketAddress } from 'node:net';
import type { PeerCertificate } from 'node:tls';

/** The kinds of names that a certificate is asked for. RFC 5280, section 4.2.1.6. */
export type AltNameKind = 'dns' | 'uri' | 'ip' | 'email';

/** One subject alternative name, in the form in which equal names are equal texts. */
export interface AltName {
  readonly kind: AltNameKind;
  readonly value: string;
}

/** One entry as Node writes it: a kind, a colon, and the name, which is a JSON string when it has characters that would be mistaken. */
const ALT_NAME = /(?:^|, )(DNS|URI|IP Address|email):(?:("(?:[^"\\]|\\.)*")|([^",]*))(?=, |$)/g;

const KINDS: ReadonlyMap<string, AltNameKind> = new Map([
  ['DNS', 'dns'],
  ['URI', 'uri'],
  ['IP Address', 'ip'],
  ['email', 'email'],
]);

/** RFC 3986, section 3: a scheme, and `//` or, for a mail address, none. */
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const SCHEME_AND_AUTHORITY = /^[a-z][a-z0-9+.-]*:(?:\/\/[^/?#]*)?/i;

/** The names in Node's text form of subjectAltName; those of other kinds are left out. */
export function parseAltNames(text: string): readonly AltName[] {
  return [...text.matchAll(ALT_NAME)].flatMap(([, label = '', quoted, plain]): AltName[] => {
    const kind = KINDS.get(label);
    return kind === undefined ? [] : [normalize(kind, quoted === undefined ? (plain ?? '') : unquote(quoted))];
  });
}

/** A name as it is configured: an address, a URI by its scheme, a mail address by its `@`, or else a DNS name. */
export function toWantedName(text: string): AltName {
  if (isIP(text) !== 0) {
    return normalize('ip', text);
  }
  if (SCHEME.test(text)) {
    return normalize('uri', text);
  }
  return normalize(text.includes('@') ? 'email' : 'dns', text);
}

/**
 * Whether one of the names that are wanted is among those of a certificate, in full. A DNS name of the certificate may begin with `*.`, which
 * stands for one label (RFC 6125, section 6.4.3), as in Envoy's exact matcher of DNS names.
 */
export function hasAltName(names: readonly AltName[], wanted: readonly AltName[]): boolean {
  return wanted.some((one) => names.some((name) => name.kind === one.kind && covers(name, one)));
}

/** The same for the certificate of a server, as `checkServerIdentity` of Node returns it: the error, or undefined. */
export function checkAltNames(wanted: readonly string[], certificate: PeerCertificate): Error | undefined {
  if (hasAltName(parseAltNames(certificate.subjectaltname ?? ''), wanted.map(toWantedName))) {
    return undefined;
  }
  const error = new Error('no wanted subject alternative name');
  const reason = `none of ${wanted.join(', ')} is among its subject alternative names`;
  return Object.assign(error, { code: 'ERR_TLS_CERT_ALTNAME_INVALID', reason });
}

function covers(name: AltName, wanted: AltName): boolean {
  if (name.value === wanted.value) {
    return true;
  }
  const dot = wanted.value.indexOf('.');
  return name.kind === 'dns' && dot > 0 && name.value.startsWith('*.') && name.value.slice(1) === wanted.value.slice(dot);
}

function normalize(kind: AltNameKind, text: string): AltName {
  switch (kind) {
    case 'dns':
      return { kind, value: text.toLowerCase() };
    case 'ip':
      return { kind, value: toPlainIp(text) };
    case 'uri':
      // RFC 3986, section 6.2.2.1: scheme and host have no case, the path has; SPIFFE IDs differ by it.
      return { kind, value: text.replace(SCHEME_AND_AUTHORITY, (start) => start.toLowerCase()) };
    case 'email':
      // RFC 5321, section 2.4: only the domain has no case.
      return { kind, value: text.replace(/@[^@]*$/, (domain) => domain.toLowerCase()) };
  }
}

/** IPv6 addresses have many forms; Node's of a certificate is not the usual one. */
function toPlainIp(text: string): string {
  const family = isIP(text);
  return family === 0 ? text : new SocketAddress({ address: text, family: family === 6 ? 'ipv6' : 'ipv4' }).address;
}

function unquote(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    // Not JSON after all: such a name equals none that is wanted.
    return '';
  }
}
