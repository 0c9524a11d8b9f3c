import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settings } from '../support/http2/wire.ts';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { FRAME, RawH2Peer } from '../support/peers/raw-h2-peer.ts';
import { type TestCall, UpstreamBench } from '../support/upstream-bench.ts';

/** SETTINGS_MAX_CONCURRENT_STREAMS. */
const MAX_STREAMS = 3;

const allDone = (calls: readonly TestCall[]): Promise<string[]> => Promise.all(calls.map(({ done }) => done));
const manyOf = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

function answerAll(peer: RawH2Peer): void {
  for (const session of peer.sessions) {
    for (const { streamId } of session.ofType(FRAME.HEADERS)) {
      session.answer(streamId);
    }
  }
}

describe('connections to one endpoint', () => {
  it('carry many calls over one while it is not hot', async () => {
    await using peer = await RawH2Peer.start({ onRequest: () => undefined });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    await bench.connected(1);
    const calls = manyOf(50, () => bench.call());
    const session = await peer.session();
    await session.frame(FRAME.HEADERS, 50);
    assert.equal(bench.cluster.connections, 1);
    assert.equal(bench.cluster.activeStreams, 50);
    answerAll(peer);
    assert.deepEqual(new Set(await allDone(calls)), new Set(['200']));
    assert.equal(bench.cluster.activeStreams, 0);
  });

  it('become two when hot, and the second takes the new calls', async () => {
    await using peer = await RawH2Peer.start({ onRequest: () => undefined });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    await bench.connected(1);
    const calls = manyOf(110, () => bench.call());
    await bench.connected(2);
    calls.push(...manyOf(110, () => bench.call()));
    await (await peer.session(2)).frame(FRAME.HEADERS, 110);
    calls.push(...manyOf(110, () => bench.call()));
    assert.equal(bench.cluster.connections + bench.cluster.connecting, 2, 'heat alone opens no third one');
    await bench.until(() => peer.requests === 330, 'all requests');
    assert.deepEqual(
      peer.sessions.map((session) => session.ofType(FRAME.HEADERS).length),
      [165, 165],
    );
    answerAll(peer);
    assert.deepEqual(new Set(await allDone(calls)), new Set(['200']));
  });

  it('become more, up to ten, at MAX_CONCURRENT_STREAMS, which is never exceeded', async () => {
    await using peer = await RawH2Peer.start({ settings: [[MAX_STREAMS, 1]], onRequest: () => undefined });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    await bench.connected(1);
    const calls = manyOf(12, () => bench.call());
    await bench.connected(10);
    await bench.until(() => peer.requests === 10, 'ten requests');
    assert.equal(bench.cluster.pendingRequests, 2);
    assert.ok(peer.sessions.every((session) => session.ofType(FRAME.HEADERS).length === 1));
    const [first, second] = peer.sessions;
    first?.answer(1);
    second?.answer(1);
    await bench.until(() => peer.requests === 12, 'the two that waited');
    assert.equal(peer.sessions.length, 10);
    for (const session of peer.sessions) {
      session.answer(session.ofType(FRAME.HEADERS).at(-1)?.streamId ?? 0);
    }
    assert.deepEqual(new Set(await allDone(calls)), new Set(['200']));
  });

  it('respect a limit that is lowered while calls run, and one that is raised', async () => {
    await using peer = await RawH2Peer.start({ settings: [[MAX_STREAMS, 2]], onRequest: () => undefined });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    await bench.connected(1);
    const calls = manyOf(2, () => bench.call());
    const session = await peer.session();
    await session.frame(FRAME.HEADERS, 2);
    session.send(settings([[MAX_STREAMS, 0]]));
    await session.frame(FRAME.SETTINGS, 3);
    const late = bench.call();
    // What a limit of none leaves is other connections, whose limit is the peer's first one.
    await (await peer.session(2)).frame(FRAME.HEADERS);
    assert.equal(session.ofType(FRAME.HEADERS).length, 2);
    answerAll(peer);
    assert.deepEqual(await allDone([...calls, late]), ['200', '200', '200']);
  });

  it('serve those that wait when the limit rises', async () => {
    await using peer = await RawH2Peer.start({ settings: [[MAX_STREAMS, 0]] });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    await bench.connected(1);
    const call = bench.call();
    const session = await peer.session();
    assert.equal(call.stream, null);
    session.send(settings([[MAX_STREAMS, 5]]));
    assert.equal(await call.done, '200');
  });

  it('keep the place of a call that we reset for a while', async () => {
    await using peer = await RawH2Peer.start({ settings: [[MAX_STREAMS, 1]], onRequest: () => undefined });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    await bench.connected(1);
    const call = bench.call();
    const session = await peer.session();
    await session.frame(FRAME.HEADERS);
    call.stream?.reset(8);
    const next = bench.call();
    assert.equal(next.stream, null, 'the endpoint may still be at work on the first call');
    await (await peer.session(2)).frame(FRAME.HEADERS);
    assert.equal(session.ofType(FRAME.HEADERS).length, 1);
    answerAll(peer);
    assert.equal(await next.done, '200');
  });
});

describe('the queue of those that wait for a connection', () => {
  it('is bounded', async () => {
    await using peer = await RawH2Peer.start({ settings: null });
    await using bench = new UpstreamBench({ pool: { maxPendingRequests: 3 } });
    bench.use(peer.endpoint);
    const waiting = manyOf(3, () => bench.call());
    const refused = manyOf(2, () => bench.call());
    assert.deepEqual(
      await allDone(refused),
      manyOf(2, () => 'no connection: queue_full'),
    );
    assert.equal(bench.cluster.pendingRequests, 3);
    const [first] = waiting;
    first?.cancel();
    const late = bench.call();
    assert.equal(bench.cluster.pendingRequests, 3, 'a waiter that leaves makes room');
    await bench.cluster.close();
    assert.deepEqual(await allDone(waiting), ['cancelled', 'no connection: closed', 'no connection: closed']);
    assert.equal(await late.done, 'no connection: closed');
    assert.deepEqual(first?.heard, []);
  });

  it('gives up after the time to connect and a little', async () => {
    await using peer = await RawH2Peer.start({ settings: [[MAX_STREAMS, 0]] });
    await using bench = new UpstreamBench({ connectTimeoutMs: 1000 });
    bench.use(peer.endpoint);
    await bench.connected(1);
    const call = bench.call();
    await bench.connected(10);
    await bench.shift(3000);
    assert.deepEqual(call.heard, []);
    await bench.shift(1500);
    assert.equal(await call.done, 'no connection: queue_timeout');
  });

  it('tells each waiter that a refusal is cancelled before it is told nothing', async () => {
    await using bench = new UpstreamBench();
    const call = bench.call();
    call.cancel();
    await bench.until(() => bench.cluster.pendingRequests === 0, 'an empty queue');
    assert.deepEqual(call.heard, []);
  });

  it('does not wait long for one endpoint while another has a place', async () => {
    await using silent = await RawH2Peer.start({ settings: null });
    await using other = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench({ connectTimeoutMs: 60_000 });
    bench.use(silent.endpoint, other.endpoint);
    await bench.connected(1);
    const calls = manyOf(4, () => bench.call());
    await bench.shift(300);
    assert.deepEqual(new Set(await allDone(calls)), new Set(['200']));
    assert.equal(other.requests, 4);
    assert.equal(silent.open, 1, 'the attempt goes on');
  });
});
