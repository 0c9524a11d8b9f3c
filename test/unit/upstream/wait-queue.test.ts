import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Turn } from '../../../src/transport/turn.ts';
import { CircuitBreakers } from '../../../src/upstream/circuit-breakers.ts';
import { NoConnectionReason, type StreamWaiter } from '../../../src/upstream/stream-handler.ts';
import { WaitQueue } from '../../../src/upstream/wait-queue.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { poolLimits } from '../../support/pool-limits.ts';

function fixture(maxPendingRequests: number) {
  const clock = new FakeClock();
  const queue = new WaitQueue({
    turn: new Turn(clock),
    clock,
    breakers: new CircuitBreakers(poolLimits({ maxPendingRequests })),
  });
  const heard: string[] = [];
  const waiter = (name: string, onNews: () => void = () => undefined): StreamWaiter => ({
    excluded: null,
    hash: 0,
    onConnection: () => void heard.push(`${name}: connection`),
    onNoConnection: (reason) => {
      heard.push(`${name}: ${reason}`);
      onNews();
    },
  });
  return { clock, queue, heard, waiter };
}

const turnEnds = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('the queue of waiters', () => {
  it('refuses those above its limit, at the end of the turn and in order', async () => {
    const { queue, heard, waiter } = fixture(2);
    assert.notEqual(queue.add(waiter('a')), null);
    assert.notEqual(queue.add(waiter('b')), null);
    assert.equal(queue.add(waiter('c')), null);
    queue.addRefused(waiter('d'), NoConnectionReason.NO_ENDPOINTS);
    assert.deepEqual(heard, []);
    assert.equal(queue.size, 4);
    await turnEnds();
    assert.deepEqual(heard, ['c: queue_full', 'd: no_endpoints']);
    assert.equal(queue.size, 2);
  });

  it('has room again when somebody leaves, is served or is refused', async () => {
    const { queue, waiter } = fixture(1);
    const first = waiter('a');
    queue.add(first);
    queue.cancel(first);
    const second = queue.add(waiter('b'));
    assert.ok(second !== null);
    queue.finish(second);
    const third = queue.add(waiter('c'));
    assert.ok(third !== null);
    queue.refuse(third, NoConnectionReason.QUEUE_TIMEOUT);
    assert.notEqual(queue.add(waiter('d')), null, 'one that is refused waits for nothing but the end of the turn');
    await turnEnds();
    assert.equal(queue.size, 1);
  });

  it('tells those that leave nothing, not even what was decided before', async () => {
    const { queue, heard, waiter } = fixture(0);
    const refused = waiter('a');
    queue.add(refused);
    queue.cancel(refused);
    queue.cancel(waiter('never came'));
    await turnEnds();
    assert.deepEqual(heard, []);
  });

  it('lets a waiter come again from within the bad news', async () => {
    const { queue, heard, waiter } = fixture(0);
    let isAgain = false;
    const stubborn = waiter('a', () => {
      if (!isAgain) {
        isAgain = true;
        queue.add(stubborn);
      }
    });
    queue.add(stubborn);
    await turnEnds();
    await turnEnds();
    assert.deepEqual(heard, ['a: queue_full', 'a: queue_full']);
  });

  it('finds those that wait long, and takes nobody twice', async () => {
    const { clock, queue, waiter } = fixture(9);
    const early = queue.add(waiter('a'));
    await clock.advance(100);
    const late = waiter('b');
    queue.add(late);
    assert.deepEqual(queue.waitingSince(clock.now(), 100), [early]);
    assert.equal(queue.waitingSince(clock.now(), 0).length, 2);
    assert.throws(() => queue.add(late), /must hear before it acquires again/);
  });
});
