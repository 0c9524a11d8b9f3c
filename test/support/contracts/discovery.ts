import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Discovery } from '../../../src/discovery/discovery.ts';
import type { DiscoveryUpdate } from '../../../src/model/discovery-update.ts';
import { FakeClock } from '../fake-clock.ts';

/** Makes a source that finds `10.0.0.1:1` and nothing else. */
export type CreateSource = (clock: FakeClock) => Discovery;

/** What every source of endpoints must do. */
export function describeDiscovery(name: string, create: CreateSource): void {
  describe(`${name}, as a source of endpoints`, () => {
    it('reports what it has found', async () => {
      const { updates, stop, clock } = watchOne(create);
      await clock.advance(10);
      assert.deepEqual(updates[0]?.kind === 'endpoints' ? updates[0].endpoints.map(({ key }) => key) : updates[0], [
        '10.0.0.1:1',
      ]);
      await stop();
    });

    it('resolves when it is told to stop, and leaves no timer', async () => {
      const { stop, clock } = watchOne(create);
      await clock.advance(10);
      await stop();
      assert.equal(clock.pendingTimers, 0);
    });

    it('says nothing after it was told to stop', async () => {
      const { updates, stop, clock } = watchOne(create);
      await clock.advance(10);
      await stop();
      const before = updates.length;
      await clock.advance(100_000);
      assert.equal(updates.length, before);
    });

    it('does nothing for who has stopped already', async () => {
      const updates: DiscoveryUpdate[] = [];
      await create(new FakeClock()).watch((update) => updates.push(update), AbortSignal.abort());
      assert.deepEqual(updates, []);
    });
  });
}

function watchOne(create: CreateSource): { updates: DiscoveryUpdate[]; stop: () => Promise<void>; clock: FakeClock } {
  const clock = new FakeClock();
  const updates: DiscoveryUpdate[] = [];
  const controller = new AbortController();
  const done = create(clock).watch((update) => updates.push(update), controller.signal);
  return {
    updates,
    clock,
    stop: () => {
      controller.abort();
      return done;
    },
  };
}
