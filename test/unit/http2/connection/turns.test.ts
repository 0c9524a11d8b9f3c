import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EDGE_LIMITS } from '../../../../src/http2/index.ts';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { data, headers, PREFACE, requestBlock, settings, settingsAck } from '../../../support/http2/wire.ts';

const END = 0x5;

const limits = { ...EDGE_LIMITS, maxNewStreamsPerTurn: 4 };

/** Requests on that many streams, from `first` on. */
const requests = (count: number, first = 1): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => headers(first + 2 * index, requestBlock(), END)));

describe('turns of the loop', () => {
  it('begin so many streams and leave the rest of the read to the next ones', () => {
    const bench = EngineBench.server({ limits });
    bench.connection.receive(requests(10));
    assert.equal(bench.events.length, 4);
    assert.equal(bench.connection.wantsRead, false);
    bench.take();
    assert.equal(bench.events.length, 4, 'the turn ends, the next has not begun');
    bench.connection.receiveDeferred();
    assert.equal(bench.events.length, 8);
    bench.connection.receiveDeferred();
    assert.equal(bench.events.length, 10);
    assert.equal(bench.connection.wantsRead, true);
  });

  it('count over reads, until output is taken', () => {
    const bench = EngineBench.server({ limits });
    bench.connection.receive(requests(2));
    bench.connection.receive(requests(2, 5));
    bench.connection.receive(requests(2, 9));
    assert.equal(bench.events.length, 4);
    bench.take();
    bench.connection.receiveDeferred();
    assert.equal(bench.events.length, 6);
    bench.take();
    bench.connection.receive(requests(2, 13));
    assert.equal(bench.events.length, 8);
  });

  it('keep what comes meanwhile in its order, to a limit', () => {
    const bench = EngineBench.server({ limits });
    bench.connection.receive(requests(5));
    const whole = Buffer.concat([headers(11, requestBlock()), data(11, 'x'.repeat(1000), 1)]);
    bench.connection.receive(whole.subarray(0, 700));
    bench.connection.receive(whole.subarray(700));
    bench.connection.receiveDeferred();
    assert.deepEqual(bench.events.slice(4, 6), ['headers 9 end', 'headers 11']);
    assert.equal(bench.events.at(-1)?.slice(-3), 'end');

    const flood = EngineBench.server({ limits });
    flood.connection.receive(requests(5));
    for (let count = 0; count < 17; count++) {
      flood.connection.receive(Buffer.alloc(65_536));
    }
    assert.equal(flood.ending(), 'ENHANCE_YOUR_CALM');
    assert.deepEqual(flood.abuse, ['queued']);
  });

  it('copy what waits if its buffer is written again', () => {
    for (const isInputReused of [false, true]) {
      const bench = EngineBench.server({ limits, isInputReused });
      const octets = requests(6);
      bench.connection.receive(octets);
      octets.fill(0);
      bench.take();
      bench.connection.receiveDeferred();
      assert.equal(bench.events.length === 6, isInputReused);
    }
  });

  it('begin with the preface', () => {
    const bench = EngineBench.fresh('server', { limits });
    bench.connection.receive(Buffer.concat([PREFACE, settings(), settingsAck(), requests(5)]));
    assert.equal(bench.events.length, 4);
    bench.take();
    bench.connection.receiveDeferred();
    assert.equal(bench.events.length, 5);
  });
});
