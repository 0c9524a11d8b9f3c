import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { Child } from './support/child.ts';
import { eventually } from './support/eventually.ts';
import { builtTool } from './support/tools.ts';
import { WorkFolder } from './support/work-folder.ts';

const DEADLINE = { deadlineMs: 15_000 };

interface Shown {
  readonly componentId?: string;
  readonly state?: string;
  readonly flags?: readonly string[];
}

/** An Envoy 1.40 that checks these backends every 200 ms over gRPC, in a cluster whose name holds the separator. */
function envoyConfig(adminPort: number, backends: readonly GrpcBackend[]): string {
  const endpoints = backends.map(({ port }) => ({
    endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } },
  }));
  const cluster = {
    name: 'shop::orders/v1',
    connect_timeout: '0.5s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: { cluster_name: 'orders', endpoints: [{ lb_endpoints: endpoints }] },
    health_checks: [
      {
        timeout: '0.5s',
        interval: '0.2s',
        no_traffic_interval: '0.2s',
        unhealthy_threshold: 2,
        healthy_threshold: 1,
        // The name of the cluster, which Envoy takes otherwise, is no authority.
        grpc_health_check: { authority: 'orders' },
      },
    ],
  };
  return JSON.stringify({
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } },
    static_resources: { clusters: [cluster] },
  });
}

async function startEnvoy(config: string): Promise<Child> {
  return Child.start(builtTool('envoy'), ['-c', config, '--concurrency', '1', '--use-dynamic-base-id', '-l', 'warning']);
}

/** What the bridge shows, in one line. */
async function shown(test: TestBridge): Promise<string> {
  const { status, body } = await test.get('/healthz?format=json');
  const checks: readonly Shown[] = JSON.parse(body).checks.orders;
  const hosts = checks.filter(({ componentId }) => componentId !== undefined);
  const words = hosts.map(({ state, flags }) => `${state}${(flags ?? []).map((flag) => `/${flag}`).join('')}`);
  return [status, ...words.toSorted()].join(' ');
}

describe('a bridge over a real Envoy', () => {
  for (const format of ['json', 'text']) {
    it(`follows its view in ${format}: failure, recovery, maintenance, restart`, { timeout: 90_000 }, async () => {
      await using first = await GrpcBackend.start({ allowLeftovers: true });
      await using second = await GrpcBackend.start({ allowLeftovers: true });
      await using folder = await WorkFolder.create();
      const adminPort = await freePort();
      const config = await folder.write('envoy.json', envoyConfig(adminPort, [first, second]));
      const admin = `http://127.0.0.1:${adminPort}`;
      const discovery = { type: 'envoy', admin, clusters: ['shop::orders/v1'], pollInterval: '100ms', jitter: '0s', format };
      await using test = await TestBridge.start({ clusters: [{ name: 'orders', discovery }] });
      const until = (wanted: string): Promise<string> =>
        eventually(
          wanted,
          () => shown(test),
          (seen) => seen === wanted,
          DEADLINE,
        );
      {
        await using envoy = await startEnvoy(config);
        await until('200 healthy healthy');
        second.setStatus('', 'NOT_SERVING');
        await until('200 healthy unhealthy/failed_active_hc');
        first.setStatus('', 'NOT_SERVING');
        await until('503 unhealthy/failed_active_hc unhealthy/failed_active_hc');
        first.setStatus('', 'SERVING');
        second.setStatus('', 'SERVING');
        await until('200 healthy healthy');
        await fetch(`${admin}/healthcheck/fail`, { method: 'POST' });
        await until('503 unhealthy unhealthy');
        assert.match((await test.get('/healthz?verbose')).body, /Envoy is draining \(state DRAINING\)/);
        await fetch(`${admin}/healthcheck/ok`, { method: 'POST' });
        await until('200 healthy healthy');
        envoy.signal('SIGSTOP');
        await until('503 unhealthy unhealthy');
        assert.match((await test.get('/healthz?verbose')).body, /no whole answer within 1000 ms/);
        envoy.signal('SIGCONT');
        await until('200 healthy healthy');
      }
      await until('503 unhealthy unhealthy');
      await using again = await startEnvoy(config);
      await until('200 healthy healthy');
      again.assertRunning();
    });
  }
});
