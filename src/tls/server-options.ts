import type { TlsOptions } from 'node:tls';
import type { Certificate } from './certificate-store.ts';

/** The oldest TLS that a listener speaks. */
export type MinTlsVersion = 'TLSv1.2' | 'TLSv1.3';

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

/** What a TLS listener tells OpenSSL. There is one certificate for every name, also for clients that send none. */
export function tlsServerOptions(certificate: Certificate, minVersion: MinTlsVersion): TlsOptions {
  return {
    cert: certificate.chain,
    key: certificate.privateKey,
    minVersion,
    ciphers: CIPHER_SUITES.join(':'),
    ALPNProtocols: [...ALPN_PROTOCOLS],
  };
}
