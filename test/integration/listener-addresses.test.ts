import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { BridgeError, ErrorCode } from '../../src/errors.ts';
import { type Address, formatAddress } from '../../src/model/address.ts';
import { Listener } from '../../src/proxy/listener.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RawClient } from '../support/raw-client.ts';
import { echo, TestListener } from '../support/test-listener.ts';

const GET = 'GET / HTTP/1.0\r\n\r\n';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'listener-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

/** A socket file that nobody listens on, as a killed process leaves it behind. */
async function leaveSocketBehind(path: string): Promise<void> {
  const script = 'require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))';
  await once(spawn(process.execPath, ['-e', script, path], { stdio: 'ignore' }), 'close');
}

async function assertCannotBind(address: Address, reason: string): Promise<void> {
  const listener = new Listener({
    name: 'public',
    address,
    tls: null,
    requestHandler: echo,
    observer: { onRefusal: () => undefined, onError: () => undefined },
    clock: new FakeClock(),
  });
  await assert.rejects(listener.listen(), (error) => {
    assert.ok(error instanceof BridgeError);
    assert.equal(error.code, ErrorCode.LISTEN_FAILED);
    assert.equal(error.message, `listener public: cannot bind ${formatAddress(address)}: ${reason}`);
    return true;
  });
  await listener.close();
}

describe('the address of a listener', () => {
  const rows: readonly (readonly [host: string, bound: readonly string[]])[] = [
    ['127.0.0.1', ['127.0.0.1']],
    ['::1', ['::1']],
    ['localhost', ['127.0.0.1', '::1']],
  ];
  for (const [host, bound] of rows) {
    it(`is ${host}, with the port that was free`, async () => {
      await using peer = await TestListener.start({ address: { kind: 'tcp', host, port: 0 } });
      assert.ok(peer.address.kind === 'tcp');
      assert.ok(peer.address.port > 0);
      assert.ok(bound.includes(peer.address.host));
      using client = await RawClient.tcp(peer.port, peer.address.host);
      assert.match(await client.write(GET).untilOver(), /GET/);
    });
  }

  it('is both families for [::]', async () => {
    await using peer = await TestListener.start({ address: { kind: 'tcp', host: '::', port: 0 } });
    for (const host of ['127.0.0.1', '::1']) {
      using client = await RawClient.tcp(peer.port, host);
      assert.match(await client.write(GET).untilOver(), /GET/);
    }
  });

  it('is a socket file for user and group, which goes with the listener', async (t) => {
    const path = join(await folder(t), 'bridge.sock');
    {
      await using peer = await TestListener.start({ address: { kind: 'unix', path } });
      assert.deepEqual(peer.address, { kind: 'unix', path });
      assert.equal((await stat(path)).mode & 0o777, 0o660);
      using client = await RawClient.unix(path);
      assert.match(await client.write(GET).untilOver(), /GET/);
    }
    await assert.rejects(stat(path), { code: 'ENOENT' });
  });

  it('may be the socket file of a process that is gone', async (t) => {
    const path = join(await folder(t), 'bridge.sock');
    await leaveSocketBehind(path);
    assert.ok((await stat(path)).isSocket());
    await using peer = await TestListener.start({ address: { kind: 'unix', path } });
    assert.deepEqual(peer.address, { kind: 'unix', path });
    using client = await RawClient.unix(path);
    assert.match(await client.write(GET).untilOver(), /GET/);
  });
});

describe('an address that cannot be bound', () => {
  it('is taken', async () => {
    await using peer = await TestListener.start();
    await assertCannotBind({ kind: 'tcp', host: '127.0.0.1', port: peer.port }, 'address already in use');
  });

  it('is not of this machine', async () => {
    await assertCannotBind({ kind: 'tcp', host: '192.0.2.1', port: 0 }, 'not an address of this machine');
  });

  it('has a name that nobody knows', async () => {
    await assertCannotBind({ kind: 'tcp', host: 'no-such-host.invalid', port: 0 }, 'host name not found');
  });

  it('is a socket that somebody listens on, which keeps working', async (t) => {
    const path = join(await folder(t), 'live.sock');
    const holder = createServer((socket) => socket.on('error', () => undefined).end('mine')).listen(path);
    await once(holder, 'listening');
    t.after(() => holder.close());
    await assertCannotBind({ kind: 'unix', path }, 'address already in use');
    using client = await RawClient.unix(path);
    assert.equal(await client.untilOver(), 'mine');
  });

  it('is a file that is no socket, which stays', async (t) => {
    const path = join(await folder(t), 'file');
    await writeFile(path, 'precious');
    await assertCannotBind({ kind: 'unix', path }, 'address already in use');
    assert.equal((await stat(path)).size, 8);
  });

  it('is in no folder', async (t) => {
    const path = join(await folder(t), 'none', 'bridge.sock');
    await assertCannotBind({ kind: 'unix', path }, 'no such folder');
  });
});
