import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { RawH2Peer } from '../support/peers/raw-h2-peer.ts';
import { UpstreamBench } from '../support/upstream-bench.ts';

describe('calls over the endpoints of a cluster', () => {
  it('spreads the calls, not the connections', async () => {
    await using one = await NodeHttp2Backend.start();
    await using two = await NodeHttp2Backend.start();
    await using three = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    bench.use(one.endpoint, two.endpoint, three.endpoint);
    for (let call = 0; call < 30; call++) {
      assert.equal(await bench.call().done, '200');
    }
    assert.deepEqual([one.requests, two.requests, three.requests], [10, 10, 10]);
    assert.deepEqual([one.opened, two.opened, three.opened], [1, 1, 1]);
  });

  it('spreads evenly from the first call on, while nothing is connected yet', async () => {
    await using one = await NodeHttp2Backend.start();
    await using two = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    bench.use(one.endpoint, two.endpoint);
    const calls = Array.from({ length: 20 }, () => bench.call());
    assert.equal(bench.cluster.pendingRequests, 20);
    assert.deepEqual(new Set(await Promise.all(calls.map(({ done }) => done))), new Set(['200']));
    assert.deepEqual([one.requests, two.requests], [10, 10]);
    assert.equal(bench.cluster.pendingRequests, 0);
  });

  it('goes on in its round when the endpoints are told again after every call', async () => {
    await using one = await NodeHttp2Backend.start();
    await using two = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    for (let call = 0; call < 20; call++) {
      bench.use(one.endpoint, two.endpoint);
      assert.equal(await bench.call().done, '200');
    }
    assert.deepEqual([one.requests, two.requests], [10, 10]);
    assert.deepEqual([one.opened, two.opened], [1, 1]);
  });

  it('connects to healthy endpoints before the first call, and serves it at once', async () => {
    await using one = await NodeHttp2Backend.start();
    await using two = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    bench.health([
      [one.endpoint, 'healthy'],
      [two.endpoint, 'pending'],
    ]);
    await bench.connected(1);
    const call = bench.call();
    assert.notEqual(call.stream, null);
    assert.equal(await call.done, '200');
    assert.deepEqual(call.heard, []);
    assert.deepEqual([one.opened, two.opened], [1, 0]);
  });

  it('sends nothing to endpoints that are not healthy', async () => {
    await using good = await NodeHttp2Backend.start();
    await using bad = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    for (const state of ['unhealthy', 'pending', 'stale', 'ejected', 'draining', 'excluded'] as const) {
      bench.health([
        [good.endpoint, 'degraded'],
        [bad.endpoint, state],
      ]);
      assert.deepEqual(await Promise.all([bench.call().done, bench.call().done]), ['200', '200'], state);
    }
    assert.equal(good.requests, 12);
    assert.equal(bad.opened, 0);
  });

  it('ignores health below the panic threshold', async () => {
    await using good = await NodeHttp2Backend.start();
    await using bad = await NodeHttp2Backend.start();
    await using unknown = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench({ panicThresholdPercent: 51 });
    bench.health([
      [good.endpoint, 'healthy'],
      [bad.endpoint, 'unhealthy'],
      [unknown.endpoint, 'pending'],
    ]);
    assert.equal(bench.cluster.isPanic, true);
    for (let call = 0; call < 10; call++) {
      assert.equal(await bench.call().done, '200');
    }
    assert.deepEqual([good.requests, bad.requests, unknown.opened], [5, 5, 0]);
  });

  it('sends calls to the next level only while no endpoint of the first is healthy', async () => {
    await using first = await NodeHttp2Backend.start();
    await using spare = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    for (const [state, expected] of [
      ['healthy', [2, 0]],
      ['unhealthy', [2, 2]],
      ['healthy', [4, 2]],
    ] as const) {
      bench.health([
        [{ ...spare.endpoint, priority: 1 }, 'healthy'],
        [first.endpoint, state],
      ]);
      assert.deepEqual([await bench.call().done, await bench.call().done], ['200', '200']);
      assert.deepEqual([first.requests, spare.requests], expected, state);
    }
  });

  it('keeps a call within its subset, also when no endpoint of it can be connected to', async () => {
    await using v1 = await NodeHttp2Backend.start();
    const gone = await NodeHttp2Backend.start();
    const { endpoint } = gone;
    await gone[Symbol.asyncDispose]();
    await using bench = new UpstreamBench();
    bench.health([
      [{ ...v1.endpoint, labels: { version: 'v1' } }, 'healthy'],
      [{ ...endpoint, labels: { version: 'v2' } }, 'healthy'],
    ]);
    const subset = bench.cluster.subset({ labels: { version: 'v2' }, fallback: 'none' });
    for (let call = 0; call < 3; call++) {
      assert.equal(await bench.call({ subset }).done, 'no connection: connect_failed');
      assert.equal(await bench.call().done, '200');
    }
    assert.equal(v1.requests, 3);
    const none = bench.cluster.subset({ labels: { version: 'v3' }, fallback: 'none' });
    assert.equal(await bench.call({ subset: none }).done, 'no connection: no_endpoints');
  });

  it('lets calls of an endpoint that becomes unhealthy or leaves finish, and then closes its connection', async () => {
    for (const isListed of [true, false]) {
      await using leaving = await RawH2Peer.start({ onRequest: () => undefined });
      await using staying = await NodeHttp2Backend.start();
      await using bench = new UpstreamBench();
      bench.use(leaving.endpoint);
      const old = bench.call();
      const session = await leaving.session();
      const { streamId } = await session.frame(1);
      bench.health([[staying.endpoint, 'healthy'], ...(isListed ? [[leaving.endpoint, 'unhealthy'] as const] : [])]);
      for (let call = 0; call < 4; call++) {
        assert.equal(await bench.call().done, '200');
      }
      assert.equal(leaving.requests, 1);
      assert.equal(leaving.open, 1);
      session.answer(streamId);
      assert.equal(await old.done, '200');
      await session.ended();
      assert.equal(session.ofType(7).length, 1, 'GOAWAY says that nothing was lost');
    }
  });

  it('keeps the connection of an endpoint that is away for a moment while its calls run', async () => {
    await using peer = await RawH2Peer.start({ onRequest: () => undefined });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    const old = bench.call();
    const session = await peer.session();
    await session.frame(1);
    bench.health([[peer.endpoint, 'unhealthy']]);
    bench.use(peer.endpoint);
    const next = bench.call();
    await session.frame(1, 2);
    session.answer(1);
    session.answer(3);
    assert.deepEqual([await old.done, await next.done], ['200', '200']);
    assert.equal(peer.sessions.length, 1);
  });

  it('avoids the endpoint that a call was refused by, if there is another', async () => {
    await using one = await NodeHttp2Backend.start();
    await using two = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    bench.use(one.endpoint, two.endpoint);
    for (let call = 0; call < 6; call++) {
      assert.equal(await bench.call({ excluded: one.endpoint }).done, '200');
    }
    assert.deepEqual([one.requests, two.requests], [0, 6]);
    bench.use(one.endpoint);
    assert.equal(await bench.call({ excluded: one.endpoint }).done, '200');
  });

  it('says why there is nothing to pick, later and once', async () => {
    await using peer = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    assert.equal(await bench.call().done, 'no connection: no_endpoints');
    bench.health([[peer.endpoint, 'unhealthy']]);
    const call = bench.call();
    assert.equal(await call.done, 'no connection: no_healthy_endpoints');
    assert.deepEqual(call.heard, ['no_healthy_endpoints']);
  });

  it('leads those that wait elsewhere when their endpoint is taken away', async () => {
    await using silent = await RawH2Peer.start({ settings: null });
    await using other = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    bench.use(silent.endpoint);
    const calls = [bench.call(), bench.call()];
    bench.use(other.endpoint);
    assert.deepEqual(await Promise.all(calls.map(({ done }) => done)), ['200', '200']);
    const stranded = [bench.call(), bench.call()];
    await Promise.all(stranded.map(({ done }) => done));
    bench.use(silent.endpoint);
    const last = bench.call();
    bench.use();
    assert.equal(await last.done, 'no connection: no_endpoints');
  });
});
