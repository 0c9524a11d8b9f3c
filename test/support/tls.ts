import { generate } from 'selfsigned';

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Every certificate that a TLS test needs, right and wrong; all are P-256. */
export interface TestTls {
  /** Signed `server`, `wrongName`, `expired` and `client`. */
  readonly ca: Buffer;
  /** Signed `untrusted` alone. */
  readonly otherCa: Buffer;
  /** For `localhost`, `app.test`, 127.0.0.1 and ::1. */
  readonly server: KeyPair;
  /** For `other.test` alone. */
  readonly wrongName: KeyPair;
  /** For the names of `server`, but its time is over. */
  readonly expired: KeyPair;
  /** For the names of `server`, but signed by `otherCa`. */
  readonly untrusted: KeyPair;
  /** For the names of `server`, signed by itself. */
  readonly selfSigned: KeyPair;
  /** A client certificate of `ca`. */
  readonly client: KeyPair;
  /** A client certificate of `ca` for `client.test` and the URI `SPIFFE_ID`. */
  readonly spiffe: KeyPair;
  /** A client certificate of `ca` whose time is over. */
  readonly expiredClient: KeyPair;
  /** A client certificate of `otherCa`. */
  readonly untrustedClient: KeyPair;
}

/** The name of a workload. */
export const SPIFFE_ID = 'spiffe://cluster.local/ns/Shop/sa/router';

const DAY_MS = 86_400_000;
const SERVER_NAMES = ['localhost', 'app.test'];

let made: Promise<TestTls> | undefined;

/** Makes the certificates once per process and returns the same ones after that. */
export function testTls(): Promise<TestTls> {
  made ??= makeTls();
  return made;
}

async function makeTls(): Promise<TestTls> {
  const [ca, otherCa] = await Promise.all([makeCa('Test CA'), makeCa('Other CA')]);
  const [server, wrongName, expired, untrusted, selfSigned, client, spiffe, expiredClient, untrustedClient] = await Promise.all([
    makeLeaf('app.test', SERVER_NAMES, { ca }),
    makeLeaf('other.test', ['other.test'], { ca, addresses: [] }),
    makeLeaf('app.test', SERVER_NAMES, { ca, expired: true }),
    makeLeaf('app.test', SERVER_NAMES, { ca: otherCa }),
    makeLeaf('app.test', SERVER_NAMES, {}),
    makeLeaf('client.test', ['client.test'], { ca }),
    makeLeaf('client.test', ['client.test'], { ca, uri: SPIFFE_ID }),
    makeLeaf('client.test', ['client.test'], { ca, expired: true }),
    makeLeaf('client.test', ['client.test'], { ca: otherCa }),
  ]);
  const servers = { server, wrongName, expired, untrusted, selfSigned };
  return { ca: ca.cert, otherCa: otherCa.cert, ...servers, client, spiffe, expiredClient, untrustedClient };
}

async function makeCa(name: string): Promise<KeyPair> {
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
    ],
  });
  return { cert: Buffer.from(made.cert), key: Buffer.from(made.private) };
}

interface LeafOptions {
  readonly ca?: KeyPair;
  readonly addresses?: readonly string[];
  readonly expired?: boolean;
  readonly uri?: string;
}

async function makeLeaf(commonName: string, names: readonly string[], options: LeafOptions): Promise<KeyPair> {
  const addresses = options.addresses ?? ['127.0.0.1', '::1'];
  const now = Date.now();
  const made = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - 2 * DAY_MS),
    notAfterDate: new Date(options.expired === true ? now - DAY_MS : now + DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...names.map((value) => ({ type: 2 as const, value })),
          ...addresses.map((ip) => ({ type: 7 as const, ip })),
          ...(options.uri === undefined ? [] : [{ type: 6 as const, value: options.uri }]),
        ],
      },
    ],
    ...(options.ca === undefined ? {} : { ca: { key: options.ca.key.toString(), cert: options.ca.cert.toString() } }),
  });
  return { cert: Buffer.from(made.cert), key: Buffer.from(made.private) };
}
