import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { SecureServerOptions } from 'node:http2';
import { describe, it } from 'node:test';
import { connect } from 'node:tls';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { ask, portOf } from '../support/rest-bridge.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { writeTestFiles } from '../support/test-files.ts';
import { SPIFFE_ID, testTls } from '../support/tls.ts';

const tls = await testTls();
const files = {
  'ca.crt': tls.ca,
  'other-ca.crt': tls.otherCa,
  'client.crt': tls.client.cert,
  'client.key': tls.client.key,
  'server.crt': tls.server.cert,
  'server.key': tls.server.key,
};
const FILE_KEYS = ['caFile', 'certificateFile', 'privateKeyFile'] as const;

/** An option of `clusters[].tls`: an endpoint that can be reached with it, and not without, or the other way about. */
interface Case {
  readonly option: string;
  readonly server: SecureServerOptions;
  readonly without: Section;
  readonly given: Section;
  readonly reaches: 'given' | 'without';
}

/** What of `clusters[].tls` a case is about; files go by their names. */
interface Section {
  readonly caFile?: keyof typeof files;
  readonly certificateFile?: keyof typeof files;
  readonly privateKeyFile?: keyof typeof files;
  readonly serverName?: string;
  readonly subjectAltNames?: readonly string[];
  readonly insecureSkipVerify?: boolean;
}

const WITH_CA: Section = { caFile: 'ca.crt' };
const STRANGE_NAME: Section = { ...WITH_CA, serverName: 'nobody.test' };
const CASES: readonly Case[] = [
  { option: 'caFile', server: tls.untrusted, without: WITH_CA, given: { caFile: 'other-ca.crt' }, reaches: 'given' },
  {
    option: 'serverName',
    server: tls.wrongName,
    without: WITH_CA,
    given: { ...WITH_CA, serverName: 'other.test' },
    reaches: 'given',
  },
  {
    option: 'subjectAltNames, of which one is there',
    server: tls.spiffe,
    without: STRANGE_NAME,
    given: { ...STRANGE_NAME, subjectAltNames: [SPIFFE_ID] },
    reaches: 'given',
  },
  {
    option: 'subjectAltNames, of which none is there',
    server: tls.server,
    without: WITH_CA,
    given: { ...WITH_CA, subjectAltNames: [SPIFFE_ID] },
    reaches: 'without',
  },
  { option: 'insecureSkipVerify', server: tls.selfSigned, without: {}, given: { insecureSkipVerify: true }, reaches: 'given' },
  {
    option: 'certificateFile and privateKeyFile',
    server: { ...tls.server, requestCert: true, rejectUnauthorized: true, ca: tls.ca },
    without: WITH_CA,
    given: { ...WITH_CA, certificateFile: 'client.crt', privateKeyFile: 'client.key' },
    reaches: 'given',
  },
];

/** Of the answer to a request that is forwarded to the endpoint. */
async function statusOf({ endpoint }: NodeHttp2Backend, section: Section): Promise<number> {
  await using folder = await writeTestFiles(files);
  const paths = FILE_KEYS.flatMap((key) => {
    const name = section[key];
    return name === undefined ? [] : [[key, folder.path(name)] as const];
  });
  const discovery = { type: 'static', endpoints: [endpoint.key] };
  await using bridge = await TestBridge.start({
    clusters: [{ name: 'app', discovery, healthCheck: { type: 'none' }, tls: { ...section, ...Object.fromEntries(paths) } }],
    routes: [{ name: 'all', cluster: 'app' }],
    health: { paths: ['/healthz'] },
  });
  await bridge.untilHealthy(true);
  return (await ask('h2c', bridge, {})).status;
}

describe('TLS by the configuration', () => {
  for (const { option, server, without, given, reaches } of CASES) {
    it(`reaches an endpoint or not by ${option}`, async () => {
      await using backend = await NodeHttp2Backend.start({ tls: server });
      assert.deepEqual(
        [await statusOf(backend, without), await statusOf(backend, given)],
        reaches === 'given' ? [503, 200] : [200, 503],
      );
    });
  }

  for (const minVersion of ['TLSv1.2', 'TLSv1.3']) {
    it(`is spoken with a client of TLS 1.2 or not by minVersion of a listener: ${minVersion}`, async () => {
      await using folder = await writeTestFiles(files);
      const pair = { certificateFile: folder.path('server.crt'), privateKeyFile: folder.path('server.key') };
      await using bridge = await TestBridge.start({
        listeners: [{ name: 'tls', address: '127.0.0.1:0', tls: { ...pair, minVersion } }],
        clusters: [{ name: 'app', discovery: { type: 'static', endpoints: ['127.0.0.1:1'] }, healthCheck: { type: 'none' } }],
      });
      const client = connect({ port: portOf(bridge, 'tls'), ca: tls.ca, maxVersion: 'TLSv1.2' });
      const outcome = await once(client, 'secureConnect').then(
        () => client.getProtocol(),
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
      );
      client.destroy();
      assert.equal(outcome, minVersion === 'TLSv1.2' ? 'TLSv1.2' : 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    });
  }
});
