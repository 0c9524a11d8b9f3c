import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Turn, type TurnTask } from '../../../src/transport/turn.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const turnEnds = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

function fixture() {
  const clock = new FakeClock();
  const turn = new Turn(clock);
  const log: string[] = [];
  const task = (name: string, onTurn: () => void = () => undefined): TurnTask => ({
    onTurn: () => {
      log.push(name);
      onTurn();
    },
    onUrgent: () => void log.push(`urgent ${name}`),
  });
  return { clock, turn, log, task };
}

describe('the end of a turn', () => {
  it('serves everybody once, in the order in which they asked', async () => {
    const { turn, log, task } = fixture();
    for (const name of ['a', 'b', 'c']) {
      turn.schedule(task(name));
    }
    assert.deepEqual(log, []);
    await turnEnds();
    assert.deepEqual(log, ['a', 'b', 'c']);
    await turnEnds();
    assert.deepEqual(log, ['a', 'b', 'c']);
  });

  it('leaves what is scheduled meanwhile to the next one', async () => {
    const { turn, log, task } = fixture();
    const again = task('again');
    turn.schedule(task('first', () => turn.schedule(again)));
    turn.schedule(task('second'));
    await turnEnds();
    assert.deepEqual(log, ['first', 'second']);
    await turnEnds();
    assert.deepEqual(log, ['first', 'second', 'again']);
  });

  it('comes with the end of the read while the loop is quiet, and with the loop again as soon as it is not', async () => {
    const { turn, log, task } = fixture();
    const read = (name: string): void => {
      turn.beginRead();
      turn.schedule(task(name));
      turn.endRead();
    };
    for (let count = 0; count < 16; count++) {
      read('waits');
      assert.equal(log.length, count, 'one read a turn is no sign yet');
      await turnEnds();
    }
    log.length = 0;
    for (let count = 1; count <= 8; count++) {
      read('at once');
      assert.equal(log.length, count);
    }
    read('sampled');
    assert.equal(log.length, 8, 'waits for others');
    read('another');
    await turnEnds();
    assert.deepEqual(log.slice(8), ['sampled', 'another']);
    read('busy');
    assert.equal(log.length, 10, 'two reads in one turn: the loop is busy');
    await turnEnds();
    assert.equal(log.length, 11);
  });

  it('leaves what is scheduled by those that a read serves to the end of the turn', async () => {
    const { turn, log, task } = fixture();
    for (let count = 0; count < 16; count++) {
      turn.beginRead();
      turn.schedule(task('x'));
      turn.endRead();
      await turnEnds();
    }
    log.length = 0;
    turn.beginRead();
    turn.schedule(task('first', () => turn.schedule(task('again'))));
    turn.endRead();
    assert.deepEqual(log, ['first']);
    await turnEnds();
    assert.deepEqual(log, ['first', 'again']);
  });

  it('serves what may be late after 5 ms, all together', async () => {
    const { clock, turn, log } = fixture();
    const late = (name: string): TurnTask => ({
      onTurn: () => undefined,
      onUrgent: () => undefined,
      onLate: () => void log.push(name),
    });
    const again = late('again');
    turn.scheduleLate({ ...late('a'), onLate: () => turn.scheduleLate(again) });
    await clock.advance(4);
    turn.scheduleLate(late('b'));
    assert.deepEqual(log, []);
    await clock.advance(1);
    assert.deepEqual(log, ['b']);
    await clock.advance(5);
    assert.deepEqual(log, ['b', 'again']);

    turn.scheduleLate(late('c'));
    turn.close();
    turn.scheduleLate(late('d'));
    await clock.advance(10);
    assert.deepEqual(log, ['b', 'again']);
  });

  it('serves those that are urgent first, at once when told to, and at last when nobody does', async () => {
    const { turn, log, task } = fixture();
    turn.schedule(task('a'));
    turn.scheduleUrgent(task('b'));
    turn.runUrgent();
    assert.deepEqual(log, ['urgent b']);
    turn.scheduleUrgent(task('c'));
    turn.schedule(task('d', () => turn.scheduleUrgent(task('e'))));
    await turnEnds();
    assert.deepEqual(log, ['urgent b', 'urgent c', 'a', 'd', 'urgent e']);
  });

  it('serves nobody any more once closed', async () => {
    const { turn, log, task } = fixture();
    turn.schedule(task('a'));
    turn.scheduleUrgent(task('b'));
    turn.close();
    turn.schedule(task('c'));
    turn.scheduleUrgent(task('d'));
    await turnEnds();
    assert.deepEqual(log, []);
  });
});

describe('the ticks', () => {
  it('come every 25 ms to all, as long as there is anybody', async () => {
    const { clock, turn } = fixture();
    const seen: number[] = [];
    const ticker = { tick: (nowMs: number) => void seen.push(nowMs) };
    assert.equal(clock.pendingTimers, 0, 'nothing keeps the process alive at first');
    turn.add(ticker);
    turn.add(ticker);
    await clock.advance(80);
    assert.deepEqual(seen, [25, 50, 75]);
    turn.remove(ticker);
    assert.equal(clock.pendingTimers, 0);
    await clock.advance(100);
    assert.deepEqual(seen, [25, 50, 75]);
  });

  it('may be ended from within a tick', async () => {
    const { clock, turn } = fixture();
    let ticks = 0;
    const ticker = {
      tick: () => {
        ticks++;
        turn.remove(ticker);
      },
    };
    turn.add(ticker);
    await clock.advance(100);
    assert.equal(ticks, 1);
    assert.equal(clock.pendingTimers, 0);
  });

  it('tell the time cheaply, and truly when there are none', async () => {
    const { clock, turn } = fixture();
    await clock.advance(1000);
    assert.equal(turn.nowMs, 1000);
    const ticker = { tick: () => undefined };
    turn.add(ticker);
    await clock.advance(30);
    assert.equal(turn.nowMs, 1025);
    turn.remove(ticker);
    assert.equal(turn.nowMs, 1030);
  });

  it('end with close', async () => {
    const { clock, turn } = fixture();
    let ticks = 0;
    const ticker = { tick: () => void ticks++ };
    turn.add(ticker);
    turn.close();
    turn.add(ticker);
    await clock.advance(100);
    assert.equal(ticks, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it('serve what became urgent in them', async () => {
    const { clock, turn, log, task } = fixture();
    turn.add({ tick: () => turn.scheduleUrgent(task('late')) });
    await clock.advance(25);
    assert.ok(log.includes('urgent late'));
    turn.close();
  });
});
