import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EDGE_LIMITS, UPSTREAM_LIMITS } from '../../../../src/http2/index.ts';
import { collectGarbage, heapOctets } from '../../../support/collect-garbage.ts';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { request, response } from '../../../support/http2/fields.ts';
import { bomb, flood } from '../../../support/http2/flood.ts';
import {
  block,
  data,
  frame,
  headers,
  hex,
  priority,
  requestBlock,
  responseBlock,
  rstStream,
  settings,
  windowUpdate,
} from '../../../support/http2/wire.ts';

const END = 0x5;
const limits = { ...EDGE_LIMITS, resetHoldMs: 0 };

const openAndReset = (count: number): Buffer =>
  Buffer.concat([headers(2 * count + 1, requestBlock(), END), rstStream(2 * count + 1, 8)]);

describe('rapid reset (CVE-2023-44487)', () => {
  it('ends the connection after 500 resets, or 251 of streams under a second old', () => {
    const young = EngineBench.server({ limits });
    assert.equal(flood(young, 5000, openAndReset), 251);
    assert.deepEqual(young.abuse, ['premature_resets']);
    assert.equal(young.ending(), 'ENHANCE_YOUR_CALM');
    const old = EngineBench.server({ limits: { ...limits, prematureResetMs: 0 } });
    assert.equal(flood(old, 5000, openAndReset), 501);
    assert.deepEqual(old.abuse, ['resets']);
  });

  it('finds resets at a rate below any bucket by their share', () => {
    const bench = EngineBench.server({ limits });
    const pairs = flood(bench, 5000, (count) => {
      bench.advance(100);
      return openAndReset(count);
    });
    assert.equal(pairs, 251);
  });

  it('lets only as many streams reach the backends as may be open, for reset ones keep their places', () => {
    const bench = EngineBench.server();
    flood(bench, 200, openAndReset);
    assert.equal(bench.events.filter((event) => event.startsWith('headers')).length, 100);
    assert.equal(bench.sent.filter(({ type }) => type === 3).length, 100, 'REFUSED_STREAM');
    assert.equal(bench.ending(), 'open', 'a peer cannot know of places that are held');
    bench.advance(250);
    bench.recv(headers(999, requestBlock(), END));
    assert.equal(bench.events.at(-1), 'headers 999 end');
  });

  it('of a backend ends its connection after 5 000', () => {
    const bench = EngineBench.client({}, {}, 100_000);
    const resets = flood(bench, 10_000, () => rstStream(bench.open().id, 2));
    assert.equal(resets, UPSTREAM_LIMITS.resets.burst + 1);
    assert.equal(bench.ending(), 'ENHANCE_YOUR_CALM');
  });

  it('counts a stream as complete when our answer was', () => {
    const bench = EngineBench.server({}, { onHeaders: (stream) => stream.sendHeaders(response(), true) });
    flood(bench, 2000, (count) => Buffer.concat([headers(2 * count + 1, requestBlock()), rstStream(2 * count + 1, 8)]));
    assert.equal(bench.ending(), 'open');
  });
});

describe('MadeYouReset (CVE-2025-8671)', () => {
  const triggers: readonly (readonly [string, Buffer, string])[] = [
    ['H2-1.2-window-update-zero: WINDOW_UPDATE of 0', windowUpdate(1, 0), 'PROTOCOL_ERROR'],
    ['a window above 2^31-1', windowUpdate(1, 0x7fff_ffff), 'FLOW_CONTROL_ERROR'],
    ['H2-1.2-data-half-closed: DATA on a half-closed stream', data(1, 'x'), 'STREAM_CLOSED'],
    ['HEADERS on a half-closed stream', headers(1, requestBlock(), END), 'STREAM_CLOSED'],
    ['H2-1.2-priority-length: PRIORITY of four octets', frame(2, 0, 1, '00000003'), 'FRAME_SIZE_ERROR'],
    ['PRIORITY on itself', priority(1, 1), 'PROTOCOL_ERROR'],
    [
      'H2-1.2-headers-self-dependency: HEADERS that depend on themselves',
      frame(1, 0x25, 3, Buffer.concat([hex('00000003 10'), requestBlock()])),
      'PROTOCOL_ERROR',
    ],
  ];
  for (const [name, octets, ending] of triggers) {
    it(`${name} ends the whole connection, and its streams with it`, () => {
      const bench = EngineBench.server();
      bench.recv(headers(1, requestBlock(), END), octets);
      assert.equal(bench.ending(), ending);
      assert.deepEqual(bench.events.slice(1, 3), [`reset 1 ${bench.closedBy?.code} connection`, 'closed 1']);
    });
    it(`${name} does so with a backend`, () => {
      const bench = EngineBench.client();
      bench.open(request(), false);
      bench.recv(
        headers(1, responseBlock(), END),
        name.includes('HEADERS that') ? frame(1, 0x25, 1, hex('00000001 10')) : octets,
      );
      assert.equal(bench.ending(), ending);
    });
  }

  it('counts every other RST_STREAM that a peer provokes', () => {
    const malformed = EngineBench.server({ limits });
    assert.equal(
      flood(malformed, 2000, (count) => headers(2 * count + 1, block([['', 'x']]), END)),
      501,
    );
    assert.deepEqual(malformed.abuse, ['resets']);
    const dead = EngineBench.server({ limits: { ...limits, resets: { burst: 10, perSecond: 0 } } });
    flood(dead, 100, (count) =>
      Buffer.concat([headers(2 * count + 1, requestBlock()), rstStream(2 * count + 1, 8), data(2 * count + 1, 'x')]),
    );
    assert.equal(dead.ending(), 'ENHANCE_YOUR_CALM');
    const backend = EngineBench.client({ limits: { ...UPSTREAM_LIMITS, resets: { burst: 10, perSecond: 0 }, resetHoldMs: 0 } });
    assert.equal(
      flood(backend, 100, () => headers(backend.open().id, responseBlock('101'))),
      11,
    );
  });
});

