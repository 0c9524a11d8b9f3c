import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EDGE_LIMITS, type Http2Limits, UPSTREAM_LIMITS } from '../../../../src/http2/index.ts';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { request, response } from '../../../support/http2/fields.ts';
import { flood, floodUnread } from '../../../support/http2/flood.ts';
import {
  continuation,
  data,
  frame,
  goaway,
  headers,
  ping,
  priority,
  requestBlock,
  responseBlock,
  settings,
  settingsAck,
  windowUpdate,
} from '../../../support/http2/wire.ts';

const entries = (count: number): Buffer => settings(Array.from({ length: count }, (_, index) => [0x100 + index, 0] as const));

/** A hostile client, and a hostile backend, with stream 1 open and its headers received. */
const SIDES: readonly (readonly [string, Http2Limits, (limits: Http2Limits) => EngineBench])[] = [
  [
    'client',
    EDGE_LIMITS,
    (limits) => {
      const bench = EngineBench.server({ limits });
      bench.recv(headers(1, requestBlock()));
      return bench;
    },
  ],
  [
    'backend',
    UPSTREAM_LIMITS,
    (limits) => {
      const bench = EngineBench.client({ limits });
      bench.open(request(), false);
      bench.recv(headers(1, responseBlock()));
      return bench;
    },
  ],
];

/** Ends the connection after `limit` frames at the default limits, and after a tenth of it at a tenth of the limit. */
interface Flood {
  readonly name: string;
  readonly kind: string;
  readonly make: (count: number) => Buffer;
  /** What one frame costs of the glitches. */
  readonly cost: number;
}

const FLOODS: readonly Flood[] = [
  { name: 'PRIORITY frames (CVE-2019-9513)', kind: 'glitches', make: () => priority(1, 3), cost: 1 },
  { name: 'frames of unknown types', kind: 'glitches', make: (count) => frame(0x10 + (count % 100), 0, 1, 'ff'), cost: 1 },
  { name: 'empty DATA (CVE-2019-9518)', kind: 'glitches', make: () => data(1, ''), cost: 10 },
  { name: 'DATA of padding alone', kind: 'glitches', make: () => frame(0, 8, 1, '00'), cost: 10 },
  { name: 'PING acknowledgements that nobody asked for', kind: 'glitches', make: () => ping('0000000000000000', 1), cost: 1 },
  { name: 'SETTINGS acknowledgements that nobody asked for', kind: 'glitches', make: () => settingsAck(), cost: 1 },
  { name: 'GOAWAY', kind: 'glitches', make: () => goaway(1, 0), cost: 1 },
];

