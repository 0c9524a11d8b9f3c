import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Child } from './support/child.ts';
import { HealthPeer } from './support/health-peer.ts';
import { startRelay } from './support/relay.ts';
import { type TlsFiles, writeTlsFiles } from './support/tls-files.ts';
import { builtTool } from './support/tools.ts';
import { WorkFolder } from './support/work-folder.ts';

interface Setting {
  /** Of the forwarder, such as `localhost:40001`. */
  readonly target: string;
  readonly tls: TlsFiles | null;
  readonly peer: HealthPeer;
}

/** Runs something before a forwarder to a grpc-go server with reflection. */
async function withForwarder(isTls: boolean, run: (setting: Setting) => Promise<void>): Promise<void> {
  await using folder = await WorkFolder.create();
  const tls = isTls ? await writeTlsFiles(folder) : null;
  await using peer = await HealthPeer.start('grpc-go', tls === null ? {} : { tls: tls.server });
  await peer.set({ statuses: { 'route.Router': 'NOT_SERVING' } });
  await using relay = await startRelay({
    backends: [peer.address],
    ...(tls === null ? {} : { listenTls: tls.server, cluster: { tls: { caFile: tls.ca, serverName: 'localhost' } } }),
  });
  await run({ target: `localhost:${relay.port}`, tls, peer });
  relay.child.assertRunning();
}

async function run(command: string, args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  await using child = await Child.start(builtTool(command), args);
  const { code } = await child.exit(30_000);
  return { code, stdout: child.stdout, stderr: child.stderr };
}

function grpcurl({ target, tls }: Setting, ...[before, after]: readonly (readonly string[])[]): ReturnType<typeof run> {
  const security = tls === null ? ['-plaintext'] : ['-cacert', tls.ca];
  return run('grpcurl', [...security, ...(before ?? []), target, ...(after ?? [])]);
}

for (const [over, isTls] of [
  ['cleartext', false],
  ['TLS', true],
] as const) {
  describe(`tools through the forwarder over ${over}`, { timeout: 60_000 }, () => {
    it('grpcurl lists, describes and calls what it learns by reflection', async () => {
      await withForwarder(isTls, async (setting) => {
        const list = await grpcurl(setting, [], ['list']);
        assert.match(list.stdout, /^grpc\.health\.v1\.Health$/m, list.stderr);
        const describe = await grpcurl(setting, [], ['describe', 'grpc.health.v1.Health.Check']);
        assert.match(describe.stdout, /rpc Check/, describe.stderr);
        const check = await grpcurl(setting, ['-d', '{"service":"route.Router"}'], ['grpc.health.v1.Health/Check']);
        assert.deepEqual([check.code, JSON.parse(check.stdout)], [0, { status: 'NOT_SERVING' }], check.stderr);
      });
    });

    it('grpcurl shows the status of a call that fails, and the first message of one that goes on', async () => {
      await withForwarder(isTls, async (setting) => {
        const unknown = await grpcurl(setting, ['-d', '{"service":"nobody"}'], ['grpc.health.v1.Health/Check']);
        // Its exit code is 64 and the status.
        assert.equal(unknown.code, 64 + 5, unknown.stderr);
        assert.match(unknown.stderr, /Code: NotFound\s+Message: unknown service/);
        const watch = await grpcurl(setting, ['-max-time', '1'], ['grpc.health.v1.Health/Watch']);
        assert.match(watch.stdout, /"status": "SERVING"/);
        assert.equal(watch.code, 64 + 4, watch.stderr);
      });
    });

    it('ghz has each of 3 000 calls succeed, on several connections', async () => {
      await withForwarder(isTls, async (setting) => {
        const { target, tls, peer } = setting;
        const security = tls === null ? ['--insecure'] : ['--cacert', tls.ca];
        const load = ['--call', 'grpc.health.v1.Health.Check', '-n', '3000', '-c', '30', '--connections', '3'];
        const { stdout, stderr } = await run('ghz', [...security, ...load, '--format', 'json', target]);
        const report: { count: number; statusCodeDistribution: Record<string, number> } = JSON.parse(stdout);
        assert.deepEqual([report.count, report.statusCodeDistribution], [3_000, { OK: 3_000 }], stderr);
        assert.equal((await peer.counts()).checks, 3_000);
      });
    });
  });
}
