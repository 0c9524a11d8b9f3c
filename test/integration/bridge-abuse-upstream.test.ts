import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { Endpoint } from '../../src/model/endpoint.ts';
import { hang, times } from '../support/abuse-bench.ts';
import { collectGarbage, heapOctets } from '../support/collect-garbage.ts';
import { EchoClient } from '../support/echo-client.ts';
import { open } from '../support/forward-client.ts';
import { bomb } from '../support/http2/flood.ts';
import {
  continuation,
  data,
  describeFrame,
  frame,
  headers,
  ping,
  priority,
  responseBlock,
  settings,
  windowUpdate,
} from '../support/http2/wire.ts';
import { EchoBackend } from '../support/peers/echo-service.ts';
import { FRAME, RawH2Peer } from '../support/peers/raw-h2-peer.ts';
import { portOf } from '../support/rest-bridge.ts';
import { quickCluster, type RawConfig, TestBridge } from '../support/test-bridge.ts';

/** What an endpoint does to the connection that a call has come by. */
interface Attack {
  readonly name: string;
  readonly octets: (streamId: number) => Buffer;
  /** Code and debug data of the GOAWAY that it gets. */
  readonly ends: string;
  /** The limit that the log names; empty for a breach of the protocol. */
  readonly kind: string;
}

const GRPC = responseBlock('200', [['content-type', 'application/grpc']]);

const ATTACKS: readonly Attack[] = [
  { name: 'a ping flood', octets: () => times(150, () => ping()), ends: '11 too_many_pings', kind: 'pings' },
  { name: 'a settings flood', octets: () => times(150, () => settings()), ends: '11 too_many_settings', kind: 'settings' },
  {
    name: 'empty DATA',
    octets: (id) => Buffer.concat([headers(id, GRPC), times(1500, () => data(id, ''))]),
    ends: '11 too_many_glitches',
    kind: 'glitches',
  },
  {
    name: 'a PRIORITY flood',
    octets: (id) => times(20_000, () => priority(id, 0)),
    ends: '11 too_many_glitches',
    kind: 'glitches',
  },
  {
    name: 'frames of unknown types',
    octets: (id) => times(20_000, () => frame(0x20, 0, id)),
    ends: '11 too_many_glitches',
    kind: 'glitches',
  },
  {
    name: 'a CONTINUATION flood',
    octets: (id) => Buffer.concat([headers(id, Buffer.alloc(100), 0), times(20, () => continuation(id, Buffer.alloc(100), 0))]),
    ends: '11 field_block_too_long',
    kind: 'continuations',
  },
  {
    name: 'a WINDOW_UPDATE flood',
    octets: (id) => times(200, () => windowUpdate(id, 1)),
    ends: '11 too_many_window_updates',
    kind: 'window_updates',
  },
  { name: 'a window above 2^31-1', octets: () => windowUpdate(0, 0x7fff_ffff), ends: '3', kind: '' },
  { name: 'an HPACK bomb', octets: (id) => headers(id, bomb(4000, 40)), ends: '11 field section far', kind: 'header_list' },
  {
    name: 'MadeYouReset',
    octets: (id) => windowUpdate(id, 0),
    ends: '1',
    kind: '',
  },
  {
    name: 'PUSH_PROMISE',
    octets: (id) => frame(5, 4, id, Buffer.concat([Buffer.from([0, 0, 0, 2]), GRPC])),
    ends: '1',
    kind: '',
  },
  { name: 'a response on a stream that nobody opened', octets: (id) => headers(id + 100, GRPC), ends: '1', kind: '' },
];

function cluster(name: string, { key }: Endpoint): RawConfig {
  return { ...quickCluster(name, [key]), healthCheck: { type: 'none' } };
}

