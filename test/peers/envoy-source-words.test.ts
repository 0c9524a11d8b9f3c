import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { describe, it } from 'node:test';
import { GrpcBackend } from '../support/peers/grpc-backend.ts';
import { TestBridge } from '../support/test-bridge.ts';
import {
  assignment,
  type EnvoyPart,
  EnvoyProcess,
  grpcCheck,
  http2Cluster,
  httpListener,
  prefixRoute,
  ResourceFile,
  typed,
} from './support/envoy.ts';
import { untilOrders } from './support/envoy-view.ts';
import { freePort } from './support/free-ports.ts';
import { get } from './support/get.ts';
import { WorkFolder } from './support/work-folder.ts';

function startBridge(envoy: EnvoyProcess): Promise<TestBridge> {
  const discovery = { type: 'envoy', admin: envoy.adminUrl, clusters: ['shop'], pollInterval: '100ms', jitter: '0s' };
  return TestBridge.start({ clusters: [{ name: 'orders', discovery }] });
}

/** A server of HTTP/1.1 that Envoy checks at `/health` and calls at every other path, with headers that it heeds. */
class HeededServer implements AsyncDisposable {
  /** Added to answers of `/health`, and of other paths. */
  health: Readonly<Record<string, string>> = {};
  other: Readonly<Record<string, string>> = {};
  readonly #server: Server = createServer(({ url }, response) => {
    response.writeHead(200, url === '/health' ? this.health : this.other).end();
  });

  static async start(): Promise<HeededServer> {
    const started = new HeededServer();
    await once(started.#server.listen(0, '127.0.0.1'), 'listening');
    return started;
  }

  get address(): string {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? `127.0.0.1:${bound.port}` : '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const HTTP_CHECK: EnvoyPart = {
  timeout: '0.5s',
  interval: '0.2s',
  no_traffic_interval: '0.2s',
  unhealthy_threshold: 1,
  healthy_threshold: 1,
  http_health_check: { path: '/health' },
};

describe('words that a real Envoy has for a host', { timeout: 60_000 }, () => {
  it('of hosts that are new, silent, and gone but alive', async () => {
    await using old = await GrpcBackend.start({ allowLeftovers: true });
    await using silent = await GrpcBackend.start({ allowLeftovers: true });
    silent.check = { kind: 'hang' };
    await using folder = await WorkFolder.create();
    const eds = new ResourceFile(folder, 'eds.json');
    const assign = (...addresses: readonly string[]): Promise<void> =>
      eds.replace([
        typed(
          'endpoint.v3.ClusterLoadAssignment',
          assignment(
            'shop',
            addresses.map((address) => ({ address })),
          ),
        ),
      ]);
    await assign(old.key);
    const cluster = http2Cluster('shop', [], {
      type: 'EDS',
      eds_cluster_config: { eds_config: eds.source },
      health_checks: [grpcCheck('', { timeout: '2s', unhealthy_threshold: 1 })],
      common_lb_config: { ignore_new_hosts_until_first_hc: true },
    });
    await using envoy = await EnvoyProcess.start({ static_resources: { clusters: [cluster] } });
    await using test = await startBridge(envoy);
    await untilOrders(test, '200 healthy');
    await assign(old.key, silent.key);
    await untilOrders(test, '200 healthy pending/failed_active_hc/pending_active_hc');
    await untilOrders(test, '200 healthy unhealthy/failed_active_hc/active_hc_timeout');
    silent.check = { kind: 'answer' };
    await untilOrders(test, '200 healthy healthy');
    await assign(silent.key);
    // It goes when a check fails, and is called until then.
    await untilOrders(test, '200 healthy healthy/pending_dynamic_removal');
    old.setStatus('', 'NOT_SERVING');
    await untilOrders(test, '200 healthy');
  });

  it('of hosts that say themselves that they are degraded, or to be left at once', async () => {
    await using server = await HeededServer.start();
    const port = await freePort();
    const cluster: EnvoyPart = {
      name: 'shop',
      connect_timeout: '0.5s',
      load_assignment: assignment('shop', [{ address: server.address }]),
      health_checks: [HTTP_CHECK],
    };
    await using envoy = await EnvoyProcess.start({
      static_resources: { listeners: [httpListener(port, [prefixRoute('/', 'shop')])], clusters: [cluster] },
    });
    await using test = await startBridge(envoy);
    await untilOrders(test, '200 healthy');
    server.health = { 'x-envoy-degraded': '1' };
    await untilOrders(test, '200 degraded/degraded_active_hc');
    server.health = {};
    await untilOrders(test, '200 healthy');
    server.other = { 'x-envoy-immediate-health-check-fail': '1' };
    // Its own check must not take it back.
    server.health = server.other;
    await get(`http://127.0.0.1:${port}/`);
    await untilOrders(test, '503 excluded/failed_active_hc/excluded_via_immediate_hc_fail');
    server.other = {};
    server.health = {};
    await untilOrders(test, '200 healthy');
  });
});
