/** What the usual errors of connect(2) mean to an operator. */
const SOCKET_ERRORS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'connection reset'],
  ['ETIMEDOUT', 'no connection: the network gave up'],
  ['EHOSTUNREACH', 'host unreachable'],
  ['ENETUNREACH', 'network unreachable'],
  ['EADDRNOTAVAIL', 'no local address or port is free'],
  ['EMFILE', 'this process has too many open files'],
  ['ENFILE', 'this machine has too many open files'],
  ['ENOENT', 'no such socket file'],
  ['EACCES', 'permission denied'],
  ['ENOTSOCK', 'not a socket'],
  ['ENOTFOUND', 'name not found'],
  ['EAI_AGAIN', 'name resolution failed for now'],
]);

const UNTRUSTED: ReadonlySet<string> = new Set([
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const BROKEN: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

/** Alerts with which a server judges what the client showed (RFC 8446, section 6.2); OpenSSL's names of them. */
const CLIENT_CERTIFICATE_ALERT =
  /ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|UNKNOWN_CA|CERTIFICATE_REQUIRED|ACCESS_DENIED|HANDSHAKE_FAILURE|DECRYPT_ERROR)/;
/** What OpenSSL makes of octets that are no TLS record. */
const NO_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNEXPECTED_MESSAGE|RECORD_LAYER_FAILURE|INVALID_RECORD/i;

/** @param otherwise what to say of an error without a known code. */
export function describeSocketError(code: string, otherwise: string): string {
  return SOCKET_ERRORS.get(code) ?? (otherwise === '' ? 'no connection' : `no connection: ${otherwise}`);
}

/** Why a TLS handshake failed; null is a connection that ended without an error. */
export function describeTlsError(error: Error | null, clientCertificate: boolean): string {
  return `TLS handshake failed: ${tlsReason(error, errorCode(error), clientCertificate)}`;
}

/** The code that Node gives an error; empty if it has none. */
export function errorCode(error: Error | null): string {
  return error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function tlsReason(error: Error | null, code: string, clientCertificate: boolean): string {
  if (UNTRUSTED.has(code)) {
    return "the server's certificate is not from a trusted CA (tls.caFile)";
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return `the server's certificate ${code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'}`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the server's certificate is for another name: ${error !== null && 'reason' in error ? String(error.reason) : ''}`;
  }
  if (code.includes('NO_APPLICATION_PROTOCOL')) {
    return 'the server does not offer HTTP/2 (ALPN h2)';
  }
  if (CLIENT_CERTIFICATE_ALERT.test(code)) {
    return clientCertificate ? 'the server refused the client certificate' : 'the server wants a client certificate';
  }
  if (NO_TLS.test(code)) {
    return 'the backend speaks plaintext';
  }
  return error === null || BROKEN.has(code)
    ? `the server closed the connection: it may ${clientCertificate ? 'have refused the' : 'want a'} client certificate, or speak plaintext`
    : error.message;
}
