import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type { Role } from '../../src/http2/index.ts';
import { call, type Recording, record } from '../support/http2/recorder.ts';
import { cut, type OpenedRequests, type Replayed, replay, singly } from '../support/http2/replay.ts';
import { PREFACE, parseFrames } from '../support/http2/wire.ts';
import { seededRandom } from '../support/seeded-random.ts';

const RANDOM_CUTS = 40;

/** Feeds a recording whole, octet by octet and at random cuts, and expects the same events and the same output. */
function assertInvariant(role: Role, opened: OpenedRequests, octets: Buffer, seed: number): Replayed {
  // What is indexed depends on what the process has seen before.
  replay(role, opened, [octets], false);
  replay(role, opened, [octets], false);
  const whole = replay(role, opened, [octets], false);
  const single = replay(role, opened, singly(octets), false);
  assert.deepEqual(single.events, whole.events);
  assert.ok(single.output.equals(whole.output), 'the same output octet by octet');
  assert.deepEqual(replay(role, opened, singly(octets), true).events, whole.events, 'in turns');
  const random = seededRandom(seed);
  for (let count = 0; count < RANDOM_CUTS; count++) {
    const pieces = cut(octets, Array.from({ length: 1 + Math.floor(random() * 30) }, random));
    const other = replay(role, opened, pieces, false);
    assert.deepEqual(other.events, whole.events);
    assert.ok(other.output.equals(whole.output), `the same output in pieces of ${pieces.map(({ length }) => length).join()}`);
    assert.deepEqual(replay(role, opened, pieces, true).events, whole.events);
  }
  return whole;
}

describe('recorded connections give the same however they are cut', () => {
  const cases: readonly (readonly [string, () => Promise<Recording>, OpenedRequests, number])[] = [
    [
      'small calls one after another',
      () =>
        record(async (session) => {
          for (let count = 0; count < 5; count++) {
            await call(session, `/small/${count}`, 12, { 'x-same': 'again and again' });
          }
        }),
      ['POST', 'POST', 'POST', 'POST', 'POST'],
      5,
    ],
    [
      'large bodies at once, with long headers and padding',
      () =>
        record(async (session) => {
          await Promise.all([
            call(session, '/a', 40_000, { 'x-long': 'l'.repeat(20_000) }),
            call(session, '/b', 30_000),
            call(session, '/c', 0),
          ]);
        }),
      ['POST', 'POST', 'GET'],
      3,
    ],
    [
      'PING, SETTINGS and a cancelled call',
      () =>
        record(async (session) => {
          await new Promise<void>((resolve) => session.ping(Buffer.from('12345678'), () => resolve()));
          session.settings({ initialWindowSize: 100_000, enablePush: false });
          await once(session, 'localSettings');
          const cancelled = session.request({ ':method': 'POST', ':path': '/cancelled' });
          cancelled.write('begun');
          await call(session, '/before', 5);
          cancelled.close(8);
          await once(cancelled, 'close');
          await call(session, '/after', 5);
        }),
      ['POST', 'POST', 'POST'],
      2,
    ],
  ];

  for (const [index, [name, make, opened, ends]] of cases.entries()) {
    it(name, { timeout: 20_000 }, async () => {
      const { toServer, toClient } = await make();
      assert.ok(toServer.subarray(0, PREFACE.length).equals(PREFACE));
      assert.ok(parseFrames(toClient).length > 0, 'whole frames');
      const server = assertInvariant('server', [], toServer, 1 + index);
      assert.ok(server.events.filter((event) => event.startsWith('end')).length >= ends);
      const client = assertInvariant('client', opened, toClient, 100 + index);
      assert.ok(client.events.filter((event) => event.startsWith('trailers')).length >= ends);
      assert.ok(client.events.filter((event) => event.startsWith('interim')).length >= ends);
    });
  }
});
