import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { FRAME, RawH2Peer } from '../support/peers/raw-h2-peer.ts';
import { type TestCall, UpstreamBench } from '../support/upstream-bench.ts';

const ONE = { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRequestsPerConnection: 1 };

const allDone = (calls: readonly TestCall[]): Promise<string[]> => Promise.all(calls.map(({ done }) => done));
const manyOf = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
const silent = { onRequest: () => undefined };

describe('maxRequests', () => {
  it('refuses calls that have a connection to go to, at once, and counts over all endpoints', async () => {
    await using one = await RawH2Peer.start(silent);
    await using two = await RawH2Peer.start(silent);
    await using bench = new UpstreamBench({ pool: { maxRequests: 4 } });
    bench.use(one.endpoint, two.endpoint);
    await bench.connected(2);
    const calls = manyOf(4, () => bench.call());
    assert.equal(await bench.call().done, 'no connection: too_many_requests');
    await bench.until(() => one.requests === 2 && two.requests === 2, 'four requests');
    one.sessions[0]?.answer(1);
    await bench.until(() => bench.cluster.activeStreams === 3, 'one answer');
    const late = bench.call();
    assert.equal(await bench.call().done, 'no connection: too_many_requests');
    one.sessions[0]?.socket.destroy();
    two.sessions[0]?.socket.destroy();
    const ends = await allDone([...calls, late]);
    assert.deepEqual(ends.toSorted(), ['200', ...manyOf(4, () => 'reset 8 connection')].toSorted());
    assert.equal(bench.cluster.taken.requests, 0);
  });

  it('is no less for calls that are reset, or that waited', async () => {
    await using peer = await RawH2Peer.start(silent);
    await using bench = new UpstreamBench({ pool: { maxRequests: 2 } });
    bench.use(peer.endpoint);
    const calls = manyOf(4, () => bench.call());
    const refused = await Promise.race(calls.map(({ done }) => done));
    assert.equal(refused, 'no connection: too_many_requests');
    assert.deepEqual(bench.cluster.taken, { connections: 1, requests: 2 });
    for (const { stream } of calls) {
      stream?.reset(8);
    }
    await bench.until(() => bench.cluster.taken.requests === 0, 'the end of those');
    assert.deepEqual(
      manyOf(3, () => bench.call()).map(({ stream }) => stream !== null),
      [true, true, false],
    );
  });
});

describe('maxConnections', () => {
  it('lets calls wait for a place, but each endpoint has one', async () => {
    await using one = await RawH2Peer.start({ settings: [[3, 1]], ...silent });
    await using two = await RawH2Peer.start({ settings: [[3, 1]], ...silent });
    await using bench = new UpstreamBench({ pool: { maxConnections: 1 } });
    bench.use(one.endpoint, two.endpoint);
    await bench.connected(2);
    const calls = manyOf(4, () => bench.call());
    await bench.until(() => one.requests === 1 && two.requests === 1, 'two requests');
    await bench.shift(1000);
    assert.deepEqual([one.sessions.length, two.sessions.length, bench.cluster.pendingRequests], [1, 1, 2]);
    one.sessions[0]?.answer(1);
    await bench.until(() => one.requests === 2, 'the next call');
    one.sessions[0]?.answer(3);
    two.sessions[0]?.answer(1);
    await bench.until(() => one.requests + two.requests === 4, 'the last call');
    for (const { sessions } of [one, two]) {
      sessions[0]?.answer(3);
      sessions[0]?.answer(5);
    }
    assert.deepEqual(new Set(await allDone(calls)), new Set(['200']));
  });

  it('does not count the endpoint that is leaving among those that have one', async () => {
    await using backend = await NodeHttp2Backend.start({ onStream: () => undefined });
    await using bench = new UpstreamBench({ pool: { maxConnections: 1 } });
    bench.use(backend.endpoint);
    await bench.connected(1);
    bench.call();
    await bench.until(() => backend.requests === 1, 'a call that goes on');
    backend.goaway();
    await bench.until(() => bench.cluster.connections === 1 && bench.call().stream === null, 'the news of it');
    const late = bench.call();
    await bench.until(() => late.stream !== null, 'a call on another connection');
    assert.equal(bench.cluster.connections, 2);
  });

  it('is told when another endpoint leaves a place', async () => {
    await using one = await RawH2Peer.start({ settings: [[3, 1]], ...silent });
    await using two = await RawH2Peer.start({ settings: [[3, 1]], ...silent });
    await using bench = new UpstreamBench({ pool: { maxConnections: 2 } });
    bench.use(one.endpoint, two.endpoint);
    await bench.connected(2);
    const calls = manyOf(2, () => bench.call());
    bench.use(one.endpoint);
    const late = bench.call();
    await bench.until(() => one.requests === 1 && two.requests === 1, 'two requests');
    assert.equal(one.sessions.length, 1);
    two.sessions[0]?.answer(1);
    await (await one.session(2)).frame(FRAME.HEADERS);
    one.sessions[0]?.answer(1);
    one.sessions[1]?.answer(1);
    assert.deepEqual(new Set(await allDone([...calls, late])), new Set(['200']));
  });

  it('may be raised while calls wait, and lowered while there are more', async () => {
    await using peer = await RawH2Peer.start({ settings: [[3, 1]], ...silent });
    const bench = new UpstreamBench({ pool: { maxConnections: 1 } });
    await using _ = bench;
    bench.use(peer.endpoint);
    await bench.connected(1);
    const calls = manyOf(3, () => bench.call());
    await peer.session();
    bench.changeLimits({ maxConnections: 2 });
    await bench.until(() => peer.requests === 2, 'a second connection');
    bench.changeLimits({ maxConnections: 1, maxPendingRequests: 1 });
    assert.equal(await bench.call().done, 'no connection: queue_full');
    for (const streamId of [1, 3]) {
      for (const session of peer.sessions) {
        session.answer(streamId);
      }
      await bench.until(() => peer.requests === 3, 'the one that waited');
    }
    assert.deepEqual(new Set(await allDone(calls)), new Set(['200']));
  });
});

