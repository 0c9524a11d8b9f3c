import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { type RawConfig, TestBridge } from '../support/test-bridge.ts';

const WARM_UP = 24;
const RELOADS = 200;
/** What noise the load makes between two heaps after a collection; a cluster that is left behind by each good reload is more. Octets. */
const FLAT_OCTETS = 6 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

async function heapOctets(bridge: TestBridge): Promise<number> {
  bridge.forgetLines();
  assert.ok(typeof collect === 'function');
  for (let round = 0; round < 3; round++) {
    collect();
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
  return process.memoryUsage().heapUsed;
}

function cluster(name: string, backends: readonly EchoBackend[], more: RawConfig = {}): RawConfig {
  return {
    name,
    discovery: { type: 'static', endpoints: backends.map(({ endpoint }) => endpoint.key) },
    healthCheck: { type: 'tcp', interval: '1s', intervalJitter: '0s' },
    ...more,
  };
}

/** Another cluster, other sources, other health, and another way to reach endpoints, in turn. */
function variant(index: number, one: EchoBackend, other: EchoBackend): RawConfig {
  const variants: readonly { readonly to: string; readonly clusters: readonly RawConfig[]; readonly details: string }[] = [
    { to: 'a', clusters: [cluster('a', [one])], details: 'counts' },
    { to: 'b', clusters: [cluster('b', [one, other])], details: 'none' },
    { to: 'b', clusters: [cluster('b', [other]), cluster('a', [one])], details: 'full' },
    { to: 'b', clusters: [cluster('b', [other], { connectTimeout: '2s' })], details: 'full' },
  ];
  const { to, clusters, details } = variants[index % variants.length] ?? { to: '', clusters: [], details: '' };
  return { clusters, routes: [{ name: 'all', cluster: to }], health: { paths: ['/healthz'], details } };
}

describe('two hundred reloads under load, half of them bad', () => {
  it('lose no call and leave nothing behind', async () => {
    await using one = await EchoBackend.start();
    await using other = await EchoBackend.start();
    await using bridge = await TestBridge.start(variant(0, one, other));
    bridge.expectsErrors = true;
    await bridge.untilHealthy(true);
    await using load = new SteadyLoad(Number(new URL(bridge.url()).port));
    const reloads = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) {
        await bridge.reload(index % 2 === 0 ? variant(index / 2, one, other) : { clusters: [], routes: [{ name: 'all' }] });
        await load.untilDone(20);
        assert.equal((await bridge.get('/readyz')).status, 200);
        assert.equal((await bridge.get('/healthz')).status, 200);
      }
    };
    await reloads(WARM_UP);
    const before = await heapOctets(bridge);
    await reloads(RELOADS);
    const grown = (await heapOctets(bridge)) - before;
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.ok(grown < FLAT_OCTETS, `${grown} octets more after ${RELOADS} reloads and ${load.done} calls`);
  });
});
