import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { quickCluster, TestBridge } from '../support/test-bridge.ts';
import { Child } from './support/child.ts';
import { EnvoyProcess, grpcCheck, http2Cluster } from './support/envoy.ts';
import { eventually } from './support/eventually.ts';
import { get } from './support/get.ts';
import { type TlsFiles, writeTlsFiles } from './support/tls-files.ts';
import { builtTool } from './support/tools.ts';
import { WorkFolder } from './support/work-folder.ts';

const PROTOS = fileURLToPath(new URL('../../protos', import.meta.url));

interface Setting {
  readonly bridge: TestBridge;
  readonly backend: GrpcBackend;
  readonly tls: TlsFiles;
}

/** A bridge over one backend with two services, without and with TLS. */
async function withBridge(run: (setting: Setting) => Promise<void>): Promise<void> {
  await using folder = await WorkFolder.create();
  const tls = await writeTlsFiles(folder);
  await using backend = await GrpcBackend.start({ services: { '': 'SERVING', 'shop.Orders': 'SERVING' } });
  await using bridge = await TestBridge.start({
    listeners: [
      { name: 'plain', address: '127.0.0.1:0' },
      {
        name: 'tls',
        address: '127.0.0.1:0',
        tls: { certificateFile: tls.server.cert, privateKeyFile: tls.server.key },
      },
    ],
    clusters: [quickCluster('app', [backend.key], { services: ['', 'shop.Orders'], healthyThreshold: 1 })],
  });
  await bridge.untilHealthy(true);
  await run({ bridge, backend, tls });
}

const hostOf = (bridge: TestBridge, listener = 'plain'): string => `localhost:${new URL(bridge.url(listener)).port}`;

async function run(command: string, args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  await using child = await Child.start(builtTool(command), args);
  const { code } = await child.exit(20_000);
  return { code, stdout: child.stdout, stderr: child.stderr };
}

describe("the bridge's own health service", { timeout: 60_000 }, () => {
  it('is asked by grpc_health_probe, over cleartext and TLS', async () => {
    await withBridge(async ({ bridge, backend, tls }) => {
      for (const [listener, security] of [
        ['plain', []],
        ['tls', ['-tls', '-tls-ca-cert', tls.ca]],
      ] as const) {
        const probe = (...more: readonly string[]): ReturnType<typeof run> =>
          run('grpc-health-probe', [
            '-addr',
            hostOf(bridge, listener),
            '-connect-timeout',
            '5s',
            '-rpc-timeout',
            '5s',
            ...security,
            ...more,
          ]);
        for (const service of ['', 'app', 'shop.Orders']) {
          const { code, stderr } = await probe('-service', service);
          assert.equal(code, 0, stderr);
          assert.match(stderr, /status: SERVING/);
        }
        const unknown = await probe('-service', 'nobody');
        assert.equal(unknown.code, 3, unknown.stderr);
        assert.match(unknown.stderr, /NotFound desc = unknown service/);
        const compressed = await probe('-gzip', '-service', 'app');
        assert.equal(compressed.code, 3, compressed.stderr);
        assert.match(compressed.stderr, /compressed requests are not supported|does not implement the grpc health/);
      }
      backend.setStatus('', 'NOT_SERVING');
      await bridge.untilHealthy(false);
      const down = await run('grpc-health-probe', ['-addr', hostOf(bridge)]);
      assert.equal(down.code, 4, down.stderr);
      assert.match(down.stderr, /responded with "NOT_SERVING"/);
      const service = await run('grpc-health-probe', ['-addr', hostOf(bridge), '-service', 'shop.Orders']);
      assert.equal(service.code, 0, service.stderr);
    });
  });

  it('is asked by grpcurl: Check, List and Watch', async () => {
    await withBridge(async ({ bridge, backend, tls }) => {
      const grpcurl = (method: string, ...args: readonly string[]): ReturnType<typeof run> => {
        const proto = ['-import-path', PROTOS, '-proto', 'health.proto', '-cacert', tls.ca];
        return run('grpcurl', [...proto, ...args, hostOf(bridge, 'tls'), `grpc.health.v1.Health/${method}`]);
      };
      const check = await grpcurl('Check', '-d', '{"service":"app"}');
      assert.deepEqual([check.code, JSON.parse(check.stdout)], [0, { status: 'SERVING' }], check.stderr);
      const list = await grpcurl('List');
      const serving = { status: 'SERVING' };
      assert.deepEqual(JSON.parse(list.stdout), { statuses: { '': serving, app: serving, 'shop.Orders': serving } }, list.stderr);
      const unknown = await grpcurl('Check', '-d', '{"service":"nobody"}');
      // Its exit code is 64 and the status.
      assert.equal(unknown.code, 64 + 5, unknown.stderr);
      const watching = grpcurl('Watch', '-max-time', '2');
      await eventually(
        'the Watch is counted',
        () => get(`${bridge.url('admin')}/metrics`).then(({ body }) => body),
        (body) => body.includes('path="/grpc.health.v1.Health/Watch"'),
      );
      backend.setStatus('', 'NOT_SERVING');
      const watch = await watching;
      assert.equal(watch.code, 64 + 4, watch.stderr);
      assert.deepEqual(watch.stdout.match(/SERVING|NOT_SERVING/g), ['SERVING', 'NOT_SERVING']);
    });
  });

  for (const service of ['', 'app']) {
    it(`is what an Envoy checks, which follows it: ${service === '' ? 'the whole' : `the cluster ${service}`}`, async () => {
      await withBridge(async ({ bridge, backend }) => {
        const address = new URL(bridge.url()).host;
        const cluster = http2Cluster('bridges', [address], { health_checks: [grpcCheck(service)] });
        await using envoy = await EnvoyProcess.start({ static_resources: { clusters: [cluster] } });
        const until = async (flags: string): Promise<void> => {
          await eventually(
            `Envoy says ${flags}`,
            () => get(`${envoy.adminUrl}/clusters`).then(({ body }) => /health_flags::(.*)/.exec(body)?.[1]),
            (seen) => seen === flags,
            { deadlineMs: 10_000 },
          );
        };
        await until('healthy');
        backend.setStatus('', 'NOT_SERVING');
        await until('/failed_active_hc');
        backend.setStatus('', 'SERVING');
        await until('healthy');
        envoy.child.assertRunning();
      });
    });
  }
});
