import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { BridgeProcess } from '../peers/support/bridge.ts';
import { EnvoyProcess, grpcCheck, http2Cluster, httpListener, prefixRoute } from '../peers/support/envoy.ts';
import { eventually } from '../peers/support/eventually.ts';
import { freePorts } from '../peers/support/free-ports.ts';
import { RouterClient } from '../peers/support/router-client.ts';
import { probe, SERVICE, SystemS2, untilHealth } from '../peers/support/system-s2.ts';
import type { PairFiles } from '../peers/support/tls-files.ts';
import { WorkFolder } from '../peers/support/work-folder.ts';
import { testTls } from '../support/tls.ts';

/** Ten times quicker than in production, where the interval is 5 s and the jitter 1 s; the timeout is the same. */
const INTERVAL_MS = 500;
const CHECK = { timeout: '1s', healthyThreshold: 3, unhealthyThreshold: 1 };
/** The third check after a backend is back comes two intervals after the first at the soonest; less what a timer may round. */
const SOONEST_RECOVERY_MS = 2 * INTERVAL_MS - 50;

/** One way to run the system. */
interface Variant {
  /** Where clients call, over HTTPS. */
  readonly port: number;
  /** Every URL that a load balancer may ask. */
  readonly healthUrls: readonly string[];
  readonly bridge: BridgeProcess;
  /** What becomes of calls to a backend that has died, while health is ignored among all three. */
  readonly deadUnderPanic: 'fails' | 'goes elsewhere';
}

async function writePair(folder: WorkFolder): Promise<PairFiles> {
  const { selfSigned } = await testTls();
  return { cert: await folder.write('self.crt', selfSigned.cert), key: await folder.write('self.key', selfSigned.key) };
}

function startEnvoy(
  system: SystemS2,
  ports: { readonly listen: number; readonly health: number },
  tls: PairFiles,
): Promise<EnvoyProcess> {
  const check = grpcCheck(SERVICE, {
    timeout: CHECK.timeout,
    interval: '0.5s',
    initial_jitter: '0.1s',
    interval_jitter: '0.1s',
    no_traffic_interval: '0.5s',
    unhealthy_threshold: CHECK.unhealthyThreshold,
    healthy_threshold: CHECK.healthyThreshold,
  });
  const router = http2Cluster('router', system.addresses, {
    health_checks: [check],
    // Without the pause in which Envoy collects changes before it balances by them.
    common_lb_config: { healthy_panic_threshold: { value: 50 }, update_merge_window: '0s' },
  });
  return EnvoyProcess.start({
    static_resources: {
      listeners: [httpListener(ports.listen, [prefixRoute('/router.Router/', 'router'), prefixRoute('/', 'health')], tls)],
      clusters: [router, http2Cluster('health', [`127.0.0.1:${ports.health}`])],
    },
  });
}

/** The bridge answers where a script in Envoy did: behind it, and at an address of its own. */
function startReader(
  envoy: EnvoyProcess,
  ports: { readonly own: number; readonly health: number; readonly admin: number },
): Promise<BridgeProcess> {
  return BridgeProcess.start(
    {
      listeners: [
        { name: 'public', address: `127.0.0.1:${ports.own}`, tls: { selfSigned: true }, routes: [] },
        { name: 'behind', address: `127.0.0.1:${ports.health}`, routes: [] },
      ],
      admin: { address: `127.0.0.1:${ports.admin}` },
      clusters: [
        {
          name: 'router',
          discovery: { type: 'envoy', admin: envoy.adminUrl, clusters: ['router'], pollInterval: '100ms', jitter: '0s' },
        },
      ],
    },
    { url: `http://127.0.0.1:${ports.admin}` },
  );
}

/** The bridge does it all: checks, answers, forwards. */
function startForwarder(system: SystemS2, ports: { readonly own: number; readonly admin: number }): Promise<BridgeProcess> {
  return BridgeProcess.start(
    {
      listeners: [{ name: 'public', address: `127.0.0.1:${ports.own}`, tls: { selfSigned: true } }],
      admin: { address: `127.0.0.1:${ports.admin}` },
      clusters: [
        {
          name: 'router',
          discovery: { type: 'static', endpoints: system.addresses },
          // Checks alone: a watched backend would be back at once, without the three that must pass.
          healthCheck: { services: [SERVICE], mode: 'check', interval: `${INTERVAL_MS}ms`, intervalJitter: '100ms', ...CHECK },
          loadBalancing: { panicThreshold: '50%' },
        },
      ],
      routes: [{ name: 'router', match: { prefix: '/router.Router/' }, cluster: 'router' }],
    },
    { url: `http://127.0.0.1:${ports.admin}` },
  );
}

async function untilAll({ healthUrls }: Variant, wanted: '200 ok' | '503 unavailable'): Promise<void> {
  for (const url of healthUrls) {
    await untilHealth(url, wanted);
  }
}

