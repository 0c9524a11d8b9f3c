import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EDGE_LIMITS, ErrorCode } from '../../../../src/http2/index.ts';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { request, response } from '../../../support/http2/fields.ts';
import { data, goaway, headers, ping, requestBlock, responseBlock } from '../../../support/http2/wire.ts';

const END = 0x5;

/** Answers the PING between the two GOAWAY frames. */
function answerPing(bench: EngineBench): string[] {
  const last = bench.sent.findLast(({ type }) => type === 6);
  return bench.recv(ping(last?.payload.toString('hex'), 1));
}

describe('graceful end of a server', () => {
  it('H2-1.5-two-step, H2-1.5-replacement: takes what is under way, names the last stream when the PING is back, and ends with the last stream', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock(), END));
    bench.connection.shutdown('max_age');
    bench.connection.shutdown('again');
    assert.equal(bench.connection.isRetiring, true);
    assert.deepEqual(bench.take(), ['GOAWAY 2147483647 0 max_age', 'PING']);
    bench.recv(headers(3, requestBlock(), END));
    assert.deepEqual(answerPing(bench), ['GOAWAY 3 0 max_age']);
    assert.deepEqual(bench.recv(headers(5, requestBlock()), data(5, 'late', 1)), []);
    assert.deepEqual(bench.events, ['headers 1 end', 'headers 3 end']);
    bench.stream(1).sendHeaders(response(), true);
    assert.equal(bench.ending(), 'open');
    bench.stream(3).sendHeaders(response(), true);
    assert.deepEqual(bench.take(), ['HEADERS 1 END', 'HEADERS 3 END']);
    assert.equal(bench.ending(), 'gracefully');
    assert.equal(bench.connection.isClosed, true);
  });

  it('does not wait for the PING for more than 5 s', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock(), END));
    bench.connection.shutdown('');
    bench.take();
    assert.deepEqual(bench.advance(4500), []);
    assert.deepEqual(bench.advance(1000), ['GOAWAY 1 0']);
  });

  it('ends without streams as soon as the PING is back', () => {
    const bench = EngineBench.server();
    bench.connection.shutdown('');
    assert.deepEqual(bench.take(), ['GOAWAY 2147483647 0', 'PING']);
    assert.equal(bench.ending(), 'open', 'a request may be under way');
    assert.deepEqual(answerPing(bench), ['GOAWAY 0 0']);
    assert.equal(bench.ending(), 'gracefully');
  });

  it('H2-1.5-grace: cuts the streams that are left when the grace is over', () => {
    const bench = EngineBench.server({ graceMs: 20_000 });
    bench.recv(headers(1, requestBlock(), END));
    bench.connection.shutdown('');
    bench.take();
    answerPing(bench);
    bench.advance(19_000);
    assert.equal(bench.ending(), 'open');
    bench.advance(2000);
    assert.deepEqual(bench.events.slice(1), ['reset 1 8 connection', 'closed 1', 'close gracefully']);
  });

  it('H2-1.5-ignore-after-final: decodes what it ignores, and gives its credit back', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock(), END));
    bench.connection.shutdown('');
    bench.take();
    answerPing(bench);
    for (let id = 3; id < 203; id += 2) {
      bench.recv(headers(id, requestBlock()), data(id, Buffer.alloc(16_384)), headers(id, requestBlock(), END));
    }
    assert.equal(bench.ending(), 'open');
    assert.ok(bench.connection.receiveWindow * 2 > 1_048_576);
  });
});

describe('graceful end of a client', () => {
  it('sends GOAWAY at once, opens nothing more and ends with the last stream', () => {
    const bench = EngineBench.client();
    bench.open();
    bench.connection.shutdown('max_idle');
    assert.deepEqual(bench.take(), ['GOAWAY 0 0 max_idle']);
    assert.equal(bench.connection.openStream(request(), true), null);
    bench.recv(headers(1, responseBlock(), END));
    assert.equal(bench.ending(), 'gracefully');
    const idle = EngineBench.client();
    idle.connection.shutdown('');
    assert.deepEqual(idle.take(), ['GOAWAY 0 0']);
    assert.equal(idle.ending(), 'gracefully');
  });
});

describe('GOAWAY of a client', () => {
  it('H2-1.5-recv-on-front: lets the streams there are be answered, then ends the connection', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock(), END), goaway(0, 0, 'bye'));
    assert.deepEqual(bench.events, ['headers 1 end', 'goaway 0 0 bye']);
    bench.stream(1).sendHeaders(response(), true);
    assert.deepEqual(bench.take(), ['HEADERS 1 END', 'GOAWAY 1 0']);
    assert.equal(bench.ending(), 'gracefully');
  });

  it('ends a connection without streams at once', () => {
    const bench = EngineBench.server();
    assert.deepEqual(bench.recv(goaway(0, 0)), ['GOAWAY 0 0']);
    assert.equal(bench.ending(), 'gracefully');
  });
});

