import { isIP, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { checkAltNames } from '../util/subject-alt-names.ts';
import type { HealthTlsOptions } from './options.ts';

/** What TLS towards one endpoint needs. */
export interface TlsTarget {
  readonly context: SecureContext;
  /** A host name or IP literal, which the certificate must be for. */
  readonly name: string;
  readonly verify: boolean;
  /** One of these must be in the certificate, instead of `name`; empty checks `name`. */
  readonly subjectAltNames: readonly string[];
  readonly clientCertificate: boolean;
}

/** Throws when the PEM is unusable or the key does not fit: once per cluster, at start. */
export function createTlsContext(options: HealthTlsOptions): SecureContext {
  return createSecureContext({
    ca: options.ca ?? [...getCACertificates('default'), ...getCACertificates('system')],
    ...(options.cert === null ? {} : { cert: options.cert }),
    ...(options.key === null ? {} : { key: options.key }),
    minVersion: 'TLSv1.2',
  });
}

/** Starts TLS on a connected socket. The caller listens for `secureConnect` and `error`, and owns the result. */
export function connectTls(socket: Socket, target: TlsTarget, protocol: 'h2' | 'http/1.1'): TLSSocket {
  const options: ConnectionOptions = {
    socket,
    host: target.name,
    secureContext: target.context,
    ALPNProtocols: [protocol],
    rejectUnauthorized: target.verify,
    ...(target.subjectAltNames.length === 0
      ? {}
      : { checkServerIdentity: (_host, certificate) => checkAltNames(target.subjectAltNames, certificate) }),
  };
  // RFC 6066, section 3: literal addresses are not permitted as a server name.
  return connect(isIP(target.name) === 0 ? { ...options, servername: target.name } : options);
}

/** Resolves once the handshake is done and the certificate is as it should be. */
export function secured(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed during the TLS handshake')));
  });
}
