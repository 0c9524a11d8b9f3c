import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { BridgeProcess, type RawConfig } from '../../peers/support/bridge.ts';
import { eventually } from '../../peers/support/eventually.ts';
import { WorkFolder } from '../../peers/support/work-folder.ts';
import { callWithGo, JsClient } from './calls.ts';
import { GoBackend } from './go-backend.ts';
import { JsBackend } from './js-backend.ts';

/** The method that is called. */
export const FRONT_PATH = '/router.Router/Find';

const JS_CALLS = 30;
const GO_CALLS = 60;

/** How the backends are found: by the A records of a name. */
export interface FrontName {
  /** With a dot at its end. */
  readonly name: string;
  readonly resolver: string;
  readonly port: number;
}

/** Where the backends are, all on one port. */
export interface FrontSetting extends FrontName {
  readonly hosts: readonly [string, string, string];
  /** Makes these the only ones that the name has. */
  readonly record: (hosts: readonly string[]) => Promise<void>;
}

/** The configuration of the front proxy. */
export function frontConfig({ name, resolver, port }: FrontName, file: string, healthCheck: object): RawConfig {
  return {
    clusters: [
      {
        name: 'router',
        // As a headless Service is found: one A record for each pod.
        discovery: { type: 'dns', host: name, port, refreshInterval: '1s', resolvers: [resolver] },
        connectTimeout: '250ms',
        healthCheck,
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

async function assertLogged(file: string, wanted: Readonly<Record<string, number>>): Promise<void> {
  const count = Object.values(wanted).reduce((sum, each) => sum + each, 0);
  const logged = await eventually(
    'the access log has each call',
    () => loggedEndpoints(file),
    (lines) => lines.length >= count,
  );
  const seen = Object.fromEntries(Object.keys(wanted).map((key) => [key, logged.filter((each) => each === key).length]));
  assert.deepEqual(seen, wanted, logged.slice(0, 3).join('\n'));
}

/** The day of three backends, of which one dies and one says that it serves no longer; no call may fail. Prints a table. */
export async function runFrontDay(t: TestContext, setting: FrontSetting): Promise<void> {
  const { port, hosts, record } = setting;
  const [firstAddress, secondAddress, thirdAddress] = [`${hosts[0]}:${port}`, `${hosts[1]}:${port}`, `${hosts[2]}:${port}`];
  await using folder = await WorkFolder.create();
  await using first = await GoBackend.start(folder, firstAddress);
  await using second = await GoBackend.start(folder, secondAddress);
  await using third = await JsBackend.start(thirdAddress, [FRONT_PATH]);
  const log = join(folder.path, 'access.log');
  const healthCheck = { interval: '200ms', intervalJitter: '0s', timeout: '500ms', unhealthyThreshold: 1 };
  await using bridge = await BridgeProcess.start(frontConfig(setting, log, healthCheck));
  const listener = Number(new URL(bridge.url).port);
  const counts = async (): Promise<readonly number[]> => [await first.calls(), await second.calls(), third.calls];
  using client = new JsClient(listener);
  let before = await counts();
  const phase = async (name: string): Promise<readonly number[]> => {
    const health = await bridge.get('/');
    const js = await client.call(FRONT_PATH, JS_CALLS);
    const go = await callWithGo(folder, listener, FRONT_PATH, GO_CALLS);
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
  await record([hosts[0], hosts[2]]);
  await bridge.untilText('/healthz', 200, /^\[\+\]router ok\n/, 15_000);
  third.isServing = false;
  await bridge.untilText('/healthz', 200, /1 of 2 healthy/);
  assert.deepEqual(await phase('1 of 2 healthy'), [90, 0, 0]);
  await assertLogged(log, { [firstAddress]: 165, [secondAddress]: 30, [thirdAddress]: 75 });
}
