import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { goaway, ping, rstStream } from '../support/http2/wire.ts';
import { NodeHttp2Backend } from '../support/peers/node-http2-backend.ts';
import { FRAME, RawH2Peer, type RawH2Session } from '../support/peers/raw-h2-peer.ts';
import { UpstreamBench } from '../support/upstream-bench.ts';

const REFUSED_STREAM = 7;
const CANCEL = 8;
const ENHANCE_YOUR_CALM = 11;

/** A peer that answers the first request of each connection and holds the others. */
function answerFirst(session: RawH2Session, streamId: number): void {
  if (streamId === 1) {
    session.answer(streamId);
  }
}

/** The peer's first connection after one answered call, with another call under way as stream 3. */
async function withCallUnderWay(bench: UpstreamBench, peer: RawH2Peer) {
  bench.use(peer.endpoint);
  assert.equal(await bench.call().done, '200');
  const session = await peer.session();
  const call = bench.call();
  await session.frame(FRAME.HEADERS, 2);
  return { session, call };
}

describe('endpoints that leave', () => {
  it('are connected to again before the old connection is empty', async () => {
    await using peer = await RawH2Peer.start({ onRequest: answerFirst });
    await using bench = new UpstreamBench();
    const { session, call } = await withCallUnderWay(bench, peer);
    session.send(goaway(3, 0, 'max_age'));
    const next = await peer.session(2);
    assert.deepEqual(call.heard, []);
    await bench.connected(2);
    assert.equal(await bench.call().done, '200', 'new calls go over the new connection');
    assert.equal(next.ofType(FRAME.HEADERS).length, 1);
    session.answer(3);
    assert.equal(await call.done, '200', 'old ones finish');
    await session.ended();
    await bench.until(() => bench.cluster.connections === 1, 'one connection');
    assert.ok(bench.log.includes(`closed ${peer.endpoint.key} the endpoint sent GOAWAY NO_ERROR (max_age)`));
  });

  it('are connected to again with the next sweep when they leave with no call under way', async () => {
    await using peer = await RawH2Peer.start({ onRequest: answerFirst });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    assert.equal(await bench.call().done, '200');
    const session = await peer.session();
    // The sweep that this brings is the last for 250 ms.
    await bench.shift(300);
    session.send(goaway(1, 0));
    await bench.until(() => bench.log.some((line) => line.startsWith('closed')), 'the end');
    assert.deepEqual([bench.cluster.connecting, peer.sessions.length], [0, 1]);
    await bench.shift(300);
    await peer.session(2);
  });

  it('take two steps as grpc-go does', async () => {
    await using peer = await RawH2Peer.start({ onRequest: answerFirst });
    await using bench = new UpstreamBench();
    const { session, call } = await withCallUnderWay(bench, peer);
    session.send(goaway(0x7fff_ffff, 0), ping());
    await session.frame(FRAME.PING);
    session.send(goaway(3, 0));
    session.answer(3);
    assert.equal(await call.done, '200');
    await session.ended();
    assert.equal(await bench.call().done, '200');
    assert.equal(peer.sessions.length, 2);
  });

  it('say which calls they have not processed', async () => {
    await using peer = await RawH2Peer.start({ onRequest: answerFirst });
    await using bench = new UpstreamBench();
    const { session, call } = await withCallUnderWay(bench, peer);
    const second = bench.call();
    await session.frame(FRAME.HEADERS, 3);
    session.send(goaway(3, 0));
    assert.equal(await second.done, `reset ${REFUSED_STREAM} unprocessed`);
    session.answer(3);
    assert.equal(await call.done, '200');
  });

  it('are left when they are angry', async () => {
    await using peer = await RawH2Peer.start({ onRequest: answerFirst });
    await using bench = new UpstreamBench();
    const { session, call } = await withCallUnderWay(bench, peer);
    session.send(goaway(3, ENHANCE_YOUR_CALM, 'too_many\u0000pings'));
    session.socket.end();
    assert.equal(await call.done, `reset ${CANCEL} connection`);
    assert.equal(await bench.call().done, '200');
    assert.ok(bench.log.includes(`closed ${peer.endpoint.key} the endpoint sent GOAWAY ENHANCE_YOUR_CALM (too_many?pings)`));
  });

  it('may not raise the last stream of GOAWAY', async () => {
    await using peer = await RawH2Peer.start({ onRequest: answerFirst });
    await using bench = new UpstreamBench();
    const { session, call } = await withCallUnderWay(bench, peer);
    session.send(goaway(3, 0), goaway(5, 0));
    assert.match(await call.done, /^reset 1 connection$/);
    await session.frame(FRAME.GOAWAY);
  });

  it('may cut the connection without a word', async () => {
    await using peer = await RawH2Peer.start({ onRequest: answerFirst });
    await using bench = new UpstreamBench();
    const { session, call } = await withCallUnderWay(bench, peer);
    session.socket.resetAndDestroy();
    assert.equal(await call.done, `reset ${CANCEL} connection`);
    assert.equal(await bench.call().done, '200', 'over a new connection, which needs no call to be opened');
    assert.ok(bench.log.includes(`closed ${peer.endpoint.key} connection reset`));
  });

  it('are not connected to again when nobody has used the connection', async () => {
    await using peer = await RawH2Peer.start();
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    const session = await peer.session();
    await bench.connected(1);
    await bench.shift(10_000);
    session.send(goaway(0, 0, 'max_idle'));
    await session.ended();
    await bench.until(() => bench.cluster.connections === 0, 'no connection');
    assert.equal(peer.sessions.length, 1);
    assert.equal(await bench.call().done, '200', 'but the next call does');
    assert.equal(peer.sessions.length, 2);
  });

  it('are replaced with node:http2 in the other seat', async () => {
    await using backend = await NodeHttp2Backend.start();
    await using bench = new UpstreamBench();
    bench.use(backend.endpoint);
    const call = bench.call({ content: Buffer.from('first'), isOpen: true });
    await bench.until(() => call.content.length > 0, 'the echo');
    backend.goaway();
    await bench.until(() => backend.opened === 2, 'the second session');
    assert.equal(await bench.call().done, '200');
    call.stream?.sendData(Buffer.from('last'), 0, 4, true);
    assert.equal(await call.done, '200');
    assert.equal(Buffer.concat(call.content).toString(), 'firstlast');
  });
});

