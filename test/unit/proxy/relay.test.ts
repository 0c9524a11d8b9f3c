import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeadlineWheel } from '../../../src/proxy/deadline-wheel.ts';
import { LocalReplies } from '../../../src/proxy/local-replies.ts';
import { Relay } from '../../../src/proxy/relay.ts';
import { Turn } from '../../../src/transport/turn.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

describe('the exchanges of a listener', () => {
  it('are used again, 1,024 of them at most: the memory of a storm is given back', () => {
    const clock = new FakeClock();
    const turn = new Turn(clock);
    const relay = new Relay({
      clock,
      random: seededRandom(1),
      wheel: new DeadlineWheel(turn),
      replies: new LocalReplies(),
      observer: null,
    });
    const storm = Array.from({ length: 1500 }, () => relay.take());
    assert.equal(relay.live, 1500);
    for (const exchange of storm) {
      relay.give(exchange);
    }
    assert.equal(relay.live, 0);
    const known = new Set(storm);
    const next = Array.from({ length: 1500 }, () => relay.take());
    assert.equal(new Set(next).size, 1500);
    assert.equal(next.filter((exchange) => known.has(exchange)).length, 1024);
    turn.close();
  });
});
