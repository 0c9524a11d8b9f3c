import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EDGE_LIMITS } from '../../../../src/http2/index.ts';
import { collectGarbage, heapOctets } from '../../../support/collect-garbage.ts';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { request, response } from '../../../support/http2/fields.ts';
import { bomb } from '../../../support/http2/flood.ts';
import { headers, requestBlock, responseBlock, settings, windowUpdate } from '../../../support/http2/wire.ts';

const END = 0x5;

describe('stalled readers', () => {
  it('lose a stream without progress for 30 s (CVE-2019-9511), not one with a little', () => {
    const bench = EngineBench.server({}, { onHeaders: (stream) => stream.sendHeaders(response(), false) });
    bench.recv(settings([[4, 0]]), headers(1, requestBlock(), END), headers(3, requestBlock(), END));
    for (const id of [1, 3]) {
      bench.stream(id).sendData(Buffer.alloc(9000), 0, 9000, true);
    }
    bench.advance(29_000);
    bench.recv(windowUpdate(3, 1024));
    assert.deepEqual(bench.advance(2000), ['RST_STREAM 1 8']);
    assert.deepEqual(bench.events.slice(-2), ['reset 1 8 engine', 'closed 1']);
    for (let count = 0; count < 5; count++) {
      bench.advance(25_000);
      bench.recv(windowUpdate(3, 1024));
    }
    assert.equal(bench.connection.liveStreams, 1);
    assert.equal(bench.ending(), 'open');
  });

  it('lose the connection when the transport takes nothing for 30 s (CVE-2019-9517), paused or not', () => {
    for (const isPaused of [false, true]) {
      const bench = EngineBench.server();
      bench.recv(headers(1, requestBlock(), END));
      bench.stream(1).sendHeaders(response(), false);
      if (isPaused) {
        bench.take();
        bench.connection.pauseOutput();
      }
      bench.advanceStuck(29_000);
      assert.equal(bench.ending(), 'open');
      bench.advanceStuck(2000);
      assert.equal(bench.ending(), 'ENHANCE_YOUR_CALM');
      assert.deepEqual(bench.abuse, ['stalled_output']);
    }
  });

  it('lose the connection when more waits for them than the limit', () => {
    const bench = EngineBench.server({ limits: { ...EDGE_LIMITS, maxQueuedBytes: 100_000 } });
    bench.recv(settings([[4, 0]]), headers(1, requestBlock(), END));
    bench.stream(1).sendHeaders(response(), false);
    bench.stream(1).sendData(Buffer.alloc(90_000), 0, 90_000, false);
    bench.take();
    assert.equal(bench.ending(), 'open');
    bench.stream(1).sendData(Buffer.alloc(20_000), 0, 20_000, false);
    assert.ok(bench.urgentFlushes > 0);
    bench.take();
    assert.equal(bench.ending(), 'ENHANCE_YOUR_CALM');
    assert.deepEqual(bench.abuse, ['queued']);
    assert.equal(bench.connection.queuedOctets, 0);
  });

  it('cost their octets and not their frames when DATA is tiny (RUSTSEC-2026-0258)', () => {
    const bench = EngineBench.server();
    bench.recv(settings([[4, 0]]), headers(1, requestBlock(), END));
    bench.stream(1).sendHeaders(response(), false);
    const octet = Buffer.from('x');
    for (let count = 0; count < 60_000; count++) {
      bench.stream(1).sendData(octet, 0, 1, false);
    }
    assert.ok(bench.connection.queuedOctets < 100_000);
    const frames = bench.recv(settings([[4, 65_535]])).filter((text) => text.startsWith('DATA'));
    assert.equal(frames.length, 4, 'and leave in few frames');
  });
});

describe('stalled readers among backends', () => {
  it('lose a stream without progress for 30 s, not one with a little', () => {
    const bench = EngineBench.client();
    bench.recv(settings([[4, 0]]));
    for (const stream of [bench.open(request(), false), bench.open(request(), false)]) {
      stream.sendData(Buffer.alloc(9000), 0, 9000, true);
    }
    bench.advance(29_000);
    bench.recv(windowUpdate(3, 1024));
    assert.deepEqual(bench.advance(2000), ['RST_STREAM 1 8']);
    assert.deepEqual(bench.events.slice(-2), ['reset 1 8 engine', 'closed 1']);
    assert.equal(bench.connection.liveStreams, 1);
    assert.equal(bench.ending(), 'open');
  });

  it('lose the connection when the transport takes nothing for 30 s, paused or not', () => {
    for (const isPaused of [false, true]) {
      const bench = EngineBench.client();
      bench.connection.openStream(request(), true);
      if (isPaused) {
        bench.take();
        bench.connection.pauseOutput();
      }
      bench.advanceStuck(29_000);
      assert.equal(bench.ending(), 'open');
      bench.advanceStuck(2000);
      assert.equal(bench.ending(), 'ENHANCE_YOUR_CALM');
      assert.deepEqual(bench.abuse, ['stalled_output']);
    }
  });

  it('lose the connection when more waits for them than the limit', () => {
    const bench = EngineBench.client({ limits: { ...EDGE_LIMITS, maxQueuedBytes: 100_000 } });
    bench.recv(settings([[4, 0]]));
    const stream = bench.open(request(), false);
    stream.sendData(Buffer.alloc(90_000), 0, 90_000, false);
    bench.take();
    assert.equal(bench.ending(), 'open');
    stream.sendData(Buffer.alloc(20_000), 0, 20_000, false);
    bench.take();
    assert.equal(bench.ending(), 'ENHANCE_YOUR_CALM');
    assert.deepEqual(bench.abuse, ['queued']);
    assert.equal(bench.connection.queuedOctets, 0);
  });

  it('cost the octets and not the frames of tiny DATA', () => {
    const bench = EngineBench.client();
    bench.recv(settings([[4, 0]]));
    const stream = bench.open(request(), false);
    const octet = Buffer.from('x');
    for (let count = 0; count < 60_000; count++) {
      stream.sendData(octet, 0, 1, false);
    }
    assert.ok(bench.connection.queuedOctets < 100_000);
    const frames = bench.recv(settings([[4, 65_535]])).filter((text) => text.startsWith('DATA'));
    assert.equal(frames.length, 4);
  });

  it('hold little memory on 100 streams whose windows are shut, with sections of a hundred references, and not for long', () => {
    const bench = EngineBench.client();
    bench.recv(settings([[4, 0]]));
    const streams = Array.from({ length: 100 }, () => bench.open(request(), false));
    collectGarbage();
    const before = heapOctets();
    const first = Buffer.concat([responseBlock(), bomb(480, 100)]);
    for (const [index, stream] of streams.entries()) {
      stream.sendData(Buffer.alloc(100), 0, 100, true);
      const section = index === 0 ? first : Buffer.concat([responseBlock(), Buffer.alloc(100, 0xbe)]);
      bench.recv(headers(stream.id, section));
    }
    const kept = heapOctets() - before;
    assert.equal(bench.ending(), 'open');
    assert.ok(kept < 16 * 1_048_576, 'garbage included');
    assert.ok(bench.connection.queuedOctets < 200_000);
    bench.advance(31_000);
    assert.deepEqual([bench.connection.liveStreams, bench.connection.queuedOctets], [0, 0]);
    assert.equal(bench.abuse.filter((kind) => kind === 'stalled_stream').length, 100);
  });
});
