import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEndpoint, type Endpoint } from '../../src/model/endpoint.ts';
import { collectGarbage, heapOctets } from '../support/collect-garbage.ts';
import { freePort } from '../support/free-port.ts';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { FRAME, RawH2Peer } from '../support/peers/raw-h2-peer.ts';
import { UpstreamBench } from '../support/upstream-bench.ts';

/** Sockets and timers that keep a process alive, those of the test's own peers included. */
const held = (): number =>
  process.getActiveResourcesInfo().filter((name) => ['TCPSocketWrap', 'Timeout', 'Immediate', 'TCPConnectWrap'].includes(name))
    .length;

describe('the end of a cluster', () => {
  it('drains: no new calls, while those under way finish', async () => {
    await using peer = await RawH2Peer.start({ onRequest: () => undefined });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    const call = bench.call();
    const session = await peer.session();
    await session.frame(FRAME.HEADERS);
    const drained = bench.cluster.drain();
    assert.equal(await bench.call().done, 'no connection: closed');
    await session.frame(FRAME.GOAWAY);
    assert.equal(await Promise.race([drained, Promise.resolve('under way')]), 'under way');
    session.answer(1);
    assert.equal(await call.done, '200');
    await session.ended();
    await drained;
    assert.equal(bench.cluster.connections, 0);
    bench.use(peer.endpoint);
    assert.equal(bench.cluster.connecting, 0, 'an update comes too late');
  });

  it('closes at once: calls are reset, those that wait are told, attempts are given up', async () => {
    await using peer = await RawH2Peer.start({ onRequest: () => undefined });
    await using silent = await RawH2Peer.start({ settings: null });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint, silent.endpoint);
    await bench.connected(1);
    const calls = [bench.call(), bench.call()];
    await (await peer.session()).frame(FRAME.HEADERS);
    await silent.session();
    await bench.cluster.close();
    const ends = await Promise.all(calls.map(({ done }) => done));
    assert.deepEqual(ends.sort(), ['no connection: closed', 'reset 0 connection']);
    await bench.until(() => peer.open + silent.open === 0, 'closed sockets');
    await bench.cluster.close();
  });

  it('does not wait for a peer that keeps its side open', async () => {
    await using peer = await RawH2Peer.start({ onConnection: ({ socket }) => socket.pause() });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    await bench.until(() => bench.cluster.connecting === 1, 'an attempt');
    await bench.connected(1);
    const before = performance.now();
    await bench.cluster.close();
    assert.ok(performance.now() - before < 2000);
  });

  it('leaves no socket, timer or memory behind, a thousand times', async () => {
    await using backend = await NodeHttp2Backend.start();
    const cycle = async (): Promise<void> => {
      await using bench = new UpstreamBench();
      bench.use(backend.endpoint);
      assert.equal(await bench.call().done, '200');
    };
    for (let warmUp = 0; warmUp < 50; warmUp++) {
      await cycle();
    }
    const before = held();
    for (let count = 0; count < 1000; count++) {
      await cycle();
    }
    assert.ok(held() <= before + 2, `${held()} handles are left, ${before} before`);
    assert.equal(backend.opened, 1050);
  });

  it('leaves nothing behind within one cluster whose endpoints come and go', async () => {
    await using one = await NodeHttp2Backend.start();
    await using two = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    for (let count = 0; count < 100; count++) {
      bench.use(count % 2 === 0 ? one.endpoint : two.endpoint);
      assert.equal(await bench.call().done, '200');
    }
    await bench.until(() => one.sessions.size + two.sessions.size === 1, 'one session');
    assert.equal(bench.cluster.connections, 1);
  });

  it('forgets a thousand endpoints that have come and gone, but for one whose call goes on', async () => {
    await using peer = await RawH2Peer.start({ onRequest: () => undefined });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    await bench.connected(1);
    const call = bench.call();
    const session = await peer.session();
    await session.frame(FRAME.HEADERS);
    const port = await freePort();
    const keys: string[] = [];
    const turnOver = async (round: number): Promise<void> => {
      const some = hundred(round, port);
      keys.push(...some.map(({ key }) => key));
      bench.use(...some);
      await bench.shift(300);
      bench.use();
      await bench.shift(300);
      bench.log.length = 0;
      collectGarbage();
    };
    await turnOver(0);
    const before = heapOctets();
    for (let round = 1; round <= 10; round++) {
      await turnOver(round);
    }
    assert.ok(heapOctets() - before < 400_000, `${heapOctets() - before} octets are left of a thousand endpoints`);
    assert.deepEqual(
      keys.filter((key) => bench.cluster.trafficOf(key) !== null),
      [],
    );
    assert.deepEqual(bench.cluster.trafficOf(peer.endpoint.key), { connections: 1, activeRequests: 1 });
    session.answer(1);
    assert.equal(await call.done, '200');
    await bench.shift(300);
    await bench.until(() => bench.cluster.trafficOf(peer.endpoint.key) === null, 'gone too');
  });
});

/** Endpoints on loopback addresses of their own, where nothing listens. */
function hundred(round: number, port: number): Endpoint[] {
  return Array.from({ length: 100 }, (_, index) =>
    createEndpoint({ kind: 'tcp', host: `127.1.${round}.${index + 1}`, port }, null),
  );
}
