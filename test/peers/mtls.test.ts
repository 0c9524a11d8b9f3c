import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SPIFFE_ID } from '../support/tls.ts';
import { BridgeProcess, type RawConfig, runCommand } from './support/bridge.ts';
import { Child } from './support/child.ts';
import { curl } from './support/curl.ts';
import { EnvoyProcess, http2Cluster, httpListener, prefixRoute, upstreamTls } from './support/envoy.ts';
import { eventually } from './support/eventually.ts';
import { freePort } from './support/free-ports.ts';
import { HealthPeer } from './support/health-peer.ts';
import { startRelay } from './support/relay.ts';
import { type PairFiles, type TlsFiles, writeTlsFiles } from './support/tls-files.ts';
import { builtTool } from './support/tools.ts';
import { WorkFolder } from './support/work-folder.ts';

/** grpcurl's exit code for a call that failed is this and the status. */
const GRPCURL_STATUS = 64;
/** A server that refuses the handshake is tried again for so long. Seconds. */
const WAIT = ['-max-time', '5', '-connect-timeout', '1.5'];
const PROTOS = new URL('../../protos', import.meta.url).pathname;

/** Runs a health check by grpcurl, and returns its exit code and what it said. */
async function grpcurl(port: number, ca: string, client: PairFiles | null): Promise<{ code: number | null; said: string }> {
  const shown = client === null ? [] : ['-cert', client.cert, '-key', client.key];
  const proto = ['-import-path', PROTOS, '-proto', 'health.proto'];
  const call = [`localhost:${port}`, 'grpc.health.v1.Health/Check'];
  await using child = await Child.start(builtTool('grpcurl'), [...WAIT, '-cacert', ca, ...shown, ...proto, ...call]);
  const { code } = await child.exit(20_000);
  return { code, said: child.stdout + child.stderr };
}

function tlsOf(cluster: PairFiles, files: TlsFiles, more: RawConfig = {}): RawConfig {
  return { tls: { caFile: files.ca, certificateFile: cluster.cert, privateKeyFile: cluster.key, ...more } };
}

function listenerTls(files: TlsFiles, more: RawConfig = {}): RawConfig {
  const pair = { certificateFile: files.server.cert, privateKeyFile: files.server.key };
  return { tls: { ...pair, clientCertificates: 'required', clientCaFile: files.ca, ...more } };
}

