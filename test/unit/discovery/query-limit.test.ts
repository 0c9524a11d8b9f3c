import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { QueryResult } from '../../../src/discovery/dns-client.ts';
import { MAX_PARALLEL_QUERIES, MAX_TURN_WAIT_MS, QueryLimit } from '../../../src/discovery/query-limit.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const NEVER = new AbortController().signal;
const EMPTY: QueryResult = { kind: 'empty' };

/** A client whose queries end when a test says so. */
class Held {
  readonly clock = new FakeClock();
  readonly asked: string[] = [];
  readonly #ends: (() => void)[] = [];
  readonly limit = new QueryLimit(
    {
      query: (name) => {
        this.asked.push(name);
        return new Promise((resolve) => {
          this.#ends.push(() => resolve(EMPTY));
        });
      },
    },
    this.clock,
  );

  ask(count: number, signal = NEVER): readonly Promise<QueryResult>[] {
    const first = this.asked.length;
    return Array.from({ length: count }, (_, index) => this.limit.query(`n${first + index}`, 4, signal));
  }

  endOldest(): void {
    this.#ends.shift()?.();
  }
}

describe('QueryLimit', () => {
  it('lets so many queries go on at a time, and the next as one ends', async () => {
    const held = new Held();
    const results = held.ask(MAX_PARALLEL_QUERIES + 2);
    await held.clock.advance(0);
    assert.equal(held.asked.length, MAX_PARALLEL_QUERIES);
    held.endOldest();
    await held.clock.advance(0);
    assert.equal(held.asked.at(-1), `n${MAX_PARALLEL_QUERIES}`);
    for (const _ of results) {
      held.endOldest();
      await held.clock.advance(0);
    }
    assert.deepEqual(new Set((await Promise.all(results)).map(({ kind }) => kind)), new Set(['empty']));
    assert.equal(held.clock.pendingTimers, 0);
  });

  it('fails what had no turn in time, and gives places that become free to others', async () => {
    const held = new Held();
    const results = held.ask(MAX_PARALLEL_QUERIES + 1);
    await held.clock.advance(MAX_TURN_WAIT_MS);
    assert.match(JSON.stringify(await results.at(-1)), /too many look-ups/);
    assert.equal(held.asked.length, MAX_PARALLEL_QUERIES);
    held.endOldest();
    await held.clock.advance(0);
    void held.ask(1);
    await held.clock.advance(0);
    assert.equal(held.asked.length, MAX_PARALLEL_QUERIES + 1);
  });

  it('ends at once for those who wait when they are told to, and asks nothing for them', async () => {
    const held = new Held();
    void held.ask(MAX_PARALLEL_QUERIES);
    const controller = new AbortController();
    const [waiting] = held.ask(1, controller.signal);
    controller.abort();
    assert.equal((await waiting)?.kind, 'failed');
    assert.equal((await held.limit.query('late', 4, controller.signal)).kind, 'failed');
    assert.equal(held.clock.pendingTimers, 0);
    held.endOldest();
    await held.clock.advance(0);
    assert.equal(held.asked.length, MAX_PARALLEL_QUERIES);
  });
});
