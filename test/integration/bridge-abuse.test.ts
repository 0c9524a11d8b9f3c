import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { AbuseBench, callBlock, goawayOf, hang, odd, times } from '../support/abuse-bench.ts';
import { open, story } from '../support/forward-client.ts';
import { bomb } from '../support/http2/flood.ts';
import {
  block,
  continuation,
  data,
  frame,
  headers,
  ping,
  priority,
  rstStream,
  settings,
  windowUpdate,
} from '../support/http2/wire.ts';
import { untilMetric } from '../support/metrics-page.ts';
import { FrameType } from '../support/raw-client.ts';

const END_BOTH = 5;
const OPEN = hang(1);

/** What a client does, and how its connection ends. */
interface Attack {
  readonly name: string;
  readonly octets: Buffer;
  /** Default `plain`; `hasty` is one that lets reset streams go at once. */
  readonly listener?: string;
  /** Code and debug data of GOAWAY. */
  readonly ends: string;
  /** Why the listener says that it turned the client away: a limit by its name; empty for a breach of the protocol. */
  readonly kind: string;
}

const ATTACKS: readonly Attack[] = [
  {
    name: 'rapid reset (CVE-2023-44487)',
    octets: times(500, (index) => Buffer.concat([hang(odd(index)), rstStream(odd(index), 8)])),
    listener: 'hasty',
    ends: '11 too_many_premature_resets',
    kind: 'premature_resets',
  },
  { name: 'MadeYouReset (CVE-2025-8671)', octets: Buffer.concat([OPEN, windowUpdate(1, 0)]), ends: '1', kind: '' },
  {
    name: 'resets that it provokes (CVE-2019-9514)',
    octets: times(1200, (index) => headers(odd(index), block([['', 'x']]), END_BOTH)),
    listener: 'hasty',
    ends: '11 too_many_resets',
    kind: 'resets',
  },
  {
    name: 'a CONTINUATION flood (CVE-2024-27316)',
    octets: Buffer.concat([headers(1, Buffer.alloc(100), 0), times(9, () => continuation(1, Buffer.alloc(100), 0))]),
    ends: '11 field_block_too_long',
    kind: 'continuations',
  },
  {
    name: 'a settings flood (CVE-2019-9515)',
    octets: times(150, () => settings([[4, 65_535]])),
    ends: '11 too_many_settings',
    kind: 'settings',
  },
  {
    name: 'many entries in one SETTINGS frame',
    octets: settings(Array.from({ length: 33 }, (_, index) => [0x100 + index, 0] as const)),
    ends: '11 too_many_settings',
    kind: 'settings',
  },
  { name: 'a ping flood (CVE-2019-9512)', octets: times(150, () => ping()), ends: '11 too_many_pings', kind: 'pings' },
  {
    name: 'empty DATA (CVE-2019-9518)',
    octets: Buffer.concat([OPEN, times(150, () => data(1, ''))]),
    ends: '11 too_many_glitches',
    kind: 'glitches',
  },
  {
    name: 'a PRIORITY flood (CVE-2019-9513)',
    octets: times(2000, (index) => priority(odd(index), 0)),
    ends: '11 too_many_glitches',
    kind: 'glitches',
  },
  {
    name: 'frames of unknown types',
    octets: times(2000, (index) => frame(0x10 + (index % 100), 0, 1)),
    ends: '11 too_many_glitches',
    kind: 'glitches',
  },
  {
    name: 'more streams than it may have, without end',
    octets: times(2500, (index) => hang(odd(index))),
    ends: '11 too_many_glitches',
    kind: 'glitches',
  },
  {
    name: 'a WINDOW_UPDATE flood',
    octets: Buffer.concat([OPEN, times(40, () => windowUpdate(1, 1))]),
    ends: '11 too_many_window_updates',
    kind: 'window_updates',
  },
  { name: 'a window above 2^31-1', octets: windowUpdate(0, 0x7fff_ffff), ends: '3', kind: '' },
  {
    name: 'a window above 2^31-1 by SETTINGS',
    octets: Buffer.concat([OPEN, windowUpdate(1, 0x7fff_0000), settings([[4, 0x7fff_ffff]])]),
    ends: '3',
    kind: '',
  },
  {
    name: 'an HPACK bomb (CVE-2016-6581)',
    octets: headers(1, bomb(4000, 40), END_BOTH),
    ends: '11 field section far above the limit',
    kind: 'header_list',
  },
  {
    name: 'crumbs of cookies without end (CVE-2026-49975)',
    octets: headers(1, Buffer.concat([callBlock('/test.Echo/Once'), bomb(10, 300)]), END_BOTH),
    ends: '11 field section far above the limit',
    kind: 'header_list',
  },
];

const bench = await AbuseBench.start();
after(() => bench[Symbol.asyncDispose]());

describe('a client that attacks a bridge', () => {
  for (const { name, octets, listener, ends, kind } of ATTACKS) {
    it(`with ${name} loses its connection, and nobody else notices`, async () => {
      const refused = bench.refusals(`HTTP/2: ${kind}`);
      using client = await open({ port: bench.port(listener) });
      client.write(octets);
      await client.untilOver();
      assert.ok(goawayOf(client).startsWith(ends), goawayOf(client));
      assert.equal(bench.refusals(`HTTP/2: ${kind}`), kind === '' ? 0 : refused + 1);
      await bench.checkHonest();
    });
  }

  it('with resets as fast as it can reaches the endpoint with as many calls as it may have at once, and no more', async () => {
    const before = await bench.forwarded();
    using client = await open({ port: bench.port() });
    client.write(times(1000, (index) => Buffer.concat([hang(odd(index)), rstStream(odd(index), 8)])));
    client.write(ping());
    await client.untilFrame(FrameType.PING);
    assert.equal((await bench.forwarded()) - before, 100);
    assert.equal(story(client, odd(999)).at(-1), 'RST_STREAM 7', 'the others are refused');
    await bench.checkHonest();
  });

  it('leaves nothing behind', async () => {
    await untilMetric(bench.bridge, 'downstream_connections{listener="plain",protocol="http2"} 1');
    await untilMetric(bench.bridge, 'downstream_connections{listener="hasty",protocol="http2"} 0');
    await untilMetric(bench.bridge, 'upstream_requests_active{cluster="a"} 0');
  });
});
