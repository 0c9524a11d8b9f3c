import { constants } from 'node:crypto';
import type { TlsOptions } from 'node:tls';
import type { Certificate } from './certificate-store.ts';

/** The oldest TLS that a listener speaks. */
export type MinTlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** What a listener asks of the certificates of its clients. */
export interface ClientCertificates {
  /** The authorities that they are verified against, as PEM; clients are told their names. Envoy: `trusted_ca`. */
  readonly ca: string;
  /** Whether a client without one is denied what is routed. Envoy: `require_client_certificate`, where such a handshake fails. */
  readonly isRequired: boolean;
  /** A certificate must have one of these names; empty takes every verified one. Envoy: `match_typed_subject_alt_names`, exact. */
  readonly subjectAltNames: readonly string[];
}

/**
 * The suites of TLS 1.3, and of TLS 1.2 those with an ephemeral key and an AEAD: what RFC 9113, appendix A leaves. As the first
 * octets decide the protocol, no connection may have less than HTTP/2 demands.
 */
const CIPHER_SUITES: readonly string[] = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

/**
 * Preferred first. A client that offers none of these ends with the alert no_application_protocol (RFC 7301, section 3.2), which
 * keeps connections meant for another protocol away; one that offers no ALPN at all is served.
 */
const ALPN_PROTOCOLS: readonly string[] = ['h2', 'http/1.1', 'http/1.0'];

/** The server's side of the handshake. */
export interface ServerTls {
  readonly certificate: Certificate;
  /** Default TLSv1.2. */
  readonly minVersion?: MinTlsVersion;
  /** Default null: clients are not asked for certificates. */
  readonly clients?: ClientCertificates | null;
}

/** What a TLS listener tells OpenSSL. There is one certificate for every name, also for clients that send none. */
export function tlsServerOptions({ certificate, minVersion = 'TLSv1.2', clients = null }: ServerTls): TlsOptions {
  return {
    cert: certificate.chain,
    key: certificate.privateKey,
    minVersion,
    ciphers: CIPHER_SUITES.join(':'),
    ALPNProtocols: [...ALPN_PROTOCOLS],
    // RFC 9113, section 9.2.1. Whose certificate was judged at the start of a connection stays its client, too.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(clients === null ? {} : clientOptions(clients)),
  };
}

/**
 * No handshake fails for want of a certificate, as health URLs are open to every client. No session is resumed either: that would prove
 * again what a certificate proved when its authority was still trusted and its time not over (RFC 8446, section 4.6.1), and of a resumed
 * session without any certificate OpenSSL says that it is fine.
 */
function clientOptions({ ca }: ClientCertificates): TlsOptions {
  return {
    ca,
    requestCert: true,
    rejectUnauthorized: false,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
  };
}
