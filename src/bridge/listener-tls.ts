import { hostname } from 'node:os';
import type { ListenerTlsConfig } from '../config/sections/listener-tls.ts';
import { type Certificate, loadAuthorities, loadCertificate } from '../tls/certificate-store.ts';
import { createSelfSignedCertificate } from '../tls/self-signed.ts';
import type { ClientCertificates, ServerTls } from '../tls/server-options.ts';

/** What does not stand in the files. */
export interface ListenerTlsBasis {
  /** Milliseconds since 1970 now. */
  readonly nowMs: number;
  /** Is served in place of what the configuration names; null for that. */
  readonly kept: Certificate | null;
}

/**
 * Reads the files of a TLS listener, or makes its certificate.
 *
 * @throws BridgeError `CERTIFICATE_UNUSABLE`, one line that names listener and file.
 */
export async function loadListenerTls(name: string, tls: ListenerTlsConfig, basis: ListenerTlsBasis): Promise<ServerTls> {
  const owner = `listener ${name}`;
  const certificate = basis.kept ?? (await loadOwnCertificate(owner, tls, basis.nowMs));
  return { certificate, minVersion: tls.minVersion, clients: await loadClients(owner, tls) };
}

/**
 * What of its TLS a listener cannot change while it lives. Who may come in stands there for another reason: clients that were let in before
 * the rule changed are led to a new listener, and judged again.
 */
export function fixedTlsOf(tls: ListenerTlsConfig | null): unknown {
  return tls === null ? null : [tls.clientCertificates, tls.clientCaFile, tls.clientSubjectAltNames];
}

function loadOwnCertificate(owner: string, tls: ListenerTlsConfig, nowMs: number): Promise<Certificate> {
  const { certificateFile, privateKeyFile } = tls;
  return certificateFile === null || privateKeyFile === null
    ? createSelfSignedCertificate({ nowMs, hostName: hostname() })
    : loadCertificate(owner, { certificateFile, privateKeyFile });
}

async function loadClients(owner: string, tls: ListenerTlsConfig): Promise<ClientCertificates | null> {
  const { clientCertificates, clientCaFile, clientSubjectAltNames } = tls;
  if (clientCertificates === 'none' || clientCaFile === null) {
    return null;
  }
  const ca = await loadAuthorities(owner, clientCaFile, 'clientCaFile');
  return { ca, isRequired: clientCertificates === 'required', subjectAltNames: clientSubjectAltNames };
}
