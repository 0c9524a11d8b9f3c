import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { MAX_LEAVING_CLUSTERS } from '../../src/bridge/leaving-clusters.ts';
import { MAX_LEAVING_LISTENERS } from '../../src/bridge/listener-slot.ts';
import { EchoClient } from '../support/echo-client.ts';
import { freePort } from '../support/free-port.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { type RawConfig, TestBridge } from '../support/test-bridge.ts';

function config(backend: EchoBackend, listeners: readonly RawConfig[], cluster: RawConfig = {}): RawConfig {
  const discovery = { type: 'static', endpoints: [backend.endpoint.key] };
  return {
    listeners: listeners.map((listener) => ({ routes: ['all'], ...listener })),
    clusters: [{ name: 'echo', discovery, healthCheck: { type: 'none' }, ...cluster }],
    routes: [{ name: 'all', cluster: 'echo' }],
    health: { paths: ['/healthz'] },
    drain: { delay: '0s', timeout: '200ms' },
  };
}

/** A call that stays open until it is ended. */
function openCall(port: number): {
  readonly client: EchoClient;
  readonly say: (text: string) => Promise<string>;
  readonly end: () => Promise<number>;
} {
  const client = new EchoClient(port);
  const call = client.duplex();
  call.on('error', () => undefined);
  const ended = new Promise<status>((resolve) => {
    call.once('status', ({ code }) => resolve(code));
  });
  return {
    client,
    say: async (text) => {
      call.write(Buffer.from(text));
      const [octets] = await once(call, 'data', { signal: AbortSignal.timeout(5000) });
      return String(octets);
    },
    end: async () => {
      call.end();
      const code = await ended;
      client[Symbol.dispose]();
      return code;
    },
  };
}

describe('listeners of a reload', () => {
  it('change their settings at the same address: calls go on, new connections have the new ones', async () => {
    await using backend = await EchoBackend.start();
    const address = `127.0.0.1:${await freePort()}`;
    await using bridge = await TestBridge.start(config(backend, [{ name: 'one', address }]));
    await bridge.untilHealthy(true);
    const port = Number(new URL(bridge.url('one')).port);
    // GOAWAY and a call may cross: then grpc-js makes the call again by itself, as it does unless told otherwise.
    await using load = new SteadyLoad(port, { 'grpc.enable_retries': 1 });
    const calls: ReturnType<typeof openCall>[] = [];
    // One more than may be left behind: the oldest is ended.
    for (let index = 0; index <= MAX_LEAVING_LISTENERS; index++) {
      const call = openCall(port);
      calls.push(call);
      assert.equal(await call.say('a'), 'a');
      await bridge.reload(config(backend, [{ name: 'one', address, idleTimeout: `${index + 10}s` }]));
      await load.untilDone(10);
    }
    const [first, second] = calls;
    assert.equal(await first?.end(), status.UNAVAILABLE);
    assert.equal(await second?.say('b'), 'b');
    for (const call of calls.slice(1)) {
      assert.equal(await call.end(), status.OK);
    }
    await load.stop();
    assert.deepEqual(load.failures, []);
  });

  it('come and go: a new one is bound before an old one drains, and one that cannot be bound refuses the whole', async () => {
    await using backend = await EchoBackend.start();
    await using blocker = createServer();
    blocker.listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
    const taken = `127.0.0.1:${(blocker.address() as AddressInfo).port}`;
    const [one, two] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    await using bridge = await TestBridge.start(config(backend, [{ name: 'one', address: one }]));
    bridge.expectsErrors = true;
    await bridge.untilHealthy(true);
    const call = openCall(Number(one.split(':')[1]));
    assert.equal(await call.say('a'), 'a');
    await bridge.reload(config(backend, [{ name: 'taken', address: taken }]));
    const { problems } = await bridge.untilLogged('configuration refused, the one before stays in force');
    assert.deepEqual(problems, [`listener taken: cannot bind ${taken}: address already in use`]);
    assert.equal((await bridge.get('/healthz', { listener: 'one' })).status, 200);
    await bridge.reload(config(backend, [{ name: 'two', address: two }]));
    assert.equal((await bridge.get('/healthz', { listener: 'two' })).status, 200);
    assert.deepEqual([...bridge.bridge.addresses.keys()], ['two', 'admin']);
    // It has drain.timeout and no more.
    assert.equal(await call.end(), status.OK);
    await assert.rejects(fetch(`http://${one}/healthz`));
  });

  it('leave calls on replaced clusters to their end, up to a number of them', async () => {
    await using backend = await EchoBackend.start();
    await using bridge = await TestBridge.start(config(backend, [{ name: 'one', address: '127.0.0.1:0' }]));
    await bridge.untilHealthy(true);
    const port = Number(new URL(bridge.url('one')).port);
    const calls: ReturnType<typeof openCall>[] = [];
    for (let index = 0; index <= MAX_LEAVING_CLUSTERS; index++) {
      const call = openCall(port);
      calls.push(call);
      assert.equal(await call.say('a'), 'a');
      await bridge.reload(
        config(backend, [{ name: 'one', address: '127.0.0.1:0' }], {
          connectTimeout: `${index + 1}s`,
          healthCheck: { type: 'none' },
        }),
      );
    }
    assert.equal(await calls[0]?.end(), status.UNAVAILABLE);
    for (const call of calls.slice(1)) {
      assert.equal(await call.end(), status.OK);
    }
  });
});
