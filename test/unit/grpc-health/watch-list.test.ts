import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_WATCHES, MAX_WATCHES_PER_CONNECTION, type OpenWatch, WatchList } from '../../../src/grpc-health/watch-list.ts';
import type { DownstreamPeer } from '../../../src/proxy/downstream-stream.ts';

const connection = (): DownstreamPeer => ({ remoteAddress: '192.0.2.1', isTls: false });

/** A Watch that takes itself out when it is ended, as those of the service do. */
function watchOf(peer: DownstreamPeer, list: WatchList, log: string[] = []): OpenWatch {
  const watch: OpenWatch = {
    peer,
    tell: () => log.push('told'),
    end: () => {
      log.push('ended');
      list.remove(watch);
    },
  };
  return watch;
}

describe('a list of Watches', () => {
  it(`takes ${MAX_WATCHES_PER_CONNECTION} of one connection, however equal others look`, () => {
    const list = new WatchList();
    const peer = connection();
    const watches = Array.from({ length: MAX_WATCHES_PER_CONNECTION }, () => watchOf(peer, list));
    assert.ok(watches.every((watch) => list.add(watch)));
    assert.equal(list.add(watchOf(peer, list)), false);
    assert.equal(list.add(watchOf(connection(), list)), true);
    const [first] = watches;
    assert.ok(first !== undefined);
    list.remove(first);
    list.remove(first);
    assert.equal(list.add(watchOf(peer, list)), true);
    assert.equal(list.add(watchOf(peer, list)), false, 'a second removal makes no second place');
  });

  it(`takes ${MAX_WATCHES} in all`, () => {
    const list = new WatchList();
    for (let count = 0; count < MAX_WATCHES; count++) {
      assert.ok(list.add(watchOf(connection(), list)));
    }
    assert.equal(list.add(watchOf(connection(), list)), false);
    list.startDrain();
    assert.deepEqual([list.size, list.connections], [0, 0], 'nothing is kept of connections that are gone');
    assert.equal(list.add(watchOf(connection(), list)), true);
  });

  it('tells all, and ends all when the drain begins', () => {
    const list = new WatchList();
    const log: string[] = [];
    list.add(watchOf(connection(), list, log));
    list.add(watchOf(connection(), list, log));
    list.tellAll();
    assert.equal(list.isDraining, false);
    list.startDrain();
    list.startDrain();
    assert.deepEqual([log, list.size, list.isDraining], [['told', 'told', 'ended', 'ended'], 0, true]);
  });
});
