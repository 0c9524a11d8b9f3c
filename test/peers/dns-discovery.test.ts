import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BridgeProcess, type RawConfig, runWithConfig } from './support/bridge.ts';
import { Dnsmasq } from './support/dns.ts';
import { eventually } from './support/eventually.ts';
import { freePort } from './support/free-ports.ts';
import { HealthPeer } from './support/health-peer.ts';

/** The host name ends in a dot, so that no search list of the machine is tried. */
function config(host: string, server: Dnsmasq, port: number, cluster: object = {}): RawConfig {
  return {
    clusters: [
      {
        name: 'app',
        discovery: { type: 'dns', host: `${host}.`, port, refreshInterval: '1s', resolvers: [server.address] },
        healthCheck: { mode: 'check', interval: '200ms', intervalJitter: '0s', timeout: '500ms', unhealthyThreshold: 1 },
        ...cluster,
      },
    ],
  };
}

/** What the three views of a bridge say of its endpoints: `address → healthy`. */
async function seenByText(bridge: BridgeProcess): Promise<Readonly<Record<string, boolean>>> {
  const { body } = await bridge.verbose();
  return Object.fromEntries([...body.matchAll(/^ +\[([+-])\](\S+)/gm)].map(([, sign, address]) => [address, sign === '+']));
}

async function seenByJson(bridge: BridgeProcess): Promise<Readonly<Record<string, boolean>>> {
  const { checks } = await bridge.json();
  return Object.fromEntries((checks['app'] ?? []).map((check) => [String(check.componentId), check.status === 'pass']));
}

async function assertAgreement(bridge: BridgeProcess, wanted: Readonly<Record<string, boolean>>, status: number): Promise<void> {
  await eventually(
    `?verbose shows ${JSON.stringify(wanted)}`,
    () => seenByText(bridge),
    (seen) => sameEntries(seen, wanted),
  );
  assert.deepEqual(await seenByJson(bridge), await seenByText(bridge));
  const answers = await Promise.all([
    bridge.verbose(),
    bridge.get('/healthz?format=json'),
    bridge.get('/'),
    bridge.get('/healthz/app'),
  ]);
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [status, status, status, status],
  );
}

