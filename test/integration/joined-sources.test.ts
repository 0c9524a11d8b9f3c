import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { describe, it } from 'node:test';
import { formatAddress } from '../../src/model/address.ts';
import { kubeconfig } from '../support/kubeconfig.ts';
import { DnsServer, type Question, type Reply } from '../support/peers/dns-server.ts';
import { EnvoyAdmin } from '../support/peers/envoy-admin.ts';
import { KubeApi, sliceOf } from '../support/peers/kube-api.ts';
import { TestBridge } from '../support/test-bridge.ts';
import { type TestFiles, writeTestFiles } from '../support/test-files.ts';

const DEADLINE_MS = 5_000;
const METRIC = /^grpc_health_bridge_discovery_last_success_timestamp_seconds\{cluster="app"\} (\S+)$/m;

/** A server of HTTP on every address of this machine, so that each source has endpoints of its own. */
class Everywhere implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    this.port = address.port;
  }

  static async start(): Promise<Everywhere> {
    const server = createServer((_, response) => response.end('fine')).listen(0, '0.0.0.0');
    await once(server, 'listening');
    return new Everywhere(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function envoyList(address: string, port: number): Buffer {
  const host = {
    address: { socket_address: { address, port_value: port } },
    health_status: { eds_health_status: 'HEALTHY' },
    weight: 1,
  };
  return Buffer.from(JSON.stringify({ cluster_statuses: [{ name: 'orders', host_statuses: [host] }] }));
}

function dnsAnswer(port: number): (question: Question) => Reply {
  return ({ isService }) => (isService ? { services: [{ target: 'a.example', port }] } : { addresses: ['127.0.0.2'], ttl: 1 });
}

interface Sources {
  readonly dns: DnsServer;
  readonly api: KubeApi;
  readonly admin: EnvoyAdmin;
  readonly files: TestFiles;
  readonly port: number;
}

/** A cluster of four sources, whose endpoints are checked over HTTP. */
function configOf({ dns, admin, files, port }: Sources): Record<string, unknown> {
  const discovery = [
    {
      type: 'srv',
      name: '_http._tcp.app.example.',
      resolvers: [formatAddress(dns.address)],
      refreshInterval: '1s',
      family: 'v4',
    },
    { type: 'file', path: files.path('endpoints.yaml') },
    { type: 'kubernetes', service: 'app', port: String(port) },
    { type: 'envoy', admin: admin.url, clusters: ['orders'], pollInterval: '100ms', jitter: '0s' },
  ];
  const healthCheck = { type: 'http', http: { path: '/health' }, interval: '100ms', intervalJitter: '0s' };
  return { clusters: [{ name: 'app', discovery, healthCheck, healthyWhen: 'all' }] };
}

async function untilText(bridge: TestBridge, wanted: RegExp): Promise<string> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const { body } = await bridge.get('/healthz?verbose', { listener: 'admin' });
    if (wanted.test(body)) {
      return body;
    }
    assert.ok(performance.now() < deadline, body);
  }
}

async function lastSuccess(bridge: TestBridge): Promise<number> {
  const { body } = await bridge.get('/metrics', { listener: 'admin' });
  return Number(METRIC.exec(body)?.[1]);
}

describe('a cluster of several sources', { timeout: 30_000 }, () => {
  it('has the endpoints of all, and tells for as long as one of them is away', async (t) => {
    await using server = await Everywhere.start();
    const { port } = server;
    await using dns = await DnsServer.start(dnsAnswer(port));
    await using api = await KubeApi.start();
    api.put('app-1', sliceOf(['127.0.0.4'], { ready: true }, port));
    await using admin = await EnvoyAdmin.start();
    admin.show({ json: envoyList('127.0.0.5', port), text: Buffer.from('') });
    await using files = await writeTestFiles({ config: kubeconfig(api.url), 'endpoints.yaml': `- 127.0.0.3:${port}\n` });
    process.env['KUBECONFIG'] = files.path('config');
    t.after(() => {
      delete process.env['KUBECONFIG'];
    });
    const sources = { dns, api, admin, files, port };
    await using bridge = await TestBridge.start(configOf(sources));
    await bridge.untilHealthy(true);
    const keys = [2, 3, 4, 5].map((last) => `127.0.0.${last}:${port}`);
    const text = await untilText(bridge, /\[\+\]app ok\n/);
    assert.ok(
      keys.every((key) => text.includes(`[+]${key} ok`)),
      text,
    );

    dns.answer = () => ({ code: 2 });
    const reason = /discovery failed: DNS look-up of the service _http\._tcp\.app\.example\.: the DNS server failed \(SERVFAIL\)/;
    await untilText(bridge, reason);
    const frozenAt = await lastSuccess(bridge);
    assert.ok(frozenAt > 0);
    assert.equal((await bridge.get('/')).status, 200, 'endpoints are still checked, and healthy');
    const { body } = await bridge.get('/healthz?format=json', { listener: 'admin' });
    assert.match(body, /"status":"warn","output":"4 of 4 healthy; discovery failed: DNS look-up/);

    // The others go on, and that is no sign of life of the one that is away.
    await writeFile(files.path('endpoints.yaml'), `- 127.0.0.3:${port}\n- 127.0.0.6:${port}\n`);
    await bridge.untilLogged('endpoints changed', (line) => line['endpoints'] === 5);
    await untilText(bridge, new RegExp(`\\[\\+\\]127\\.0\\.0\\.6:${port} ok`));
    assert.equal(await lastSuccess(bridge), frozenAt);
    const told = bridge.lines.filter(({ msg }) => msg === 'discovery failed').map((line) => line['reason']);
    assert.equal(new Set(told).size, told.length, 'each reason is told once');
    assert.ok(!bridge.lines.some(({ msg }) => msg === 'discovery recovered'));

    admin.clusters = (_, response) => response.writeHead(500).end();
    await bridge.untilLogged('discovery failed', (line) => /SERVFAIL.*; Envoy at .* answered 500/.test(String(line['reason'])));
    admin.show({ json: envoyList('127.0.0.5', port), text: Buffer.from('') });
    dns.answer = dnsAnswer(port);
    await bridge.untilLogged('discovery recovered', (line) => line['endpoints'] === 5);
    await untilText(bridge, /\[\+\]app ok\n/);
    assert.ok((await lastSuccess(bridge)) > frozenAt);
  });

  it('is not healthy before every source has had a word, nor by a source that never had one', async () => {
    await using server = await Everywhere.start();
    const { port } = server;
    await using dns = await DnsServer.start(() => ({ code: 2 }));
    const discovery = [
      { type: 'srv', name: '_http._tcp.app.example.', resolvers: [formatAddress(dns.address)] },
      { type: 'dns', host: 'app.example.', port, resolvers: [formatAddress(dns.address)] },
    ];
    await using bridge = await TestBridge.start({
      clusters: [{ name: 'app', discovery, whenEmpty: 'healthy', healthCheck: { type: 'tcp' } }],
    });
    await bridge.untilLogged('discovery failed');
    const { status, body } = await bridge.get('/healthz?verbose', { listener: 'admin' });
    assert.equal(status, 503);
    assert.match(body, /\[-\]app failed: discovery failed/);
    assert.equal(await lastSuccess(bridge), 0);
  });
});