describe('age and idleness', () => {
  it('a connection leaves at its age, spread by a tenth', () => {
    for (const [jitter, atMs] of [
      [0, 900_000],
      [0.5, 1_000_000],
      [1, 1_100_000],
    ] as const) {
      const bench = EngineBench.server({ maxAgeMs: 1_000_000, jitter });
      bench.recv(headers(1, requestBlock(), END));
      bench.advance(atMs - 1000);
      assert.equal(bench.connection.isRetiring, false);
      assert.deepEqual(bench.advance(2000), ['GOAWAY 2147483647 0 max_age', 'PING']);
    }
  });

  it('a connection without streams leaves after its idle time, from the end of the last one', () => {
    const bench = EngineBench.server({ idleTimeoutMs: 60_000 });
    bench.recv(headers(1, requestBlock(), END));
    bench.advance(100_000);
    assert.equal(bench.connection.isRetiring, false, 'a stream is open');
    bench.stream(1).sendHeaders(response(), true);
    bench.advance(59_000);
    assert.equal(bench.connection.isRetiring, false);
    assert.deepEqual(bench.advance(2000).slice(0, 1), ['GOAWAY 2147483647 0 max_idle']);
    const client = EngineBench.client({ idleTimeoutMs: 60_000 });
    client.advance(61_000);
    assert.equal(client.ending(), 'gracefully');
  });

  it('a client that never asks for anything is sent away after 30 s', () => {
    const bench = EngineBench.server();
    assert.deepEqual(bench.advance(31_000).slice(0, 1), ['GOAWAY 2147483647 0 no_request']);
    assert.deepEqual(bench.abuse, ['no_request']);
    const lenient = EngineBench.server({ limits: { ...EDGE_LIMITS, firstRequestTimeoutMs: 90_000 } });
    assert.deepEqual(lenient.advance(89_000), []);
  });

  it('H2-1.3-id-exhaustion: leaves at three quarters of the identifiers', () => {
    const bench = EngineBench.server();
    bench.recv(headers(0x5fff_ffff, requestBlock(), END));
    assert.deepEqual(bench.advance(500), []);
    bench.recv(headers(0x6000_0001, requestBlock(), END));
    assert.equal(bench.connection.isRetiring, true);
    assert.deepEqual(bench.advance(500), ['GOAWAY 2147483647 0 max_streams', 'PING']);
    bench.recv(headers(0x7fff_ffff, requestBlock(), END));
    assert.deepEqual(bench.events.at(-1), 'headers 2147483647 end');
  });
});

const boom = (): never => {
  throw new Error('boom');
};

describe('sudden ends', () => {
  it('H2-1.5-error-goaway: an error names the last stream and its code, then the owner is told of everything once', () => {
    const bench = EngineBench.server();
    bench.recv(headers(1, requestBlock()), headers(5, requestBlock()));
    bench.connection.abort(ErrorCode.INTERNAL_ERROR, 'out of order');
    assert.deepEqual(bench.take(), ['GOAWAY 5 2 out of order']);
    assert.deepEqual(bench.events.slice(2).sort(), [
      'close out of order',
      'closed 1',
      'closed 5',
      'reset 1 2 connection',
      'reset 5 2 connection',
    ]);
    bench.connection.abort(ErrorCode.NO_ERROR, '');
    bench.connection.transportClosed();
    bench.connection.tick(1_000_000);
    bench.connection.receiveDeferred();
    assert.deepEqual(bench.take(), []);
  });

  it('a lost transport ends all streams without a word', () => {
    const bench = EngineBench.client();
    bench.open();
    bench.connection.transportClosed();
    assert.deepEqual(bench.events, ['reset 1 8 connection', 'closed 1', 'close gracefully']);
    assert.deepEqual(bench.take(), []);
  });

  it('an owner that throws ends the connection, and hears of it itself', () => {
    const server = EngineBench.server({}, { onHeaders: boom });
    assert.throws(() => server.connection.receive(headers(1, requestBlock())), /boom/);
    assert.equal(server.ending(), 'INTERNAL_ERROR');
    assert.deepEqual(server.take(), ['GOAWAY 1 2 internal_error']);
    const ticking = EngineBench.client({ graceMs: 1 }, { onReset: boom });
    ticking.open();
    ticking.connection.shutdown('');
    assert.throws(() => ticking.advance(500), /boom/);
  });

  it('an owner that aborts within a call hears nothing more of what was received', () => {
    const bench = EngineBench.server({}, { onHeaders: () => bench.connection.abort(ErrorCode.NO_ERROR, 'enough') });
    bench.recvTogether(headers(1, requestBlock()), headers(3, requestBlock()), ping());
    assert.deepEqual(bench.events, ['headers 1', 'reset 1 0 connection', 'closed 1', 'close enough']);
    assert.equal(bench.connection.wantsRead, true);
  });
});
