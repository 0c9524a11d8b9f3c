import type { Certificate } from './certificate-store.ts';
import { parseCertificate } from './certificate-store.ts';

export interface SelfSignedOptions {
  /** Milliseconds since 1970 now. */
  readonly nowMs: number;
  /** The machine's own name, which joins `localhost`; left out when it is no DNS name. */
  readonly hostName: string;
}

const DAY_MS = 86_400_000;
/** For peers whose clock is behind ours. */
const VALID_BEFORE_MS = DAY_MS;
/** Made anew at each start, so this only has to outlive the process. */
const VALID_FOR_MS = 10 * 365 * DAY_MS;
const DNS_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

/**
 * Makes a P-256 certificate and its key. Load balancers that do not verify their backends take it; ECDSA also frees it from the
 * key usages that Google's ask of RSA certificates.
 */
export async function createSelfSignedCertificate(options: SelfSignedOptions): Promise<Certificate> {
  const names = ['localhost'];
  if (DNS_NAME.test(options.hostName) && options.hostName !== 'localhost') {
    names.push(options.hostName);
  }
  // Loaded when it is needed: it brings half of all modules, and most listeners have certificates in files.
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: 'grpc-health-bridge' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(options.nowMs - VALID_BEFORE_MS),
    notAfterDate: new Date(options.nowMs + VALID_FOR_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [...names.map((value) => ({ type: 2 as const, value })), { type: 7, ip: '127.0.0.1' }, { type: 7, ip: '::1' }],
      },
    ],
  });
  return parseCertificate(made.cert, made.private);
}
