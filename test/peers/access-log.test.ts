import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Metadata } from '@grpc/grpc-js';
import { EchoClient } from '../support/echo-client.ts';
import { http2Request } from '../support/forward-bench.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { BridgeProcess } from './support/bridge.ts';
import { type EnvoyPart, EnvoyProcess, http2Cluster, prefixRoute } from './support/envoy.ts';
import { eventually } from './support/eventually.ts';
import { freePorts } from './support/free-ports.ts';
import { get } from './support/get.ts';
import { WorkFolder } from './support/work-folder.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';

/** A listener with Envoy's default access log. */
function loggingListener(port: number, path: string, routes: readonly EnvoyPart[]): EnvoyPart {
  const manager = {
    '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'in',
    codec_type: 'AUTO',
    use_remote_address: true,
    preserve_external_request_id: true,
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
    http_filters: [{ name: 'router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } }],
    access_log: [{ name: 'file', typed_config: { '@type': `${TYPE}.access_loggers.file.v3.FileAccessLog`, path } }],
  };
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  return { name: 'in', address, filter_chains: [{ filters: [{ name: 'hcm', typed_config: manager }] }] };
}

function metadata(id: string): Metadata {
  const made = new Metadata();
  made.set('x-request-id', id);
  return made;
}

/** The same calls in the same order, each once the one before has ended. */
async function makeCalls(port: number): Promise<void> {
  using client = new EchoClient(port);
  await client.unary(Buffer.from('hello'), { metadata: metadata('first') });
  await client.unary(Buffer.alloc(70_000), { metadata: metadata('large') });
  const call = (path: string, more: Readonly<Record<string, string>> = {}): ReturnType<typeof http2Request> =>
    http2Request(port, {
      ':method': 'POST',
      ':path': path,
      ':authority': 'shop.example',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'test/1 (of logs)',
      'x-request-id': path.slice(1),
      ...more,
    });
  await call('/test.Echo/Missing', { 'x-forwarded-for': '198.51.100.7' });
  await call('/elsewhere.Service/Method');
  await call('/down.Service/Method');
  await call('/sick.Service/Method');
  await http2Request(port, { ':path': '/nowhere?a=b', ':authority': 'shop.example', 'x-request-id': 'h2' });
  await get(`http://127.0.0.1:${port}/nowhere`, { headers: { 'x-request-id': 'h1', 'user-agent': 'get' } });
  const controller = new AbortController();
  const hanging = client.unary(Buffer.from('x'), { method: 'hang', metadata: metadata('hang'), signal: controller.signal });
  // Another call on the same connection has come back, so the first has reached the endpoint.
  await client.unary(Buffer.from('y'), { metadata: metadata('after') });
  controller.abort();
  await hanging;
}

/** Without what differs from run to run, as times and ports, and without the two ways in which a client on loopback is called. */
function mask(line: string): string {
  return line
    .replace(/^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\]/, '[TIME]')
    .replace(
      /" (\d+ \S+ \d+ \d+) \d+ (\d+|-) "/,
      (_all, kept: string, service: string) => `" ${kept} MS ${service === '-' ? '-' : 'MS'} "`,
    )
    .replace(/"127\.0\.0\.1:\d+"( ?)/g, '"127.0.0.1:PORT"$1')
    .replace(
      /(MS|-) "(198\.51\.100\.7)?,? ?\d+\.\d+\.\d+\.\d+" "/,
      (_all, service: string, before = '') => `${service} "${before}CLIENT" "`,
    );
}

/**
 * What is known to differ: Envoy marks requests before it looks for a route, and names the endpoint that it could not connect to; its own
 * answer to an unknown path is empty.
 */
function toOurs(line: string): string {
  return line
    .replace(/( NR 0 \d+ MS - )"CLIENT"/, '$1"-"')
    .replace(/ 404 NR 0 0 /, ' 404 NR 0 9 ')
    .replace(/( UF .*)"127\.0\.0\.1:PORT"$/, '$1"-"');
}

async function linesOf(path: string, count: number): Promise<readonly string[]> {
  const read = async (): Promise<readonly string[]> => (await readFile(path, 'utf8').catch(() => '')).split('\n').slice(0, -1);
  return await eventually(path, read, (lines) => lines.length >= count, { deadlineMs: 15_000 });
}

/** A cluster of the bridge with one endpoint. */
function oneEndpoint(name: string, endpoint: string, healthCheck: object): object {
  return { name, discovery: { type: 'static', endpoints: [endpoint] }, healthCheck };
}

const CALLS = 10;

describe("the access log beside Envoy's", { timeout: 90_000 }, () => {
  it('has the same lines for the same calls', async (t) => {
    await using folder = await WorkFolder.create();
    await using backend = await EchoBackend.start();
    const [envoyPort = 0, bridgePort = 0, admin = 0, closed = 0] = await freePorts(4);
    const echo = backend.endpoint.key;
    const down = `127.0.0.1:${closed}`;
    const envoyLog = join(folder.path, 'envoy.log');
    const routes = [prefixRoute('/test.Echo/', 'echo'), prefixRoute('/down.', 'down'), prefixRoute('/sick.', 'sick')];
    await using envoy = await EnvoyProcess.start({
      static_resources: {
        listeners: [loggingListener(envoyPort, envoyLog, routes)],
        clusters: [http2Cluster('echo', [echo]), http2Cluster('down', [down]), http2Cluster('sick', [])],
      },
    });
    const bridgeLog = join(folder.path, 'bridge.log');
    await using bridge = await BridgeProcess.start(
      {
        listeners: [{ name: 'public', address: `127.0.0.1:${bridgePort}`, headers: { forwardedFor: 'append' } }],
        admin: { address: `127.0.0.1:${admin}` },
        clusters: [
          oneEndpoint('echo', echo, { type: 'none' }),
          oneEndpoint('down', down, { type: 'none' }),
          oneEndpoint('sick', down, { type: 'tcp' }),
        ],
        routes: [
          { name: 'echo', match: { prefix: '/test.Echo/' }, cluster: 'echo' },
          { name: 'down', match: { prefix: '/down.' }, cluster: 'down' },
          { name: 'sick', match: { prefix: '/sick.' }, cluster: 'sick' },
        ],
        accessLog: { file: bridgeLog },
      },
      { url: `http://127.0.0.1:${bridgePort}` },
    );
    await makeCalls(envoyPort);
    await makeCalls(bridgePort);
    const theirs = (await linesOf(envoyLog, CALLS)).map(mask);
    const ours = (await linesOf(bridgeLog, CALLS)).map(mask);
    for (const [index, line] of theirs.entries()) {
      t.diagnostic(`Envoy  ${line}`);
      t.diagnostic(`bridge ${ours[index]}`);
    }
    assert.deepEqual(ours, theirs.map(toOurs));
    bridge.child.assertRunning();
    envoy.child.assertRunning();
  });
});
