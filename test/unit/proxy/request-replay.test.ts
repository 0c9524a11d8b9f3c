import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_REPLAY_OCTETS, ReplayBudget, RequestReplay } from '../../../src/proxy/request-replay.ts';
import { describeFields, FakeStream } from '../../support/fake-stream.ts';
import { fuzzRuns } from '../../support/fuzz-runs.ts';
import { list, request } from '../../support/http2/fields.ts';

function start(budget = new ReplayBudget()): RequestReplay {
  const replay = new RequestReplay(budget);
  replay.begin(request(), false);
  return replay;
}

function add(replay: RequestReplay, content: Buffer): void {
  replay.add(content, 0, content.length);
}

describe('a kept request', () => {
  it('has fields of its own', () => {
    const fields = list([
      [':method', 'POST'],
      ['x-request-id', 'one'],
    ]);
    const replay = new RequestReplay(new ReplayBudget());
    replay.begin(fields, true);
    fields.clear();
    fields.pushText('x-request-id', 'two');
    assert.equal(describeFields(replay.fields), ':method=POST,x-request-id=one');
    replay.clear();
    assert.equal(replay.fields.length, 0);
  });

  it('is sent as often as wanted, in rooms that are filled one behind the other', () => {
    const replay = start();
    for (const text of ['a', 'bc', 'def']) {
      add(replay, Buffer.from(text));
    }
    add(replay, Buffer.alloc(20_000, 'x'));
    add(replay, Buffer.from('end'));
    for (let time = 0; time < 2; time++) {
      const stream = new FakeStream();
      assert.equal(replay.sendTo(stream), 20_009);
      assert.deepEqual(stream.log, ['data 2048', 'data 16384', 'data 1577']);
      assert.equal(Buffer.concat(stream.content).toString(), `abcdef${'x'.repeat(20_000)}end`);
    }
  });

  it('says how much left at once', () => {
    const replay = start();
    add(replay, Buffer.alloc(3000));
    const stream = new FakeStream();
    stream.window = 1000;
    assert.equal(replay.sendTo(stream), 1000);
  });

  it('ends with its last content, alone, or with trailers', () => {
    const withContent = start();
    add(withContent, Buffer.from('x'));
    withContent.isEnded = true;
    const first = new FakeStream();
    withContent.sendTo(first);
    assert.deepEqual(first.log, ['data 1 end']);

    const without = start();
    without.isEnded = true;
    const second = new FakeStream();
    without.sendTo(second);
    assert.deepEqual(second.log, ['data 0 end']);

    const withTrailers = start();
    add(withTrailers, Buffer.from('x'));
    withTrailers.isEnded = true;
    withTrailers.trailers = list([['x-sum', '1']]);
    const third = new FakeStream();
    withTrailers.sendTo(third);
    assert.deepEqual(third.log, ['data 1', 'trailers x-sum=1']);
  });

  it('has room for 64 KiB, then for nothing', () => {
    const replay = start();
    assert.equal(replay.hasRoom(MAX_REPLAY_OCTETS), true);
    assert.equal(replay.hasRoom(MAX_REPLAY_OCTETS + 1), false);
    add(replay, Buffer.alloc(MAX_REPLAY_OCTETS - 1));
    assert.equal(replay.hasRoom(1), true);
    assert.equal(replay.hasRoom(2), false);
    replay.drop();
    assert.deepEqual([replay.hasRoom(1), replay.isWhole, replay.octets], [false, false, 0]);
  });

  it('shares a budget with the others, and gives back what it had', () => {
    const budget = new ReplayBudget(10_000);
    const [one, other] = [start(budget), start(budget)];
    add(one, Buffer.alloc(6000));
    assert.equal(other.hasRoom(4001), false);
    add(other, Buffer.alloc(4000));
    assert.equal(budget.octets, 10_000);
    one.drop();
    one.clear();
    assert.equal(budget.octets, 4000);
    other.clear();
    assert.equal(budget.octets, 0);
  });

  it('keeps nothing of the buffer that content was read into', () => {
    const replay = start();
    const read = Buffer.alloc(65_536, 'a');
    replay.add(read, 100, 40_100);
    read.fill('b');
    const stream = new FakeStream();
    replay.sendTo(stream);
    assert.equal(Buffer.concat(stream.content).toString(), 'a'.repeat(40_000));
  });

  it('uses memory again, of which 4 MiB at most stay while nobody needs them', () => {
    const budget = new ReplayBudget();
    const replay = start(budget);
    add(replay, Buffer.alloc(2048 + 16_384));
    replay.drop();
    const room = budget.takeRoom();
    assert.notEqual(budget.takeRoom(), room);
    budget.giveRoom(room);
    assert.equal(budget.takeRoom(), room);

    const rooms = new Set(Array.from({ length: 300 }, () => budget.takeRoom()));
    for (const one of rooms) {
      budget.giveRoom(one);
    }
    const kept = Array.from({ length: 300 }, () => budget.takeRoom()).filter((one) => rooms.has(one));
    assert.equal(kept.length, 256);
  });

  it('gives back what came, for any division of it, call after call', () => {
    const replay = new RequestReplay(new ReplayBudget());
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 60 }), (lengths) => {
        replay.begin(request(), false);
        const all: Buffer[] = [];
        for (const [index, length] of lengths.entries()) {
          const part = Buffer.alloc(length, index + 1);
          all.push(part);
          add(replay, part);
        }
        const stream = new FakeStream();
        const whole = Buffer.concat(all);
        assert.equal(replay.sendTo(stream), whole.length);
        assert.ok(Buffer.concat(stream.content).equals(whole));
        // Objects for the pieces: no more than long pieces, and the gaps between them, make necessary.
        assert.ok(stream.log.length <= 2 * Math.ceil(whole.length / 1024) + 2, `${stream.log.length} pieces`);
        replay.clear();
      }),
      fuzzRuns(100),
    );
  });
});