describe('maxRequestsPerConnection', () => {
  it('gives each call a connection of its own, one after the other, with 1/1/1/1', async () => {
    await using backend = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench({ pool: ONE });
    bench.use(backend.endpoint);
    for (let count = 1; count <= 20; count++) {
      assert.equal(await bench.call().done, '200');
      assert.equal(backend.opened, count);
    }
    await bench.shift(1000);
    assert.deepEqual([bench.cluster.connections, bench.cluster.connecting, backend.opened], [0, 0, 20], 'none without a call');
  });

  it('lets the second of two wait, and refuses the third, with 1/1/1/1', async () => {
    await using peer = await RawH2Peer.start(silent);
    await using bench = new UpstreamBench({ pool: ONE });
    bench.use(peer.endpoint);
    await bench.connected(1);
    const first = bench.call();
    const second = bench.call();
    assert.equal(await bench.call().done, 'no connection: queue_full');
    await bench.until(() => peer.requests === 1, 'a request');
    await bench.shift(1000);
    assert.equal(peer.sessions.length, 1);
    peer.sessions[0]?.answer(1);
    assert.equal(await first.done, '200');
    await bench.until(() => peer.requests === 2, 'the second request');
    peer.sessions[1]?.answer(1);
    assert.equal(await second.done, '200');
  });

  it('leaves those that wait with hope while maxConnections is what they wait for', async () => {
    await using peer = await RawH2Peer.start(silent);
    await using bench = new UpstreamBench({ pool: { maxConnections: 2, maxRequestsPerConnection: 1 } });
    bench.use(peer.endpoint);
    await bench.connected(1);
    const calls = [bench.call(), bench.call()];
    await bench.until(() => peer.requests === 2, 'two requests');
    const late = bench.call();
    bench.changeLimits({ maxConnections: 1, maxRequestsPerConnection: 1 });
    peer.sessions[0]?.answer(1);
    await bench.until(() => bench.cluster.connections === 1, 'one connection');
    await bench.shift(100);
    assert.deepEqual([late.heard, peer.sessions.length], [[], 2]);
    peer.sessions[1]?.answer(1);
    const session = await peer.session(3);
    await session.frame(FRAME.HEADERS);
    session.answer(1);
    assert.deepEqual(new Set(await allDone([...calls, late])), new Set(['200']));
  });

  it('opens the next connection while calls go on at the last one', async () => {
    await using peer = await RawH2Peer.start(silent);
    await using bench = new UpstreamBench({ pool: { maxRequestsPerConnection: 3 } });
    bench.use(peer.endpoint);
    await bench.connected(1);
    const calls = manyOf(7, () => bench.call());
    await bench.until(() => peer.requests === 7, 'all requests');
    assert.deepEqual(
      peer.sessions.map((session) => session.ofType(FRAME.HEADERS).length),
      [3, 3, 1],
    );
    assert.equal(peer.sessions[0]?.ofType(FRAME.GOAWAY).length, 0, 'not before its calls have ended');
    for (const session of peer.sessions) {
      for (const { streamId } of session.ofType(FRAME.HEADERS)) {
        session.answer(streamId);
      }
    }
    assert.deepEqual(new Set(await allDone(calls)), new Set(['200']));
    await bench.until(() => peer.open === 1, 'the used ones to be closed');
    assert.equal(peer.sessions.length, 3);
  });

  for (const [atATime, limit, connections] of [
    [1, 100, 10],
    [60, 100, 10],
    [150, 1000, 1],
  ] as const) {
    it(`opens no more connections than ceil(calls / limit), with ${atATime} of 1 000 at a time and ${limit} each`, async () => {
      await using backend = await NodeHttp2Backend.start();
      await using bench = new UpstreamBench({ pool: { maxConnections: 50, maxRequestsPerConnection: limit } });
      bench.use(backend.endpoint);
      let left = 1000;
      const run = async (): Promise<void> => {
        while (left-- > 0) {
          assert.equal(await bench.call().done, '200');
        }
      };
      await Promise.all(manyOf(atATime, run));
      assert.equal(backend.requests, 1000);
      assert.equal(backend.opened, connections);
    });
  }

  it('holds on connections that a server leaves, or cuts, before', async () => {
    await using backend = await NodeHttp2Backend.start({ server: { settings: { maxConcurrentStreams: 2 } } });
    await using bench = new UpstreamBench({ pool: { maxRequestsPerConnection: 10 } });
    bench.use(backend.endpoint);
    let left = 400;
    let done = 0;
    const run = async (): Promise<void> => {
      while (left-- > 0) {
        const how = await bench.call().done;
        done++;
        assert.ok(how === '200' || how.startsWith('reset'), how);
        if (done % 50 === 0) {
          backend.goaway();
        } else if (done % 75 === 0) {
          backend.cut();
        }
      }
    };
    await Promise.all(manyOf(10, run));
    await bench.until(() => bench.cluster.activeStreams === 0, 'no calls');
    assert.equal(bench.cluster.taken.requests, 0);
  });
});
