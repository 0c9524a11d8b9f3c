import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { open } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { BridgeError, ErrorCode, toError } from '../errors.ts';

/** Where a certificate and its private key are, both PEM. */
export interface CertificateFiles {
  /** The certificate, followed by those of the intermediate authorities. */
  readonly certificateFile: string;
  /** Its key, not encrypted. */
  readonly privateKeyFile: string;
}

/** A certificate whose key fits, ready to be served. */
export interface Certificate {
  /** PEM; the certificate itself first, then its chain. */
  readonly chain: string;
  /** PEM. Never logged. */
  readonly privateKey: string;
  /** Milliseconds since 1970. */
  readonly notBeforeMs: number;
  /** Milliseconds since 1970: what `certificate_expiry_timestamp_seconds` shows. */
  readonly notAfterMs: number;
}

/** The longest chains are some ten kilobytes; more is the wrong file, and would only fill memory. */
export const MAX_PEM_BYTES: number = 1024 * 1024;

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const ENCRYPTED_KEY = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'a folder in its path is none',
};

/**
 * Reads and checks a certificate and its key. One that is expired or not valid yet loads all the same: load balancers that do
 * not verify go on, and `validityProblem` says so.
 *
 * @param owner begins the message of every error, such as `listener public`.
 * @throws BridgeError `CERTIFICATE_UNUSABLE`, one line that names the file.
 */
export async function loadCertificate(owner: string, files: CertificateFiles): Promise<Certificate> {
  const { certificateFile, privateKeyFile } = files;
  const chain = await within(`${owner}: certificateFile ${certificateFile}`, () => readPem(certificateFile));
  const key = await within(`${owner}: privateKeyFile ${privateKeyFile}`, () => readPem(privateKeyFile));
  const leaf = await within(`${owner}: certificateFile ${certificateFile}`, () => parseChain(chain));
  const privateKey = await within(`${owner}: privateKeyFile ${privateKeyFile}`, () => parseKey(key));
  return within(`${owner}: certificateFile ${certificateFile}, privateKeyFile ${privateKeyFile}`, () =>
    combine({ chain, key, leaf, privateKey }),
  );
}

/**
 * Reads the certificates of the authorities that peers are verified against and returns them as PEM.
 *
 * @param owner begins the message of every error, such as `cluster router`.
 * @param key which names the file in the configuration.
 * @throws BridgeError `CERTIFICATE_UNUSABLE`, one line that names the file.
 */
export function loadAuthorities(owner: string, caFile: string, key = 'caFile'): Promise<string> {
  return within(`${owner}: ${key} ${caFile}`, async () => {
    // Written anew, as OpenSSL passes over a block that begins on the line where another ends.
    return parseBlocks(await readPem(caFile)).join('\n');
  });
}

/**
 * The same checks for PEM text that is already in memory.
 *
 * @throws Error with the reason alone.
 */
export function parseCertificate(chain: string, key: string): Certificate {
  return combine({ chain, key, leaf: parseChain(chain), privateKey: parseKey(key) });
}

/** Why peers that verify refuse the certificate at that time, in milliseconds since 1970; null if its time is right. */
export function validityProblem(certificate: Certificate, nowMs: number): string | null {
  if (nowMs > certificate.notAfterMs) {
    return `certificate expired on ${new Date(certificate.notAfterMs).toISOString()}`;
  }
  if (nowMs < certificate.notBeforeMs) {
    return `certificate is not valid before ${new Date(certificate.notBeforeMs).toISOString()}`;
  }
  return null;
}

interface Parts {
  readonly chain: string;
  readonly key: string;
  readonly leaf: X509Certificate;
  readonly privateKey: KeyObject;
}

function combine({ chain, key, leaf, privateKey }: Parts): Certificate {
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new Error('private key does not match certificate');
  }
  try {
    // OpenSSL has demands of its own, such as the length of an RSA key: better met here than at the first handshake.
    createSecureContext({ cert: chain, key });
  } catch (error) {
    throw new Error(`OpenSSL refuses the certificate: ${openSslReason(error)}`, { cause: error });
  }
  return { chain, privateKey: key, notBeforeMs: leaf.validFromDate.getTime(), notAfterMs: leaf.validToDate.getTime() };
}

/** Checks every certificate and returns the first: TLS sends them in the order of the file. */
function parseChain(pem: string): X509Certificate {
  const [first, ...rest] = parseBlocks(pem);
  if (first.ca && rest.some((certificate) => !certificate.ca)) {
    throw new Error('begins with an authority: the certificate itself must come first, then its chain');
  }
  return first;
}

function parseBlocks(pem: string): readonly [X509Certificate, ...X509Certificate[]] {
  const [first, ...rest] = (pem.match(CERTIFICATE_BLOCK) ?? []).map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new Error(`certificate ${index + 1} cannot be parsed: ${openSslReason(error)}`, { cause: error });
    }
  });
  if (first === undefined) {
    throw new Error('holds no PEM certificate');
  }
  return [first, ...rest];
}

function parseKey(pem: string): KeyObject {
  if (ENCRYPTED_KEY.test(pem)) {
    throw new Error('is encrypted: a key without a passphrase is needed');
  }
  if (!pem.includes('PRIVATE KEY-----')) {
    throw new Error('holds no PEM private key');
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new Error(`cannot be parsed: ${openSslReason(error)}`, { cause: error });
  }
}

async function readPem(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    if (!(await file.stat()).isFile()) {
      throw new Error('is no file');
    }
    const buffer = Buffer.alloc(MAX_PEM_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= MAX_PEM_BYTES; ) {
      ({ bytesRead: read } = await file.read(buffer, length));
      length += read;
    }
    if (length > MAX_PEM_BYTES) {
      throw new Error(`is larger than ${MAX_PEM_BYTES} octets`);
    }
    return buffer.toString('utf8', 0, length);
  } finally {
    await file.close();
  }
}

async function within<Result>(what: string, run: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (thrown) {
    const error = toError(thrown);
    const reason = FILE_PROBLEMS[String(Reflect.get(error, 'code'))] ?? error.message;
    throw new BridgeError(ErrorCode.CERTIFICATE_UNUSABLE, `${what}: ${reason}`, { cause: thrown });
  }
}

/** The words at the end of `error:0A00018F:SSL routines::ee key too small`. */
function openSslReason(thrown: unknown): string {
  const { message } = toError(thrown);
  return message.slice(message.lastIndexOf(':') + 1).trim();
}
