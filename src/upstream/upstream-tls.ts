import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  getCACertificates,
  type SecureContext,
} from 'node:tls';
import type { Endpoint } from '../model/endpoint.ts';
import { describeTlsError, errorCode } from '../util/socket-reasons.ts';
import { checkAltNames } from '../util/subject-alt-names.ts';
import type { UpstreamTlsOptions } from './options.ts';

/** TLS as all connections of a cluster use it: made once, as reading the trusted certificates takes long. */
export class UpstreamTls {
  #options: UpstreamTlsOptions;
  #context: SecureContext;

  /** Throws when the PEM is unusable or the key does not fit the certificate. */
  constructor(options: UpstreamTlsOptions) {
    this.#options = options;
    this.#context = createSecureContext({
      ca: options.ca ?? [...getCACertificates('default'), ...getCACertificates('system')],
      ...(options.cert === null ? {} : { cert: options.cert }),
      ...(options.key === null ? {} : { key: options.key }),
      // RFC 9113, section 9.2.
      minVersion: 'TLSv1.2',
    });
  }

  /** From now on handshakes are made as the other one makes them; connections that there are go on. */
  become(other: UpstreamTls): void {
    this.#options = other.#options;
    this.#context = other.#context;
  }

  /** Why a handshake failed, in words for an operator. */
  describeFailure(error: Error): string {
    return describeTlsError(error, this.#options.cert !== null);
  }

  /** Why a connection was lost after the handshake and before the first frame. */
  describeLoss(error: Error | null): string {
    if (error !== null && errorCode(error).startsWith('ERR_SSL')) {
      return this.describeFailure(error);
    }
    const guess = this.#options.cert === null ? 'want a client certificate' : 'have refused the client certificate';
    return `the endpoint closed the connection after the TLS handshake: it may ${guess}`;
  }

  /** What tls.connect needs besides the address. */
  optionsFor(endpoint: Endpoint): ConnectionOptions {
    const { serverName, insecureSkipVerify, subjectAltNames } = this.#options;
    const name = serverName ?? endpoint.hostname ?? (endpoint.address.kind === 'tcp' ? endpoint.address.host : 'localhost');
    // A fully qualified name is written without its closing dot in SNI and in certificates (RFC 6066, section 3).
    const plainName = name.endsWith('.') ? name.slice(0, -1) : name;
    return {
      secureContext: this.#context,
      // RFC 9113, section 3.2: HTTP/2 over TLS is agreed on by ALPN alone.
      ALPNProtocols: ['h2'],
      rejectUnauthorized: !insecureSkipVerify,
      // RFC 6066, section 3: literal addresses are not permitted as a server name.
      servername: isIP(plainName) === 0 ? plainName : '',
      checkServerIdentity: (_host, certificate) =>
        subjectAltNames.length === 0 ? checkServerIdentity(plainName, certificate) : checkAltNames(subjectAltNames, certificate),
    };
  }
}