function sameEntries(a: Readonly<Record<string, boolean>>, b: Readonly<Record<string, boolean>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

describe('dns discovery on a real resolver', { timeout: 60_000 }, () => {
  it('checks every address of a name, and follows the record set', async () => {
    const port = await freePort();
    const [one, two, three] = [1, 2, 3].map((last) => `127.0.0.${last}:${port}`);
    assert.ok(one !== undefined && two !== undefined && three !== undefined);
    // Nobody listens on the third.
    await using peer = await HealthPeer.start('grpc-go', { listen: [one, two] });
    await using server = await Dnsmasq.start({ 'app.test': ['127.0.0.1', '127.0.0.2', '127.0.0.3'] });
    const raw = config('app.test', server, port);
    await using bridge = await BridgeProcess.start(raw);
    await assertAgreement(bridge, { [one]: true, [two]: true, [three]: false }, 200);
    const three200 = await runWithConfig('check', raw);
    assert.equal(three200.code, 0, three200.stderr);
    for (const address of [one, two, three]) {
      assert.ok(three200.stdout.includes(address), `${address} is not in:\n${three200.stdout}`);
    }
    assert.match(three200.stdout, new RegExp(`\\[-\\]${three}.*refused`, 'i'));

    await server.replace({ 'app.test': ['127.0.0.2', '127.0.0.3'] });
    await assertAgreement(bridge, { [two]: true, [three]: false }, 200);

    await server.replace({ 'app.test': ['127.0.0.3'] });
    await assertAgreement(bridge, { [three]: false }, 503);
    assert.equal((await runWithConfig('check', raw)).code, 2);

    await peer.child.kill();
    await using moved = await HealthPeer.start('C-core', { listen: [three] });
    await assertAgreement(bridge, { [three]: true }, 200);
    await moved.set({ statuses: { '': 'NOT_SERVING' } });
    await assertAgreement(bridge, { [three]: false }, 503);
    assert.equal((await runWithConfig('check', raw)).code, 4);
    await moved.set({ statuses: { '': 'SERVING' } });
    await server.replace({ 'app.test': ['127.0.0.1', '127.0.0.3'] });
    await assertAgreement(bridge, { [one]: false, [three]: true }, 200);
    assert.equal((await runWithConfig('check', raw)).code, 0);
  });

  it('believes that a name is gone when it was told so twice, and finds it again', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    await using server = await Dnsmasq.start({ 'app.test': ['127.0.0.1'] });
    await using bridge = await BridgeProcess.start(config('app.test', server, peer.port));
    await bridge.untilStatus('/healthz', 200);
    const changed = performance.now();
    await server.replace({});
    const text = await bridge.untilStatus('/healthz', 503);
    // With a refresh every second the first answer cannot have been enough.
    assert.ok(performance.now() - changed > 900, `after ${Math.round(performance.now() - changed)} ms`);
    assert.doesNotMatch(text, /127\.0\.0\.1/);
    await server.replace({ 'app.test': ['127.0.0.1'] });
    await bridge.untilStatus('/healthz', 200);
  });

  it('keeps the last good set while the resolver fails, and says so', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    await using server = await Dnsmasq.start({ 'app.servfail.test': ['127.0.0.1'] });
    await using bridge = await BridgeProcess.start(config('app.servfail.test', server, peer.port));
    await bridge.untilStatus('/healthz', 200);
    await server.replace({});
    await bridge.untilText('/healthz', 200, /SERVFAIL/);
    // The endpoint is still checked: a discovery that fails does not freeze what is known.
    await peer.set({ statuses: { '': 'NOT_SERVING' } });
    await bridge.untilText('/healthz', 503, /NOT_SERVING/);
    await peer.set({ statuses: { '': 'SERVING' } });
    await bridge.untilText('/healthz', 200, /SERVFAIL/);
    await server.replace({ 'app.servfail.test': ['127.0.0.1'] });
    await bridge.untilText('/healthz', 200, /^(?!.*SERVFAIL)/s);
  });

  it('keeps the last good set while no resolver answers', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    const server = await Dnsmasq.start({ 'app.test': ['127.0.0.1'] });
    await using bridge = await BridgeProcess.start(config('app.test', server, peer.port));
    await bridge.untilStatus('/healthz', 200);
    await server[Symbol.asyncDispose]();
    await bridge.untilText('/healthz', 200, /discovery failed/, 15_000);
    assert.equal((await bridge.get('/readyz')).status, 200);
  });

  it('is ready with a name that never existed, and unhealthy', async () => {
    await using server = await Dnsmasq.start({});
    const raw = config('app.test', server, 50_051);
    await using bridge = await BridgeProcess.start(raw);
    assert.equal((await bridge.get('/readyz')).status, 200);
    assert.equal((await bridge.get('/healthz')).status, 503);
    assert.equal((await runWithConfig('check', raw)).code, 2);
  });

  it('takes an answer that only TCP can carry', async () => {
    const count = 200;
    const hosts = Array.from({ length: count }, (_, index) => `127.1.0.${index + 1}`);
    await using peer = await HealthPeer.start('grpc-go', { listen: ['0.0.0.0:0'] });
    await using server = await Dnsmasq.start({ 'many.test': hosts });
    await using bridge = await BridgeProcess.start(config('many.test', server, peer.port, { healthyWhen: { count } }));
    await bridge.untilStatus('/healthz', 200, 15_000);
    const all = await bridge.admin('/healthz?format=json');
    const { checks }: { readonly checks: Readonly<Record<string, readonly { readonly componentId: string }[]>> } = JSON.parse(
      all.body,
    );
    assert.deepEqual(
      checks['app']?.map(({ componentId }) => componentId).sort(),
      hosts.map((host) => `${host}:${peer.port}`).sort(),
    );
  });
});
