import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { isAlive } from '../../src/cli/check-self.ts';
import { resolveConfig } from '../../src/config/resolve.ts';

const CLUSTERS = [{ name: 'a', discovery: { type: 'static', endpoints: ['127.0.0.1:1'] } }];

/** Answers `/livez` with this code, and anything else with 404. */
async function serving(code: number): Promise<{ readonly address: string } & AsyncDisposable> {
  const server = createServer((request, response) => response.writeHead(request.url === '/livez' ? code : 404).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe('check --self', () => {
  it('takes nothing but 200 for life', async () => {
    for (const [code, alive] of [
      [200, true],
      [204, false],
      [404, false],
      [503, false],
    ] as const) {
      await using server = await serving(code);
      const { address } = server;
      const config = resolveConfig({ listeners: [{ address }], clusters: CLUSTERS });
      assert.deepEqual(await isAlive(config), { alive, text: `${address}/livez answers ${code}` });
    }
  });

  it('asks a listener that answers health URLs on a known port, else the admin listener', async () => {
    await using well = await serving(200);
    await using mute = await serving(404);
    const off = { name: 'off', address: mute.address, health: 'none', routes: [] };
    const free = { name: 'free', address: '127.0.0.1:0', routes: [] };
    for (const [listeners, admin] of [
      [[off, free, { name: 'on', address: well.address, routes: [] }], '127.0.0.1:0'],
      [[off, free], well.address],
    ] as const) {
      const config = resolveConfig({ listeners, admin: { address: admin }, clusters: CLUSTERS });
      assert.deepEqual(await isAlive(config), { alive: true, text: `${well.address}/livez answers 200` });
    }
    const { alive, text } = await isAlive(
      resolveConfig({ listeners: [off, free], admin: { address: '127.0.0.1:0' }, clusters: CLUSTERS }),
    );
    assert.deepEqual([alive, text], [false, 'every listener takes a free port: there is no address to ask']);
  });
});
