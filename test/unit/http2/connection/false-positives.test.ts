import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EDGE_LIMITS, LOAD_BALANCER_LIMITS } from '../../../../src/http2/index.ts';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { request, response, trailers } from '../../../support/http2/fields.ts';
import {
  block,
  data,
  headers,
  ping,
  priority,
  requestBlock,
  responseBlock,
  rstStream,
  settings,
  windowUpdate,
} from '../../../support/http2/wire.ts';

const END = 0x5;
const DAY = 86_400_000;

/** A server that echoes one small message per call, and consumes what it got. */
function echo(limits = EDGE_LIMITS): EngineBench {
  return EngineBench.server(
    { limits },
    {
      onHeaders: (stream) => stream.sendHeaders(response(), false),
      onData: (stream, octets, start, end) => {
        stream.consume(end - start);
        stream.sendData(octets, start, end, false);
        if (stream.isRecvEnded) {
          stream.sendTrailers(trailers());
        }
      },
    },
  );
}

/** No limit was reached, and all that was lent has come back. */
function assertUnharmed(bench: EngineBench): void {
  assert.equal(bench.ending(), 'open');
  assert.deepEqual(bench.abuse, []);
  assert.equal(bench.connection.unconsumedOctets, 0);
  assert.equal(bench.connection.queuedOctets, 0);
  assert.ok(bench.connection.receiveWindow * 2 >= 1_048_576);
}

describe('ordinary gRPC reaches no limit', () => {
  it('of a server: 20 000 tiny unary calls, each acknowledged by two WINDOW_UPDATE frames and a PING', () => {
    const bench = echo();
    for (let call = 0; call < 20_000; call++) {
      const id = 2 * call + 1;
      bench.recvTogether(headers(id, requestBlock()), data(id, 'tiny', 1));
      bench.recvTogether(windowUpdate(0, 4), windowUpdate(id, 4), ping());
      bench.events.length = 0;
      bench.sent.length = 0;
    }
    assertUnharmed(bench);
    assert.equal(bench.connection.liveStreams, 0);
  });

  it('of a client: 20 000 tiny unary calls to a backend that measures its bandwidth by PING', () => {
    const bench = EngineBench.client({}, { onData: (stream, _, start, end) => stream.consume(end - start) });
    for (let call = 0; call < 20_000; call++) {
      const stream = bench.connection.openStream(request(), false);
      stream?.sendData(Buffer.from('tiny'), 0, 4, true);
      bench.take();
      const id = 2 * call + 1;
      bench.recvTogether(ping(), windowUpdate(0, 4), windowUpdate(id, 4));
      bench.recvTogether(headers(id, responseBlock()), data(id, 'tiny'), headers(id, block([['grpc-status', '0']]), END));
      bench.events.length = 0;
      bench.sent.length = 0;
    }
    assertUnharmed(bench);
  });

  it('one stream of 50 000 tiny messages both ways', () => {
    const bench = echo();
    bench.recv(headers(1, requestBlock()));
    for (let message = 0; message < 50_000; message++) {
      bench.recvTogether(data(1, 'tiny'), windowUpdate(1, 4), windowUpdate(0, 4));
      bench.events.length = 0;
      bench.sent.length = 0;
    }
    assertUnharmed(bench);
  });

  it('a long stream that is silent for days, with a keepalive PING every five minutes', () => {
    const bench = echo({ ...EDGE_LIMITS, maxPingStrikes: 2, pingMinIntervalMs: 290_000 });
    bench.recv(headers(1, requestBlock()));
    for (let at = 0; at < 3 * DAY; at += 300_000) {
      bench.jump(300_000);
      bench.recv(ping());
    }
    bench.recv(data(1, 'still there', 1));
    assert.equal(bench.events.at(-1), 'closed 1');
    assertUnharmed(bench);
  });

  it('a connection of a month: calls, cancellations, settings, priorities, empty frames, now and then', () => {
    for (const limits of [EDGE_LIMITS, LOAD_BALANCER_LIMITS]) {
      const bench = echo(limits);
      let id = -1;
      for (let hour = 0; hour < 30 * 24; hour++) {
        for (let call = 0; call < 20; call++) {
          id += 2;
          bench.recvTogether(priority(id, 0), headers(id, requestBlock()), data(id, ''), data(id, 'x', 1));
        }
        for (let call = 0; call < 10; call++) {
          id += 2;
          bench.recvTogether(headers(id, requestBlock()), rstStream(id, 8));
        }
        bench.recvTogether(settings([[4, 65_535]]), ping());
        bench.jump(3_600_000);
        bench.events.length = 0;
        bench.sent.length = 0;
      }
      assertUnharmed(bench);
    }
  });

  it('a load balancer that cancels 90 calls a second for a minute among thousands', () => {
    const bench = echo(LOAD_BALANCER_LIMITS);
    let id = -1;
    for (let tick = 0; tick < 60 * 20; tick++) {
      bench.advance(50);
      for (let call = 0; call < 10; call++) {
        id += 2;
        bench.recvTogether(headers(id, requestBlock()), data(id, 'x', 1));
      }
      for (let call = 0; call < 4; call++) {
        id += 2;
        bench.recvTogether(headers(id, requestBlock()), rstStream(id, 8));
      }
      bench.events.length = 0;
      bench.sent.length = 0;
    }
    assertUnharmed(bench);
  });

  it('an overloaded backend that refuses 1 000 calls a second', () => {
    const bench = EngineBench.client({}, {}, 1000);
    for (let tick = 0; tick < 20 * 20; tick++) {
      bench.advance(50);
      for (let call = 0; call < 50; call++) {
        bench.recv(rstStream(bench.open().id, 7));
      }
      bench.events.length = 0;
      bench.sent.length = 0;
    }
    assertUnharmed(bench);
  });

  it('a download of 8 MiB to a client that acknowledges every frame on both levels', () => {
    const bench = EngineBench.server({}, { onHeaders: (stream) => stream.sendHeaders(response(), false) });
    bench.recv(settings([[4, 8_388_608]]), windowUpdate(0, 8_388_608), headers(1, requestBlock(), END));
    const content = Buffer.alloc(1_048_576);
    for (let part = 0; part < 8; part++) {
      bench.stream(1).sendData(content, 0, content.length, false);
      let sent = bench.take();
      while (sent.length > 0) {
        for (const text of sent.filter((frame) => frame.startsWith('DATA'))) {
          const octets = Number(text.split(' ').at(-1));
          bench.recv(windowUpdate(0, octets), windowUpdate(1, octets));
        }
        sent = bench.take();
      }
    }
    assert.equal(bench.ending(), 'open');
    assert.deepEqual(bench.abuse, []);
  });

  it('metadata of 8 KiB in 100 fields, and trailers with as many', () => {
    const bench = EngineBench.server(
      {},
      { onTrailers: (stream) => stream.sendTrailers(trailers()), onHeaders: (stream) => stream.sendHeaders(response(), false) },
    );
    const metadata = Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'v'.repeat(80)] as const);
    for (let id = 1; id < 400; id += 2) {
      bench.recv(headers(id, requestBlock(metadata)), headers(id, block(metadata), END));
    }
    assertUnharmed(bench);
  });

  it('100 calls at once, for as long as they take', () => {
    const bench = EngineBench.server();
    for (let id = 1; id < 200; id += 2) {
      bench.recv(headers(id, requestBlock(), END));
    }
    bench.jump(DAY);
    for (let id = 1; id < 200; id += 2) {
      bench.stream(id).sendHeaders(response(), true);
    }
    bench.take();
    assertUnharmed(bench);
    assert.equal(bench.connection.liveStreams, 0);
  });
});
