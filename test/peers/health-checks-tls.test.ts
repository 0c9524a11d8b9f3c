import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BridgeProcess } from './support/bridge.ts';
import { HealthPeer, type PeerKind } from './support/health-peer.ts';
import { type TlsFiles, writeTlsFiles } from './support/tls-files.ts';
import { WorkFolder } from './support/work-folder.ts';

const KINDS: readonly PeerKind[] = ['grpc-go', 'C-core'];
const MODES = ['check', 'watch', 'auto'] as const;

interface Case {
  readonly name: string;
  readonly server: 'plain' | 'tls' | 'mtls' | 'wrongName' | 'expired';
  /** The cluster's `tls`; null leaves it out. */
  readonly tls: object | null;
  /** What its verbose text has, for a case that fails. */
  readonly reason: RegExp | null;
}

function cases(files: TlsFiles): readonly Case[] {
  const ca = { caFile: files.ca };
  const client = { certificateFile: files.client.cert, privateKeyFile: files.client.key };
  const stranger = { certificateFile: files.untrustedClient.cert, privateKeyFile: files.untrustedClient.key };
  return [
    { name: 'plain', server: 'plain', tls: null, reason: null },
    { name: 'by-address', server: 'tls', tls: ca, reason: null },
    { name: 'by-name', server: 'tls', tls: { ...ca, serverName: 'app.test' }, reason: null },
    { name: 'unverified', server: 'tls', tls: { insecureSkipVerify: true }, reason: null },
    { name: 'mutual', server: 'mtls', tls: { ...ca, ...client }, reason: null },
    { name: 'wrong-ca', server: 'tls', tls: { caFile: files.otherCa }, reason: /certificate.*(trust|issuer|CA\b|verify)/i },
    { name: 'system-ca', server: 'tls', tls: {}, reason: /certificate.*(trust|issuer|CA\b|verify)/i },
    { name: 'wrong-name-asked', server: 'tls', tls: { ...ca, serverName: 'web.test' }, reason: /certificate.*web\.test/i },
    { name: 'wrong-name-shown', server: 'wrongName', tls: ca, reason: /certificate.*(other\.test|127\.0\.0\.1)/i },
    { name: 'expired', server: 'expired', tls: ca, reason: /certificate.*expired/i },
    { name: 'no-client-certificate', server: 'mtls', tls: ca, reason: /client certificate/i },
    { name: 'strange-client-certificate', server: 'mtls', tls: { ...ca, ...stranger }, reason: /client certificate/i },
    { name: 'tls-to-plaintext', server: 'plain', tls: ca, reason: /plaintext/i },
    { name: 'plaintext-to-tls', server: 'tls', tls: null, reason: /TLS/ },
  ];
}

async function startServers(kind: PeerKind, files: TlsFiles): Promise<Readonly<Record<Case['server'], HealthPeer>>> {
  return {
    plain: await HealthPeer.start(kind),
    tls: await HealthPeer.start(kind, { tls: files.server }),
    mtls: await HealthPeer.start(kind, { tls: { ...files.server, clientCa: files.ca } }),
    wrongName: await HealthPeer.start(kind, { tls: files.wrongName }),
    expired: await HealthPeer.start(kind, { tls: files.expired }),
  };
}

for (const kind of KINDS) {
  describe(`TLS to ${kind} servers`, { timeout: 60_000 }, () => {
    it('is as strict as it was told to be, and says what is wrong', async (t) => {
      await using stack = new AsyncDisposableStack();
      const folder = stack.use(await WorkFolder.create());
      const files = await writeTlsFiles(folder);
      const servers = await startServers(kind, files);
      for (const server of Object.values(servers)) {
        stack.use(server);
      }
      const table = cases(files).flatMap((row) => MODES.map((mode) => ({ ...row, mode, cluster: `${row.name}-${mode}` })));
      const bridge = stack.use(
        await BridgeProcess.start({
          clusters: table.map(({ cluster, server, tls, mode }) => ({
            name: cluster,
            discovery: { type: 'static', endpoints: [servers[server].address] },
            ...(tls === null ? {} : { tls }),
            healthCheck: { mode, interval: '1s', intervalJitter: '0s', timeout: '1s', unhealthyThreshold: 1 },
          })),
        }),
      );
      for (const { cluster, reason } of table) {
        await t.test(cluster, async () => {
          const { status, body } = await bridge.verbose(`/healthz/${cluster}`);
          assert.equal(status, reason === null ? 200 : 503, body);
          assert.match(body, reason ?? /^\[\+\]/);
        });
      }
    });
  });
}
