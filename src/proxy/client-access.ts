import type { TLSSocket } from 'node:tls';
import type { ClientCertificates } from '../tls/server-options.ts';
import { hasAltName, parseAltNames, toWantedName } from '../util/subject-alt-names.ts';
import { LocalReason } from './local-reason.ts';

/** What a client's certificate, or the want of it, leads to. */
export interface ClientAccess {
  /** Why nothing that is routed is for the client; null if it is. */
  readonly denial: LocalReason | null;
  /** What is wrong with the certificate that was shown, for logs; null for nothing, and for none. */
  readonly detail: string | null;
}

const GRANTED: ClientAccess = Object.freeze({ denial: null, detail: null });
const NONE_SHOWN: ClientAccess = Object.freeze({ denial: LocalReason.CLIENT_CERTIFICATE_REQUIRED, detail: null });
const WRONG_NAME: ClientAccess = Object.freeze({
  denial: LocalReason.CLIENT_NOT_ALLOWED,
  detail: 'none of its names is among clientSubjectAltNames',
});

/** Judges the client of a handshake that has just ended; OpenSSL has verified the certificate, and let the handshake go on in any case. */
export function findDenial(socket: TLSSocket, { isRequired, subjectAltNames }: ClientCertificates): ClientAccess {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    // Not `authorized`, which Node may say of clients without a certificate.
    return isRequired ? NONE_SHOWN : GRANTED;
  }
  if (!socket.authorized) {
    return { denial: LocalReason.CLIENT_CERTIFICATE_INVALID, detail: `cannot be verified: ${String(socket.authorizationError)}` };
  }
  const isNamed =
    subjectAltNames.length === 0 ||
    hasAltName(parseAltNames(certificate.subjectAltName ?? ''), subjectAltNames.map(toWantedName));
  return isNamed ? GRANTED : WRONG_NAME;
}