for (const [side, defaults, make] of SIDES) {
  describe(`a hostile ${side}`, () => {
    for (const { name, kind, make: makeFrame, cost } of FLOODS) {
      it(`is calmed down after too many ${name}`, () => {
        for (const glitches of [defaults.glitches, { burst: 50, perSecond: 5 }]) {
          const bench = make({ ...defaults, glitches });
          assert.equal(flood(bench, 20_000, makeFrame), glitches.burst / cost + 1);
          assert.equal(bench.ending(), 'ENHANCE_YOUR_CALM');
          assert.deepEqual(bench.abuse, [kind]);
          assert.match(bench.take().join() || bench.closedBy?.message || '', /too_many_glitches/);
        }
      });
    }

    it('is calmed down after too many PING frames (CVE-2019-9512), at once or for ever', () => {
      const bench = make(defaults);
      assert.equal(
        flood(bench, 1000, () => ping()),
        101,
      );
      assert.equal(bench.ending(), 'ENHANCE_YOUR_CALM');
      assert.equal(bench.closedBy?.message, 'too_many_pings');
      assert.deepEqual(bench.abuse, ['pings']);
      const steady = make(defaults);
      let pings = 0;
      for (; pings < 3000 && steady.ending() === 'open'; pings++) {
        steady.advance(50);
        steady.recv(ping());
      }
      assert.ok(pings >= 199 && pings <= 205, `20 a second, of which 10 are refilled: ${pings}`);
    });

    it('may be held to gRPC keepalive rules: three PING frames within the interval end the connection', () => {
      const bench = make({ ...defaults, maxPingStrikes: 2, pingMinIntervalMs: 5000 });
      bench.advance(1000);
      const pings = flood(bench, 100, () => {
        bench.advance(1000);
        return ping();
      });
      assert.equal(pings, 4, 'the first is early for nothing');
      assert.equal(bench.closedBy?.message, 'too_many_pings');
      const polite = make({ ...defaults, maxPingStrikes: 2, pingMinIntervalMs: 5000 });
      flood(polite, 100, () => {
        polite.advance(5000);
        return ping();
      });
      assert.equal(polite.ending(), 'open');
    });

    it('is dropped when it does not read what it makes us answer', () => {
      const limits = { ...defaults, pings: { burst: 1e9, perSecond: 0 } };
      const bench = make(limits);
      bench.connection.takeOutput();
      assert.equal(
        floodUnread(bench, 5000, () => ping()),
        1001,
      );
      assert.equal(bench.ending(), 'ENHANCE_YOUR_CALM');
      assert.deepEqual(bench.abuse, ['answers_waiting']);
      assert.ok(bench.connection.outputOctets < 20_000);
    });

    it('is calmed down after too many SETTINGS (CVE-2019-9515), or too many in one frame', () => {
      const bench = make(defaults);
      assert.ok(flood(bench, 1000, () => settings([[4, 65_535]])) <= 101);
      assert.equal(bench.ending(), 'ENHANCE_YOUR_CALM');
      assert.deepEqual(bench.abuse, ['settings']);
      const large = make(defaults);
      large.recv(entries(32));
      assert.equal(large.ending(), 'open');
      large.recv(entries(33));
      assert.equal(large.ending(), 'ENHANCE_YOUR_CALM');
    });

    it('is calmed down after too many WINDOW_UPDATE frames for what we have sent', () => {
      for (const [streamId, windowUpdatesPerData] of [
        [0, 10],
        [1, 10],
        [0, 0],
      ] as const) {
        const bench = make({ ...defaults, windowUpdatesPerData });
        const stream = bench.stream(1);
        if (side === 'client') {
          stream.sendHeaders(response(), false);
        }
        for (let count = 0; count < 10; count++) {
          stream.sendData(Buffer.from('x'), 0, 1, false);
          bench.take();
        }
        assert.equal(
          flood(bench, 10_000, () => windowUpdate(streamId, 1)),
          5 + 2 * (1 + windowUpdatesPerData * 10) + 1,
        );
        assert.equal(bench.ending(), 'ENHANCE_YOUR_CALM');
        assert.deepEqual(bench.abuse, ['window_updates']);
      }
    });

    it('may send eight CONTINUATION frames and 64 KiB in a field block (CVE-2024-27316)', () => {
      const fragment = Buffer.alloc(100);
      const bench = make(defaults);
      bench.recv(headers(3, fragment, 0));
      if (side === 'client') {
        assert.equal(
          flood(bench, 100, () => continuation(3, fragment, 0)),
          9,
        );
        assert.equal(bench.ending(), 'ENHANCE_YOUR_CALM');
        assert.deepEqual(bench.abuse, ['continuations']);
      }
      const trailing = make(defaults);
      trailing.recv(headers(1, fragment, 1));
      assert.equal(
        flood(trailing, 100, () => continuation(1, fragment, 0)),
        9,
      );
      const large = make(defaults);
      large.recv(headers(1, Buffer.alloc(16_384), 1));
      assert.equal(
        flood(large, 100, () => continuation(1, Buffer.alloc(16_384), 0)),
        4,
      );
      assert.equal(large.ending(), 'ENHANCE_YOUR_CALM');
      const last = make({ ...defaults, maxContinuations: 1 });
      last.recv(headers(1, fragment, 1), continuation(1, fragment, 0), continuation(1, fragment, 4));
      assert.equal(last.ending(), 'ENHANCE_YOUR_CALM', 'the last one counts as well');
    });

    it('is calmed down after too many empty fragments', () => {
      const limits = { ...defaults, glitches: { burst: 50, perSecond: 0 } };
      const bench = make(limits);
      bench.recv(headers(1, Buffer.alloc(0), 1));
      assert.equal(
        flood(bench, 100, () => continuation(1, Buffer.alloc(0), 0)),
        5,
      );
      assert.deepEqual(bench.abuse, ['glitches']);
    });

    it('has 5 s for a field block, and for any frame but DATA', () => {
      for (const begun of [
        headers(1, Buffer.alloc(100), 1),
        headers(1, Buffer.alloc(100), 5).subarray(0, 50),
        ping().subarray(0, 4),
        windowUpdate(0, 1).subarray(0, 12),
      ]) {
        const bench = make(defaults);
        bench.connection.receive(begun);
        bench.advance(4500);
        assert.equal(bench.ending(), 'open');
        bench.advance(1000);
        assert.equal(bench.ending(), 'ENHANCE_YOUR_CALM');
        assert.deepEqual(bench.abuse, ['slow_headers']);
      }
      const slow = make(defaults);
      slow.recvPart(data(1, Buffer.alloc(1000)), 500);
      slow.jump(60_000);
      assert.equal(slow.ending(), 'open', 'content may come as slowly as it likes');
    });
  });
}
