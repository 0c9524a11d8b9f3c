import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BridgeProcess, type RawConfig } from '../peers/support/bridge.ts';
import { curl } from '../peers/support/curl.ts';
import { Dnsmasq } from '../peers/support/dns.ts';
import { eventually } from '../peers/support/eventually.ts';
import { freePorts } from '../peers/support/free-ports.ts';
import { WorkFolder } from '../peers/support/work-folder.ts';
import { Http1Endpoint } from '../support/peers/http1-endpoint.ts';
import { callWithGo, JsClient } from './support/calls.ts';
import { GoBackend } from './support/go-backend.ts';
import { JsBackend } from './support/js-backend.ts';

const ALIVE = '/gateway.AliveService/Alive';
const USER = '/gateway.UserService/Find';
const LOCAL = '/gateway.Gateway/Enter';
const JS_CALLS = 20;
const GO_CALLS = 40;

/** Envoy's default format: a line of its own for each call, whose last element is the endpoint. */
const LINE =
  /^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] "(GET|POST) (\S+) (HTTP\/[\d.]+)" (\d+) (\S+) \d+ \d+ \d+ (?:\d+|-) "[^"]*" "[^"]*" "[^"]*" "[^"]*" "([^"]*)"$/;

interface Ports {
  readonly ingress: number;
  readonly egress: number;
  readonly service: number;
  readonly local: number;
}

/** A headless Service, as its client's sidecar finds it. */
function service(name: string, resolver: string, port: number): RawConfig {
  return {
    name,
    discovery: { type: 'dns', host: `${name}.test.`, port, refreshInterval: '1s', resolvers: [resolver] },
    healthCheck: { interval: '200ms', intervalJitter: '0s', timeout: '500ms', unhealthyThreshold: 1 },
  };
}

/** The ingress listener has everything go to the application; the egress listener is for the application alone. */
function config(ports: Ports, rest: string, resolver: string, file: string): RawConfig {
  return {
    listeners: [
      { name: 'ingress', address: `0.0.0.0:${ports.ingress}`, routes: ['local-grpc', 'local-rest'] },
      { name: 'egress', address: `127.0.0.1:${ports.egress}`, routes: ['alive', 'user'], health: 'none' },
    ],
    clusters: [
      { name: 'local-grpc', discovery: { type: 'static', endpoints: [`127.0.0.1:${ports.local}`] } },
      { name: 'local-rest', protocol: 'http1', discovery: { type: 'static', endpoints: [rest] } },
      service('alive', resolver, ports.service),
      service('user', resolver, ports.service),
    ],
    routes: [
      { name: 'local-grpc', match: { prefix: '/gateway.' }, cluster: 'local-grpc' },
      { name: 'local-rest', match: { prefix: '/' }, cluster: 'local-rest' },
      { name: 'alive', match: { prefix: '/gateway.AliveService' }, cluster: 'alive' },
      { name: 'user', match: { prefix: '/gateway.UserService' }, cluster: 'user' },
    ],
    accessLog: { file },
  };
}

interface LoggedCall {
  readonly path: string;
  readonly protocol: string;
  readonly code: string;
  readonly endpoint: string;
}

async function loggedCalls(file: string): Promise<readonly LoggedCall[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [, , path = '', protocol = '', code = '', , endpoint = ''] = LINE.exec(line) ?? assert.fail(`not Envoy's: ${line}`);
    return { path, protocol, code, endpoint };
  });
}

