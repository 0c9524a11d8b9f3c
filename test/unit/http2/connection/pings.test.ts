import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectionOptions } from '../../../../src/http2/index.ts';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { response } from '../../../support/http2/fields.ts';
import { data, headers, ping, requestBlock, responseBlock, settings } from '../../../support/http2/wire.ts';

const END = 0x5;
const MINUTE = 60_000;

const keepalive = (timeMs: number, permitWithoutStreams = false): Pick<ConnectionOptions, 'keepalive'> => ({
  keepalive: { timeMs, timeoutMs: 20_000, permitWithoutStreams },
});

/** How many PING frames of its own the engine has sent. */
const pingsOf = (bench: EngineBench): number => bench.sent.filter(({ type, flags }) => type === 6 && flags === 0).length;

/** Answers the last PING of the engine. */
function answer(bench: EngineBench): void {
  const last = bench.sent.findLast(({ type, flags }) => type === 6 && flags === 0);
  bench.recv(ping(last?.payload.toString('hex'), 1));
}

describe('PING', () => {
  it('H2-1.2-ping-ack-first: is answered with its octets, before everything that waits', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock(), END));
    bench.stream(1).sendHeaders(response(), false);
    bench.stream(1).sendData(Buffer.alloc(1000), 0, 1000, false);
    assert.deepEqual(bench.recv(ping('00ff00ff00ff00ff')), ['PING ACK', 'HEADERS 1', 'DATA 1 1000']);
    assert.equal(bench.sent.at(-3)?.payload.toString('hex'), '00ff00ff00ff00ff');
  });

  it('H2-1.2-ping-ack-unanswered: an acknowledgement that nobody asked for is not answered', () => {
    const bench = EngineBench.server();
    assert.deepEqual(bench.recv(ping('67726862 00000003', 1), ping('67726862 00000007', 1), ping('0000000000000000', 1)), []);
    assert.deepEqual(bench.events, []);
  });

  it('is told apart while it is all there is to send and streams live, so that it may wait for their answers', () => {
    const bench = EngineBench.server();
    let told = 0;
    Reflect.set(bench, 'onAnswers', () => void told++);
    const ask = (...octets: Buffer[]): void => bench.connection.receive(Buffer.concat(octets));
    bench.recv(headers(1, requestBlock(), END));
    const flushes = bench.flushes;
    ask(ping('0000000000000001'));
    ask(ping('0000000000000002'));
    assert.deepEqual([told, bench.flushes], [1, flushes]);

    bench.stream(1).sendHeaders(response(), false);
    assert.equal(bench.flushes, flushes + 1, 'what answers a stream does not wait');
    ask(ping('0000000000000003'));
    assert.equal(told, 1);
    assert.deepEqual(bench.take(), ['PING ACK', 'PING ACK', 'PING ACK', 'HEADERS 1']);

    ask(ping('0000000000000004'), settings([]));
    assert.deepEqual([told, bench.flushes], [1, flushes + 2], 'other answers do not wait');
    assert.deepEqual(bench.take(), ['PING ACK', 'SETTINGS ACK']);

    ask(...Array.from({ length: 9 }, () => ping('0000000000000005')));
    assert.equal(bench.flushes, flushes + 3, 'more of them than fit in front do not wait');
    bench.take();

    bench.stream(1).sendData(Buffer.alloc(0), 0, 0, true);
    bench.take();
    ask(ping('0000000000000006'));
    assert.deepEqual([told, bench.flushes], [1, flushes + 5], 'without streams nothing is likely to follow');
  });

  it('of the owner is one at a time, and its return is told', () => {
    const bench = EngineBench.client();
    assert.equal(bench.connection.ping(), true);
    assert.equal(bench.connection.ping(), false);
    assert.deepEqual(bench.take(), ['PING']);
    answer(bench);
    assert.deepEqual(bench.events, ['pingAck']);
    assert.equal(bench.connection.ping(), true);
    bench.connection.transportClosed();
    assert.equal(bench.connection.ping(), false);
  });
});

describe('keepalive', () => {
  it('pings after silence, and ends the connection when nothing comes for 20 s', () => {
    const bench = EngineBench.client(keepalive(10_000));
    bench.open();
    assert.deepEqual(bench.advance(9500), []);
    assert.deepEqual(bench.advance(1000), ['PING']);
    bench.advance(19_000);
    assert.equal(bench.ending(), 'open');
    assert.deepEqual(bench.advance(2000), ['GOAWAY 0 0 keepalive_timeout']);
    assert.deepEqual(bench.events.slice(-3), ['reset 1 0 connection', 'closed 1', 'close keepalive_timeout']);
  });

  it('takes any octet for life, and every octet puts the next ping off', () => {
    const bench = EngineBench.client(keepalive(10_000));
    bench.open();
    bench.advance(11_000);
    bench.recv(settings());
    bench.advance(60_000);
    assert.equal(bench.ending(), 'open');
    const busy = EngineBench.client(keepalive(10_000));
    busy.open();
    for (let count = 0; count < 10; count++) {
      busy.advance(9000);
      busy.recv(data(1, ''));
    }
    assert.equal(pingsOf(busy), 0);
  });

  it('never pings a server more often than every five minutes while that sends no HEADERS or DATA', () => {
    const bench = EngineBench.client(keepalive(10_000));
    bench.open();
    bench.advance(11_000);
    answer(bench);
    bench.advance(5 * MINUTE - 2000);
    assert.equal(pingsOf(bench), 1);
    bench.advance(3000);
    assert.equal(pingsOf(bench), 2);
    answer(bench);
    bench.recv(headers(1, responseBlock()));
    bench.advance(11_000);
    assert.equal(pingsOf(bench), 3, 'a message came since the last ping');
  });

  it('pings without a stream only if permitted, and then every two hours at most', () => {
    const quiet = EngineBench.client(keepalive(10_000));
    quiet.advance(10 * MINUTE);
    assert.equal(pingsOf(quiet), 0);
    const permitted = EngineBench.client(keepalive(10_000, true));
    permitted.advance(11_000);
    assert.equal(pingsOf(permitted), 1);
    answer(permitted);
    permitted.advance(119 * MINUTE);
    assert.equal(pingsOf(permitted), 1);
    permitted.advance(2 * MINUTE);
    assert.equal(pingsOf(permitted), 2);
  });

  it('of a server keeps its own time: clients count no strikes', () => {
    const bench = EngineBench.server(keepalive(10_000));
    bench.recv(headers(1, requestBlock()));
    for (let count = 1; count <= 5; count++) {
      bench.advance(10_500);
      assert.equal(pingsOf(bench), count);
      answer(bench);
    }
  });
});