/** Calls until the backend gets some: it may be connected to a while after its check has passed. */
async function untilCalled({ backends }: SystemS2, index: number, client: RouterClient): Promise<void> {
  const before = (await backends[index]?.begun())?.length ?? 0;
  await eventually(
    `backend ${index} is called`,
    async () => {
      await client.call(3, 'again');
      return (await backends[index]?.begun())?.length ?? 0;
    },
    (calls) => calls > before,
    { deadlineMs: 15_000 },
  );
}

/** The day of a backend: well, failing with others, dead, alone, away altogether, and back. */
async function runDay(t: TestContext, system: SystemS2, variant: Variant): Promise<void> {
  const { bridge, port, healthUrls } = variant;
  const url = healthUrls[0] ?? '';
  const until = (code: number, pattern: RegExp): Promise<void> => bridge.untilText('/healthz', code, pattern, 15_000);
  using client = new RouterClient(port);
  await untilAll(variant, '200 ok');
  await until(200, /^\[\+\]router ok\n/);
  const well = await system.measure('3 of 3 healthy', url, client);
  assert.deepEqual([well.health, well.codes], ['200 ok', '30 OK']);
  assert.ok(
    well.calls.every((calls) => calls >= 8),
    well.calls.join(' '),
  );

  await system.say(0, 'NOT_SERVING');
  await until(200, /2 of 3 healthy/);
  const without = await system.measure('2 of 3 healthy', url, client);
  assert.deepEqual([without.health, without.codes, without.calls[0]], ['200 ok', '30 OK', 0]);
  assert.ok(
    without.calls.slice(1).every((calls) => calls >= 12),
    without.calls.join(' '),
  );

  await system.kill(1);
  await until(200, /1 of 3 healthy/);
  const panic = await system.measure('1 of 3 healthy, 1 dead', url, client);
  // Below half, calls go to all three; the answer stays with what is known.
  assert.equal(panic.health, '200 ok');
  assert.ok((panic.calls[0] ?? 0) >= 8 && panic.calls[1] === 0, panic.calls.join(' '));
  assert.match(panic.codes, variant.deadUnderPanic === 'fails' ? /\d+ UNAVAILABLE/ : /^30 OK$/);

  await system.say(2, 'NOT_SERVING');
  await untilAll(variant, '503 unavailable');
  await system.measure('0 of 3 healthy, 1 dead', url, client);
  await checkProbes(healthUrls, 503);

  const backAt = performance.now();
  await system.say(2, 'SERVING');
  await untilAll(variant, '200 ok');
  const tookMs = performance.now() - backAt;
  assert.ok(tookMs >= SOONEST_RECOVERY_MS, `healthy after ${Math.round(tookMs)} ms: fewer than three checks`);
  await system.say(0, 'SERVING');
  await system.revive(1);
  await until(200, /^\[\+\]router ok\n/);
  await untilCalled(system, 1, client);
  const again = await system.measure('3 of 3 healthy again', url, client);
  assert.deepEqual([again.health, again.codes], ['200 ok', '30 OK']);
  assert.ok(
    again.calls.every((calls) => calls >= 8),
    again.calls.join(' '),
  );
  await checkProbes(healthUrls, 200);
  for (const line of system.table) {
    t.diagnostic(line);
  }
  t.diagnostic(`healthy ${Math.round(tookMs)} ms after the first backend was back`);
}

/** What the kubelet asks, with and without the header that Envoy recipes give it. */
async function checkProbes(healthUrls: readonly string[], code: number): Promise<void> {
  for (const url of healthUrls) {
    for (const headers of [[], ['x-envoy-livenessprobe: healthz']]) {
      const answers = await Promise.all(['', 'healthz', 'livez', 'readyz'].map((path) => probe(url + path, ...headers)));
      assert.deepEqual(
        answers.map(({ status, httpVersion }) => `${status} ${httpVersion}`),
        [`${code} 2`, `${code} 2`, '200 2', '200 2'],
        url,
      );
    }
  }
}

describe('S2, a router behind a load balancer that asks GET / over HTTPS', { timeout: 180_000 }, () => {
  it('is reported by the bridge from what a real Envoy knows, in place of a script in it', async (t) => {
    await using folder = await WorkFolder.create();
    await using system = await SystemS2.start(folder);
    const [listen = 0, own = 0, health = 0, admin = 0] = await freePorts(4);
    await using envoy = await startEnvoy(system, { listen, health }, await writePair(folder));
    await using bridge = await startReader(envoy, { own, health, admin });
    const healthUrls = [`https://127.0.0.1:${listen}/`, `https://127.0.0.1:${own}/`];
    await runDay(t, system, { port: listen, healthUrls, bridge, deadUnderPanic: 'fails' });
    envoy.child.assertRunning();
    bridge.child.assertRunning();
  });

  it('is checked, reported and served by the bridge alone', async (t) => {
    await using folder = await WorkFolder.create();
    await using system = await SystemS2.start(folder);
    const [own = 0, admin = 0] = await freePorts(2);
    await using bridge = await startForwarder(system, { own, admin });
    const variant = { port: own, healthUrls: [`https://127.0.0.1:${own}/`], bridge, deadUnderPanic: 'goes elsewhere' } as const;
    await runDay(t, system, variant);
    bridge.child.assertRunning();
  });
});
