import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BridgeProcess, type RawConfig } from '../peers/support/bridge.ts';
import { Dnsmasq } from '../peers/support/dns.ts';
import { eventually } from '../peers/support/eventually.ts';
import { freePort, freePorts } from '../peers/support/free-ports.ts';
import { WorkFolder } from '../peers/support/work-folder.ts';
import { callWithGo, JsClient } from './support/calls.ts';
import { GoBackend } from './support/go-backend.ts';
import { JsBackend } from './support/js-backend.ts';
import { SilentPort } from './support/silent-port.ts';

const PATH = '/router.Router/Find';
const JS_CALLS = 30;
const GO_CALLS = 60;
/** The connect timeout, and a slow machine. */
const SLOWEST_MS = 1_500;

function config(resolver: string, port: number, file: string, cluster: RawConfig): RawConfig {
  return {
    clusters: [
      {
        name: 'router',
        // As a headless Service is found: one A record for each pod.
        discovery: { type: 'dns', host: 'router.test.', port, refreshInterval: '1s', resolvers: [resolver] },
        connectTimeout: '250ms',
        ...cluster,
      },
    ],
    routes: [{ name: 'router', match: { prefix: '/' }, cluster: 'router' }],
    accessLog: { file },
    logging: { level: 'debug', format: 'json' },
  };
}

/** The endpoint is the last element of a line, in quotes. */
async function loggedEndpoints(file: string): Promise<readonly string[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => /"POST \/router.Router\/Find HTTP\/2" 200 - .*"([\d.:]+)"$/.exec(line)?.[1] ?? line);
}

describe('S0, a front proxy before a headless Service', { timeout: 60_000 }, () => {
  it('spreads each call of one connection over several A records, and goes on without one of them', async (t) => {
    const port = await freePort();
    await using folder = await WorkFolder.create();
    await using first = await GoBackend.start(folder, `127.0.0.1:${port}`);
    await using second = await GoBackend.start(folder, `127.0.0.2:${port}`);
    await using third = await JsBackend.start(`127.0.0.3:${port}`, [PATH]);
    await using dns = await Dnsmasq.start({ 'router.test': ['127.0.0.1', '127.0.0.2', '127.0.0.3'] });
    const log = join(folder.path, 'access.log');
    const healthCheck = { interval: '200ms', intervalJitter: '0s', timeout: '500ms', unhealthyThreshold: 1 };
    await using bridge = await BridgeProcess.start(config(dns.address, port, log, { healthCheck }));
    const listener = Number(new URL(bridge.url).port);
    const counts = async (): Promise<readonly number[]> => [await first.calls(), await second.calls(), third.calls];
    using client = new JsClient(listener);
    let before = await counts();
    const phase = async (name: string): Promise<readonly number[]> => {
      const health = await bridge.get('/');
      const js = await client.call(PATH, JS_CALLS);
      const go = await callWithGo(folder, listener, PATH, GO_CALLS);
      const after = await counts();
      const calls = after.map((count, index) => count - (before[index] ?? 0));
      before = after;
      t.diagnostic(
        `${name}: GET / ${health.status} ${health.body} | calls ${calls.join(' ')} | grpc-js ${js.codes}, grpc-go ${go}`,
      );
      assert.deepEqual([health.status, js.codes, go], [200, `${JS_CALLS} OK`, `${GO_CALLS} OK`], name);
      return calls;
    };

    await bridge.untilText('/healthz', 200, /^\[\+\]router ok\n/);
    assert.deepEqual(await phase('3 of 3 healthy'), [30, 30, 30]);
    await second.kill();
    await bridge.untilText('/healthz', 200, /2 of 3 healthy/);
    assert.deepEqual(await phase('2 of 3 healthy, 1 dead'), [45, 0, 45]);
    await dns.replace({ 'router.test': ['127.0.0.1', '127.0.0.3'] });
    await bridge.untilText('/healthz', 200, /^\[\+\]router ok\n/);
    third.isServing = false;
    await bridge.untilText('/healthz', 200, /1 of 2 healthy/);
    assert.deepEqual(await phase('1 of 2 healthy'), [90, 0, 0]);

    const logged = await eventually(
      'the access log has each call',
      () => loggedEndpoints(log),
      (lines) => lines.length >= 3 * (JS_CALLS + GO_CALLS),
    );
    const wanted = { [`127.0.0.1:${port}`]: 165, [`127.0.0.2:${port}`]: 30, [`127.0.0.3:${port}`]: 75 };
    const seen = Object.fromEntries(Object.keys(wanted).map((key) => [key, logged.filter((each) => each === key).length]));
    assert.deepEqual(seen, wanted, logged.slice(0, 3).join('\n'));
  });

  it('waits 250 ms for a connection, and makes the call elsewhere', async (t) => {
    const [port = 0] = await freePorts(1);
    await using folder = await WorkFolder.create();
    await using first = await GoBackend.start(folder, `127.0.0.1:${port}`);
    await using silent = await SilentPort.start(`127.0.0.2:${port}`);
    await using dns = await Dnsmasq.start({ 'router.test': ['127.0.0.1', '127.0.0.2'] });
    const log = join(folder.path, 'access.log');
    // Nobody checks, as in the system: calls alone find out.
    await using bridge = await BridgeProcess.start(config(dns.address, port, log, { healthCheck: { type: 'none' } }));
    using client = new JsClient(Number(new URL(bridge.url).port));
    const { codes, slowestMs } = await client.call(PATH, 10);
    t.diagnostic(`one of two accepts no connection: ${codes} | slowest ${Math.round(slowestMs)} ms`);
    assert.equal(codes, '10 OK');
    assert.equal(await first.calls(), 10);
    // The endpoint that answers has taken the call, maybe before the other was given up: that it was, and when, is in the log.
    await bridge.child.match(
      'stderr',
      /"endpoint":"127\.0\.0\.2:\d+","failure":"connect_timeout".*"connection failed"/,
      SLOWEST_MS,
    );
    assert.ok(slowestMs < SLOWEST_MS, `slowest ${slowestMs} ms`);
    silent.assertSilent();
  });
});