/** A bridge with a hostile endpoint, and a good one that a second cluster has. */
async function startBridge(hostile: RawH2Peer, good: EchoBackend): Promise<TestBridge> {
  const bridge = await TestBridge.start({
    clusters: [cluster('hostile', hostile.endpoint), cluster('good', good.endpoint)],
    routes: [
      { name: 'hostile', match: { prefix: '/test.Echo/Hang' }, cluster: 'hostile' },
      { name: 'good', match: { prefix: '/' }, cluster: 'good' },
    ],
  });
  await bridge.untilHealthy(true);
  return bridge;
}

describe('an endpoint that attacks a bridge', () => {
  for (const { name, octets, ends, kind } of ATTACKS) {
    it(`with ${name} loses its connection; its call ends, and others go on`, async () => {
      await using hostile = await RawH2Peer.start({ onRequest: (session, id) => session.send(octets(id)) });
      await using good = await EchoBackend.start();
      await using bridge = await startBridge(hostile, good);
      using client = new EchoClient(portOf(bridge));
      const attacked = client.unary(Buffer.from('x'), { method: 'hang' });
      const session = await hostile.session();
      const goaway = await session.frame(FRAME.GOAWAY);
      assert.ok(
        describeFrame(goaway)
          .replace(/^GOAWAY \d+ /, '')
          .startsWith(ends),
        describeFrame(goaway),
      );
      await session.ended();
      assert.notEqual((await attacked).code, status.OK);
      if (kind !== '') {
        await bridge.untilLogged('endpoint reached a limit', (line) => line['kind'] === kind);
      }
      // On the same connection of the client.
      assert.equal((await client.unary(Buffer.from('hello'))).code, status.OK);
    });
  }

  for (const [name, octets, code] of [
    ['a header section above the limit', (id: number) => headers(id, bomb(4000, 17)), status.RESOURCE_EXHAUSTED],
    [
      'trailers above the limit',
      (id: number) => Buffer.concat([headers(id, GRPC), headers(id, bomb(4000, 17), 5)]),
      status.RESOURCE_EXHAUSTED,
    ],
    ['interim responses without end', (id: number) => times(20, () => headers(id, responseBlock('103'))), status.UNAVAILABLE],
    ['a response that is malformed', (id: number) => headers(id, responseBlock('200', [['Upper', 'x']])), status.UNAVAILABLE],
  ] as const) {
    it(`with ${name} loses that call alone`, async () => {
      await using hostile = await RawH2Peer.start({ onRequest: (session, id) => session.send(octets(id)) });
      await using good = await EchoBackend.start();
      await using bridge = await startBridge(hostile, good);
      using client = new EchoClient(portOf(bridge));
      for (let calls = 1; calls <= 3; calls++) {
        assert.equal((await client.unary(Buffer.from('x'), { method: 'hang' })).code, code);
      }
      const session = await hostile.session();
      assert.equal(session.ofType(FRAME.GOAWAY).length, 0);
      assert.equal(hostile.sessions.length, 1);
    });
  }

  it('with a window that stays shut costs little memory, however small the parts are that its client sends', async () => {
    await using hostile = await RawH2Peer.start({ settings: [[4, 0]], onRequest: () => undefined });
    await using good = await EchoBackend.start();
    await using bridge = await startBridge(hostile, good);
    using client = await open({ port: portOf(bridge) });
    client.write(hang(1));
    const session = await hostile.session();
    await session.frame(FRAME.HEADERS);
    const drops = times(60_000, () => data(1, 'x'));
    collectGarbage();
    const before = heapOctets();
    client.write(Buffer.concat([drops, ping()]));
    await client.untilFrame(FRAME.PING);
    collectGarbage();
    assert.ok(heapOctets() - before < 2_000_000, `${heapOctets() - before} octets`);
    assert.equal(session.ofType(FRAME.DATA).length, 0);
    session.send(windowUpdate(1, 100_000));
    while (session.ofType(FRAME.DATA).reduce((sum, { payload }) => sum + payload.length, 0) < 60_000) {
      await setImmediate();
    }
    assert.ok(session.ofType(FRAME.DATA).length < 100, `${session.ofType(FRAME.DATA).length} frames: they go on together`);
  });
});