describe('mutual TLS with other programs', { timeout: 240_000 }, () => {
  it('a listener that requires a certificate serves grpcurl with one, and health to curl without', async () => {
    await using folder = await WorkFolder.create();
    const files = await writeTlsFiles(folder);
    await using peer = await HealthPeer.start('grpc-go', { tls: { ...files.server, clientCa: files.ca } });
    await using relay = await startRelay({
      backends: [peer.address],
      listener: listenerTls(files, { clientSubjectAltNames: [SPIFFE_ID] }),
      cluster: tlsOf(files.client, files),
    });
    const ways: readonly (readonly [string, PairFiles | null, number, RegExp])[] = [
      ['its name', files.spiffe, 0, /"status": "SERVING"/],
      ['none', null, GRPCURL_STATUS + 16, /Unauthenticated[^]*a client certificate is required/],
      ['another name', files.client, GRPCURL_STATUS + 7, /PermissionDenied[^]*no name that is allowed/],
      // Go shows no certificate to servers that name no authority of it.
      ['another authority', files.untrustedClient, GRPCURL_STATUS + 16, /Unauthenticated[^]*is required/],
      ['its time over', files.expiredClient, GRPCURL_STATUS + 16, /Unauthenticated[^]*cannot be verified/],
    ];
    for (const [what, client, code, words] of ways) {
      const { code: seen, said } = await grpcurl(relay.port, files.ca, client);
      assert.equal(seen, code, `${what}: ${said}`);
      assert.match(said, words, what);
    }
    for (const version of ['--http1.1', '--http2']) {
      const health = await curl('-k', version, `https://127.0.0.1:${relay.port}/healthz`);
      assert.equal(health.status, 200, health.stderr);
      const routed = await curl('-k', version, `https://127.0.0.1:${relay.port}/other`);
      assert.deepEqual([routed.status, routed.headers.get('x-health-bridge-error')], [403, 'client_certificate_required']);
    }
    assert.equal((await peer.counts()).checks, 1);
  });

  it('lets through whom an Envoy lets through that is configured alike', async () => {
    await using folder = await WorkFolder.create();
    const files = await writeTlsFiles(folder);
    await using peer = await HealthPeer.start('grpc-go');
    const envoyPort = await freePort();
    const clients = { ca: files.ca, uris: [SPIFFE_ID] };
    const listener = httpListener(envoyPort, [prefixRoute('/', 'b')], { ...files.server, clients });
    await using _envoy = await EnvoyProcess.start({
      static_resources: { listeners: [listener], clusters: [http2Cluster('b', [peer.address], { type: 'STATIC' })] },
    });
    await using relay = await startRelay({
      backends: [peer.address],
      listener: listenerTls(files, { clientSubjectAltNames: [SPIFFE_ID] }),
    });
    for (const name of ['spiffe', 'client', 'untrustedClient', 'expiredClient', null] as const) {
      const client = name === null ? null : files[name];
      const [ours, theirs] = [await grpcurl(relay.port, files.ca, client), await grpcurl(envoyPort, files.ca, client)];
      assert.equal(ours.code === 0, name === 'spiffe', `bridge, ${name}: ${ours.said}`);
      assert.equal(theirs.code === 0, name === 'spiffe', `Envoy, ${name}: ${theirs.said}`);
    }
    assert.equal((await peer.counts()).checks, 2);
  });

  it('reaches an Envoy that wants a SPIFFE ID, and asks it for its own', async () => {
    await using folder = await WorkFolder.create();
    const files = await writeTlsFiles(folder);
    await using peer = await HealthPeer.start('grpc-go');
    const port = await freePort();
    const listener = httpListener(port, [prefixRoute('/', 'b')], {
      ...files.spiffe,
      clients: { ca: files.ca, uris: [SPIFFE_ID] },
    });
    await using _envoy = await EnvoyProcess.start({
      static_resources: { listeners: [listener], clusters: [http2Cluster('b', [peer.address], { type: 'STATIC' })] },
    });
    const through = async (client: PairFiles, names: readonly string[]): Promise<string> => {
      await using bridge = await BridgeProcess.start(
        {
          clusters: [
            {
              name: 'b',
              discovery: { type: 'static', endpoints: [`127.0.0.1:${port}`] },
              healthCheck: { type: 'grpc', interval: '200ms', intervalJitter: '0s' },
              ...tlsOf(client, files, { subjectAltNames: names, serverName: 'router.test' }),
            },
          ],
          routes: [{ name: 'all', cluster: 'b' }],
          health: { grpc: 'forward', details: 'full' },
        },
        { await: '/livez' },
      );
      const { body } = await eventually(
        'the check has an outcome',
        () => bridge.verbose(),
        ({ body: text }) => / ok$|TLS/m.test(text),
      );
      const { code, said } = await plainGrpcurl(bridge.url);
      return code === 0 ? 'OK' : `${body}\n${said}`;
    };
    assert.equal(await through(files.spiffe, [SPIFFE_ID]), 'OK');
    assert.match(await through(files.spiffe, ['spiffe://cluster.local/ns/Shop/sa/other']), /is for another name: none of spiffe/);
    assert.match(await through(files.client, [SPIFFE_ID]), /client certificate/);
  });

  it('serves an Envoy that shows a SPIFFE ID', async () => {
    await using folder = await WorkFolder.create();
    const files = await writeTlsFiles(folder);
    await using peer = await HealthPeer.start('grpc-go');
    await using relay = await startRelay({
      backends: [peer.address],
      listener: {
        ...listenerTls(files, {
          certificateFile: files.spiffe.cert,
          privateKeyFile: files.spiffe.key,
          clientSubjectAltNames: [SPIFFE_ID],
        }),
      },
    });
    const [good, bad] = [await freePort(), await freePort()];
    const toBridge = (name: string, pair: PairFiles) =>
      http2Cluster(name, [`127.0.0.1:${relay.port}`], {
        type: 'STATIC',
        transport_socket: upstreamTls(pair, { ca: files.ca, uris: [SPIFFE_ID] }),
      });
    await using _envoy = await EnvoyProcess.start({
      static_resources: {
        listeners: [httpListener(good, [prefixRoute('/', 'good')]), httpListener(bad, [prefixRoute('/', 'bad')])],
        clusters: [toBridge('good', files.spiffe), toBridge('bad', files.client)],
      },
    });
    const served = await plainGrpcurl(`http://127.0.0.1:${good}`);
    assert.equal(served.code, 0, served.said);
    const denied = await plainGrpcurl(`http://127.0.0.1:${bad}`);
    assert.equal(denied.code, GRPCURL_STATUS + 7, denied.said);
  });

  it('flags alone reach backends that want a client certificate: check, checks of serve, and calls', async () => {
    await using folder = await WorkFolder.create();
    const files = await writeTlsFiles(folder);
    await using peer = await HealthPeer.start('grpc-go', { tls: { ...files.server, clientCa: files.ca } });
    const backend = ['--backend', peer.address, '--backend-tls', '--backend-ca-cert', files.ca];
    const pair = ['--backend-client-cert', files.client.cert, '--backend-client-key', files.client.key];
    const checked = await runCommand(['check', ...backend, ...pair]);
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    const without = await runCommand(['check', ...backend, '--connect-timeout', '1s', '--rpc-timeout', '1s']);
    assert.notEqual(without.code, 0);
    assert.match(without.stdout + without.stderr, /client certificate/);
    const url = `http://127.0.0.1:${await freePort()}`;
    const listen = ['--listen', new URL(url).host];
    await using bridge = await BridgeProcess.start({}, { flags: [...listen, ...backend, ...pair], url });
    assert.equal((await bridge.get('/healthz')).status, 200);
    const called = await plainGrpcurl(url);
    assert.equal(called.code, 0, called.said);
  });
});

async function plainGrpcurl(url: string): Promise<{ code: number | null; said: string }> {
  const proto = ['-import-path', PROTOS, '-proto', 'health.proto'];
  const args = [...WAIT, '-plaintext', ...proto, new URL(url).host, 'grpc.health.v1.Health/Check'];
  await using child = await Child.start(builtTool('grpcurl'), args);
  const { code } = await child.exit(20_000);
  return { code, said: child.stdout + child.stderr };
}