const crumbs = (count: number): Buffer => requestBlock(Array.from({ length: count }, () => ['cookie', 'a=b'] as const));

describe('field sections above the limits', () => {
  it('of 65 KiB or 129 fields are told, those of twice as much end the connection', () => {
    for (const [references, outcome] of [
      [15, 'RST_STREAM 1 1'],
      [16, 'overLimit 1'],
      [31, 'overLimit 1'],
      [32, 'ENHANCE_YOUR_CALM'],
    ] as const) {
      const server = EngineBench.server();
      const sent = server.recv(headers(1, bomb(4000, references)));
      assert.equal(
        server.ending() === 'open' ? (server.events[0] ?? sent[0]) : server.ending(),
        outcome,
        `${references} references`,
      );
    }
    for (const [count, outcome] of [
      [122, 'headers 1'],
      [123, 'overLimit 1'],
      [249, 'overLimit 1'],
      [250, 'close field section far above the limit'],
    ] as const) {
      const server = EngineBench.server();
      server.recv(headers(1, crumbs(count)));
      assert.equal(server.events[0], outcome, `H2-1.4-cookie: ${count} crumbs`);
      assert.deepEqual(server.abuse, outcome === 'headers 1' ? [] : ['header_list']);
    }
  });

  it('are decoded all the same, as later blocks refer to what they inserted', () => {
    const bench = EngineBench.server();
    const fields = Array.from({ length: 130 }, () => hex('00 01 61 01 62'));
    bench.recv(headers(1, Buffer.concat([...fields, hex('40 01 63 01 64')]), END));
    bench.recv(headers(3, Buffer.concat([requestBlock(), hex('be')]), END));
    assert.deepEqual(bench.events, ['overLimit 1', 'headers 3 end']);
  });

  it('of a backend are told of, and end the connection, likewise', () => {
    const bench = EngineBench.client();
    bench.open();
    bench.recv(headers(1, bomb(4000, 20)));
    assert.deepEqual(bench.events, ['overLimit 1']);
    const far = EngineBench.client();
    far.open();
    far.recv(headers(1, bomb(4000, 40)));
    assert.equal(far.ending(), 'ENHANCE_YOUR_CALM');
  });

  it('hold little memory on 100 streams whose windows are shut (HTTP/2 bomb, CVE-2026-49975), and not for long', () => {
    const bench = EngineBench.server(
      {},
      {
        onHeaders: (stream) => {
          stream.sendHeaders(response(), false);
          stream.sendData(Buffer.alloc(100), 0, 100, true);
        },
      },
    );
    bench.recv(settings([[4, 0]]));
    const first = Buffer.concat([requestBlock(), bomb(480, 100)]);
    collectGarbage();
    const before = heapOctets();
    bench.recv(headers(1, first, END));
    for (let id = 3; id < 200; id += 2) {
      bench.recv(headers(id, Buffer.concat([requestBlock(), Buffer.alloc(100, 0xbe)]), END));
    }
    const kept = heapOctets() - before;
    assert.equal(bench.connection.liveStreams, 100);
    assert.ok(kept < 16 * 1_048_576, 'garbage included');
    assert.ok(bench.connection.queuedOctets < 200_000);
    bench.advance(31_000);
    assert.equal(bench.connection.liveStreams, 0);
    assert.equal(bench.connection.queuedOctets, 0);
    assert.equal(bench.abuse.filter((kind) => kind === 'stalled_stream').length, 100);
  });
});

describe('too many streams', () => {
  it('H2-1.7-max-concurrent: are refused, and end the connection when there is no end of them', () => {
    const bench = EngineBench.server();
    flood(bench, 100, (count) => headers(2 * count + 1, requestBlock()));
    assert.deepEqual(bench.recv(headers(201, requestBlock()), data(201, 'x', 1)), ['RST_STREAM 201 7']);
    assert.equal(
      flood(bench, 5000, (count) => headers(203 + 2 * count, requestBlock())),
      1000,
    );
    assert.equal(bench.ending(), 'ENHANCE_YOUR_CALM');
    assert.ok(bench.abuse.includes('concurrent_streams') && bench.abuse.includes('glitches'));
  });

  it('are no glitches before our settings have been acknowledged', () => {
    const bench = EngineBench.fresh('server', {
      limits: { ...EDGE_LIMITS, maxConcurrentStreams: 1, glitches: { burst: 3, perSecond: 0 } },
    });
    bench.connection.receive(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
    bench.recv(settings());
    flood(bench, 50, (count) => headers(2 * count + 1, requestBlock()));
    assert.equal(bench.ending(), 'open');
  });
});