describe('S1, sidecars of an application and of the services that it calls', { timeout: 60_000 }, () => {
  it('take REST and gRPC in on one port, and spread calls out by the service in their path', async (t) => {
    const [ingress = 0, egress = 0, port = 0, local = 0, admin = 0] = await freePorts(5);
    const ports = { ingress, egress, service: port, local };
    await using folder = await WorkFolder.create();
    await using application = await JsBackend.start(`127.0.0.1:${local}`, [LOCAL]);
    await using rest = await Http1Endpoint.serve((request, response) => response.end(`rest ${request.method} ${request.url}`));
    await using alive1 = await GoBackend.start(folder, `127.0.1.1:${port}`);
    await using alive2 = await JsBackend.start(`127.0.1.2:${port}`, [ALIVE]);
    await using user1 = await GoBackend.start(folder, `127.0.2.1:${port}`);
    await using user2 = await GoBackend.start(folder, `127.0.2.2:${port}`);
    await using dns = await Dnsmasq.start({
      'alive.test': ['127.0.1.1', '127.0.1.2'],
      'user.test': ['127.0.2.1', '127.0.2.2'],
    });
    const log = join(folder.path, 'access.log');
    const raw = { ...config(ports, rest.endpoint.key, dns.address, log), admin: { address: `127.0.0.1:${admin}` } };
    await using bridge = await BridgeProcess.start(raw, { url: `http://127.0.0.1:${admin}` });
    await bridge.untilText('/healthz', 200, /\[\+\]alive ok\n[^]*\[\+\]user ok\n/);
    const counts = async (): Promise<readonly number[]> => [
      await alive1.calls(),
      alive2.calls,
      await user1.calls(),
      await user2.calls(),
    ];
    using client = new JsClient(egress);
    let before = await counts();
    const phase = async (name: string): Promise<readonly number[]> => {
      const health = await Promise.all(['alive', 'user'].map((part) => bridge.get(`/healthz/${part}`)));
      const codes: string[] = [];
      for (const path of [ALIVE, USER]) {
        codes.push((await client.call(path, JS_CALLS)).codes, await callWithGo(folder, egress, path, GO_CALLS));
      }
      const after = await counts();
      const calls = after.map((count, index) => count - (before[index] ?? 0));
      before = after;
      const words = health.map(({ status, body }) => `${status} ${body}`).join(', ');
      t.diagnostic(`${name}: alive and user ${words} | calls ${calls.join(' ')} | ${codes.join(', ')}`);
      assert.deepEqual(codes, [`${JS_CALLS} OK`, `${GO_CALLS} OK`, `${JS_CALLS} OK`, `${GO_CALLS} OK`], name);
      return calls;
    };

    assert.deepEqual(await phase('2 and 2 healthy'), [30, 30, 30, 30]);
    await user2.kill();
    await bridge.untilText('/healthz/user', 200, /1 of 2 healthy/);
    assert.deepEqual(await phase('2 and 1 healthy, 1 dead'), [30, 30, 60, 0]);

    using inbound = new JsClient(ingress);
    const entered = await inbound.call(LOCAL, 10);
    assert.deepEqual([entered.codes, application.calls], ['10 OK', 10]);
    const answers = [
      await curl(`http://127.0.0.1:${ingress}/orders?id=7`),
      await curl('--http2-prior-knowledge', '-X', 'POST', '-d', 'x', `http://127.0.0.1:${ingress}/orders`),
    ];
    assert.deepEqual(
      answers.map(({ status, httpVersion, body }) => [status, httpVersion, body]),
      [
        [200, '1.1', 'rest GET /orders?id=7'],
        [200, '2', 'rest POST /orders'],
      ],
    );
    t.diagnostic(
      `one port: gRPC ${entered.codes} | REST over HTTP/1.1 and HTTP/2 ${answers.map(({ status }) => status).join(' ')}`,
    );

    const calls = await eventually(
      'the access log has each call',
      () => loggedCalls(log),
      (seen) => seen.length >= 4 * (JS_CALLS + GO_CALLS) + 12,
    );
    assert.deepEqual([...new Set(calls.map(({ code }) => code))], ['200']);
    const toDead = calls.filter(({ endpoint }) => endpoint === `127.0.2.2:${port}`);
    assert.equal(toDead.length, 30);
    assert.deepEqual(
      calls.filter(({ path }) => path.startsWith('/orders')).map(({ protocol, endpoint }) => [protocol, endpoint]),
      [
        ['HTTP/1.1', rest.endpoint.key],
        ['HTTP/2', rest.endpoint.key],
      ],
    );

    const listing = await bridge.get('/clusters');
    assert.match(listing.body, new RegExp(`^alive::127\\.0\\.1\\.1:${port}::health_flags::healthy$`, 'm'));
    assert.match(listing.body, new RegExp(`^user::127\\.0\\.2\\.2:${port}::health_flags::/failed_active_hc$`, 'm'));
  });
});
