import type { KeyPair, TestTls } from '../../support/tls.ts';
import { testTls } from '../../support/tls.ts';
import type { WorkFolder } from './work-folder.ts';

/** The paths of a certificate and its key. */
export interface PairFiles {
  readonly cert: string;
  readonly key: string;
}

/** The certificates of the tests as files, which is how other programs take them. */
export interface TlsFiles {
  readonly ca: string;
  readonly otherCa: string;
  readonly server: PairFiles;
  readonly wrongName: PairFiles;
  readonly expired: PairFiles;
  readonly client: PairFiles;
  /** With the name `SPIFFE_ID`. */
  readonly spiffe: PairFiles;
  readonly expiredClient: PairFiles;
  readonly untrustedClient: PairFiles;
}

export async function writeTlsFiles(folder: WorkFolder): Promise<TlsFiles> {
  const tls: TestTls = await testTls();
  const pair = async (name: string, made: KeyPair): Promise<PairFiles> => ({
    cert: await folder.write(`${name}.crt`, made.cert),
    key: await folder.write(`${name}.key`, made.key),
  });
  return {
    ca: await folder.write('ca.crt', tls.ca),
    otherCa: await folder.write('other-ca.crt', tls.otherCa),
    server: await pair('server', tls.server),
    wrongName: await pair('wrong-name', tls.wrongName),
    expired: await pair('expired', tls.expired),
    client: await pair('client', tls.client),
    spiffe: await pair('spiffe', tls.spiffe),
    expiredClient: await pair('expired-client', tls.expiredClient),
    untrustedClient: await pair('untrusted-client', tls.untrustedClient),
  };
}