describe('endpoints that fall silent', () => {
  it('are found by PING where keepalive is on, and their calls end', async () => {
    await using peer = await RawH2Peer.start({ onRequest: answerFirst });
    await using bench = new UpstreamBench({ keepalive: { timeMs: 10_000, timeoutMs: 20_000 } });
    const { session, call } = await withCallUnderWay(bench, peer);
    await bench.shift(11_000);
    await session.frame(FRAME.PING);
    await bench.shift(15_000);
    assert.notEqual(call.stream, null);
    await bench.shift(6000);
    assert.equal(await call.done, 'reset 0 connection');
    assert.equal(await bench.call().done, '200', 'over a new connection');
    await bench.until(() => bench.log.includes(`closed ${peer.endpoint.key} HTTP/2 NO_ERROR: keepalive_timeout`), 'the reason');
  });

  it('are sent no PING by default', async () => {
    await using peer = await RawH2Peer.start({ onRequest: answerFirst });
    await using bench = new UpstreamBench();
    const { session, call } = await withCallUnderWay(bench, peer);
    for (let hours = 0; hours < 5; hours++) {
      await bench.shift(3_600_000);
    }
    session.answer(3);
    assert.equal(await call.done, '200');
    assert.equal(session.ofType(FRAME.PING).length, 0);
  });
});

describe('refused calls', () => {
  it('are told apart from failed ones', async () => {
    await using peer = await RawH2Peer.start({
      onRequest: (session, streamId) => session.send(rstStream(streamId, REFUSED_STREAM)),
    });
    await using bench = new UpstreamBench();
    bench.use(peer.endpoint);
    assert.equal(await bench.call().done, `reset ${REFUSED_STREAM} peer`);
    await bench.until(() => bench.cluster.activeStreams === 0, 'no stream');
  });
});

describe('connections that are not needed', () => {
  it('are closed after idleTimeoutMs, and opened again by the next call', async () => {
    await using peer = await RawH2Peer.start({ onRequest: answerFirst });
    await using bench = new UpstreamBench({ pool: { idleTimeoutMs: 60_000 } });
    bench.use(peer.endpoint);
    assert.equal(await bench.call().done, '200');
    await bench.shift(59_000);
    await bench.shift(300);
    const session = await peer.session();
    assert.equal(session.ofType(FRAME.GOAWAY).length, 0);
    await bench.shift(61_000);
    const frame = await session.frame(FRAME.GOAWAY);
    assert.equal(frame.payload.toString('latin1', 8), 'max_idle');
    await session.ended();
    await bench.until(() => bench.cluster.connections === 0, 'no connection');
    await bench.shift(60_000);
    assert.equal(peer.sessions.length, 1);
    assert.equal(await bench.call().done, '200');
  });

  it('are kept for ever without idleTimeoutMs', async () => {
    await using peer = await RawH2Peer.start({ onRequest: answerFirst });
    await using bench = new UpstreamBench({ pool: { idleTimeoutMs: 0 } });
    bench.use(peer.endpoint);
    assert.equal(await bench.call().done, '200');
    await bench.shift(365 * 86_400_000);
    await bench.shift(300);
    const session = await peer.session();
    assert.equal(session.ofType(FRAME.GOAWAY).length, 0);
    assert.equal(bench.cluster.connections, 1);
  });

  it('are replaced at maxConnectionAgeMs while their calls go on', async () => {
    await using peer = await RawH2Peer.start({ onRequest: answerFirst });
    await using bench = new UpstreamBench({ pool: { maxConnectionAgeMs: 600_000 } });
    const { session, call } = await withCallUnderWay(bench, peer);
    await bench.shift(700_000);
    await session.frame(FRAME.GOAWAY);
    await bench.connected(2);
    assert.deepEqual(call.heard, []);
    session.answer(3);
    assert.equal(await call.done, '200');
    await session.ended();
  });
});
