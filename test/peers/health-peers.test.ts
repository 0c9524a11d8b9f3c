import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { credentials, status } from '@grpc/grpc-js';
import { HealthClient } from './support/health-client.ts';
import { HealthPeer, type PeerKind } from './support/health-peer.ts';
import { writeTlsFiles } from './support/tls-files.ts';
import { WorkFolder } from './support/work-folder.ts';

// The other suites rest on what these servers do, so that is proven first, without the bridge.
const KINDS: readonly PeerKind[] = ['grpc-go', 'C-core'];

for (const kind of KINDS) {
  describe(`the ${kind} health server`, { timeout: 30_000 }, () => {
    it('says what it was told to, and that it does not know the rest', async () => {
      await using peer = await HealthPeer.start(kind);
      using client = new HealthClient(peer.address);
      assert.equal(await client.check(''), 'SERVING');
      await assert.rejects(client.check('route.Router'), { code: status.NOT_FOUND });
      for (const word of ['NOT_SERVING', 'UNKNOWN', 'SERVING'] as const) {
        await peer.set({ statuses: { 'route.Router': word } });
        assert.equal(await client.check('route.Router'), word);
      }
      await peer.set({ statuses: { 'route.Router': null } });
      await assert.rejects(client.check('route.Router'), { code: status.NOT_FOUND });
      assert.deepEqual([(await peer.counts()).checks, (await peer.counts()).checksInFlight], [6, 0]);
    });

    it('tells those that watch, and keeps the stream of an unknown service open', async () => {
      await using peer = await HealthPeer.start(kind);
      using client = new HealthClient(peer.address);
      const words = client.watch('route.Router');
      assert.equal((await words.next()).value, 'SERVICE_UNKNOWN');
      await peer.set({ statuses: { 'route.Router': 'NOT_SERVING' } });
      assert.equal((await words.next()).value, 'NOT_SERVING');
      assert.equal((await peer.counts()).openWatches, 1);
      await peer.set({ statuses: { 'route.Router': 'SERVING' } });
      assert.equal((await words.next()).value, 'SERVING');
      await words.return(undefined);
    });

    it('can be without the service, silent, slow or failing', async () => {
      await using peer = await HealthPeer.start(kind);
      using client = new HealthClient(peer.address);
      await peer.set({ behaviour: { kind: 'unimplemented' } });
      await assert.rejects(client.check(''), { code: status.UNIMPLEMENTED });
      await peer.set({ behaviour: { kind: 'error', code: status.RESOURCE_EXHAUSTED } });
      await assert.rejects(client.check(''), { code: status.RESOURCE_EXHAUSTED });
      await peer.set({ behaviour: { kind: 'delay', delayMs: 150 } });
      const started = performance.now();
      assert.equal(await client.check(''), 'SERVING');
      assert.ok(performance.now() - started >= 145);
      await peer.set({ behaviour: { kind: 'hang' } });
      await assert.rejects(client.check('', 150), { code: status.DEADLINE_EXCEEDED });
      await peer.set({ behaviour: { kind: 'answer' } });
      assert.equal(await client.check(''), 'SERVING');
    });

    it('comes back on the address that it had', async () => {
      await using peer = await HealthPeer.start(kind);
      await peer.child.kill();
      await using returned = await peer.restart();
      assert.equal(returned.address, peer.address);
      using client = new HealthClient(peer.address);
      assert.equal(await client.check(''), 'SERVING');
    });

    it('speaks TLS, and insists on a client certificate where it is told to', async () => {
      await using folder = await WorkFolder.create();
      const files = await writeTlsFiles(folder);
      await using peer = await HealthPeer.start(kind, { tls: { ...files.server, clientCa: files.ca } });
      const [ca, key, cert] = [files.ca, files.client.key, files.client.cert].map((path) => readFileSync(path));
      assert.ok(ca !== undefined && key !== undefined && cert !== undefined);
      using client = new HealthClient(`localhost:${peer.port}`, credentials.createSsl(ca, key, cert));
      assert.equal(await client.check(''), 'SERVING');
      using stranger = new HealthClient(`localhost:${peer.port}`, credentials.createSsl(ca));
      await assert.rejects(stranger.check('', 1_000));
    });
  });
}

describe('the grpc-go health server', { timeout: 30_000 }, () => {
  it('can reset the connection when a check comes in', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    using client = new HealthClient(peer.address);
    await peer.set({ behaviour: { kind: 'reset' } });
    await assert.rejects(client.check(''), { code: status.UNAVAILABLE });
  });

  it('echoes messages of methods that it does not know', async () => {
    await using peer = await HealthPeer.start('grpc-go');
    using client = new HealthClient(peer.address);
    assert.deepEqual(await client.echo('/echo.Echo/Call', Buffer.from('hello')), Buffer.from('hello'));
  });
});
