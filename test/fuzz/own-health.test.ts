import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { HealthCall, type HealthMethod } from '../../src/grpc-health/health-call.ts';
import { HealthReplies } from '../../src/grpc-health/health-replies.ts';
import { WatchList } from '../../src/grpc-health/watch-list.ts';
import { DeadlineWheel } from '../../src/proxy/deadline-wheel.ts';
import { LocalReplies } from '../../src/proxy/local-replies.ts';
import { Turn } from '../../src/transport/turn.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeStream } from '../support/fake-stream.ts';
import { fuzzRuns } from '../support/fuzz-runs.ts';
import { list } from '../support/http2/fields.ts';
import { requestOf, servingState } from '../support/own-health-bench.ts';

const clock = new FakeClock();
const watches = new WatchList();
const turn = new Turn(clock);
const answers: number[] = [];
const peer = { remoteAddress: '', isTls: false };
const home = {
  clock,
  wheel: new DeadlineWheel(turn),
  replies: new HealthReplies(),
  localReplies: new LocalReplies(),
  watches,
  state: () => servingState(true),
  onAnswer: (code: number) => answers.push(code),
};

const content = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ maxLength: 12 }).map((name) => Uint8Array.from(requestOf(name))),
  fc
    .tuple(fc.string({ maxLength: 12 }), fc.uint8Array({ maxLength: 3 }))
    .map(([name, more]) => Uint8Array.from([...requestOf(name), ...more])),
);

it('any content of any method is answered once, whatever pieces it comes in, and nothing is left behind', () => {
  const method = fc.constantFrom<HealthMethod>('check', 'list', 'watch', 'status');
  const timeout = fc.option(fc.string({ unit: fc.constantFrom('1', '9', 'S', 'm', 'x', 'H'), minLength: 1, maxLength: 10 }));
  fc.assert(
    fc.property(method, content, fc.array(fc.integer({ min: 1, max: 9 })), timeout, (name, octets, sizes, text) => {
      const stream = new FakeStream();
      const call = new HealthCall(stream, { method: name, peer, log: null }, home);
      answers.length = 0;
      call.start(list(text === null ? [] : [['grpc-timeout', text]]));
      const all = Buffer.from(octets);
      for (let at = 0, index = 0; at < all.length || index === 0; index++) {
        const end = Math.min(all.length, at + (sizes[index] ?? all.length));
        stream.isRecvEnded = end >= all.length;
        call.onDownstreamData(all, at, end);
        at = end;
      }
      const watching = watches.size === 1;
      assert.deepEqual([answers.length, stream.consumed], [1, all.length]);
      const kinds = stream.log.map((line) => line.replace(/ .*/, '')).join(' ');
      const refused = stream.log[0]?.endsWith(' end') === true;
      assert.equal(kinds, refused ? 'headers stop' : watching ? 'headers data' : 'headers data trailers stop');
      if (watching) {
        call.end();
        assert.equal(stream.isSendEnded, true);
      }
      call.onDownstreamClosed();
      assert.deepEqual([watches.size, home.wheel.size], [0, 0]);
    }),
    fuzzRuns(1000),
  );
});
