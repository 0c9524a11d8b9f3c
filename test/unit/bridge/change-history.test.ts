import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChangeHistory, MAX_CHANGES_PER_CLUSTER, MAX_CLUSTERS_WITH_CHANGES } from '../../../src/bridge/change-history.ts';

function change(cluster: string, endpoint = 'e', reason = '') {
  return { cluster, endpoint, from: 'healthy', to: 'unhealthy', reason } as const;
}

describe('ChangeHistory', () => {
  it('keeps the last changes of each cluster, with their time', () => {
    let nowMs = 1_000;
    const history = new ChangeHistory({ wallNow: () => nowMs++ });
    for (let index = 0; index < MAX_CHANGES_PER_CLUSTER + 3; index++) {
      history.add(change('noisy', `e${index}`));
    }
    history.add(change('calm', 'e', 'refused'));
    const kept = history.of('noisy');
    assert.deepEqual(
      [kept.length, kept[0]?.endpoint, kept[0]?.atMs, kept.at(-1)?.endpoint],
      [MAX_CHANGES_PER_CLUSTER, 'e3', 1_003, `e${MAX_CHANGES_PER_CLUSTER + 2}`],
    );
    assert.deepEqual(history.of('calm'), [{ atMs: 1_000 + MAX_CHANGES_PER_CLUSTER + 3, ...change('calm', 'e', 'refused') }]);
    assert.deepEqual(history.of('unknown'), []);
  });

  it('forgets the cluster that changed longest ago when there are too many', () => {
    const history = new ChangeHistory({ wallNow: () => 0 });
    for (let index = 0; index < MAX_CLUSTERS_WITH_CHANGES; index++) {
      history.add(change(`c${index}`));
    }
    history.add(change('c0'));
    history.add(change('one more'));
    assert.deepEqual([history.of('c0').length, history.of('c1').length, history.of('one more').length], [2, 0, 1]);
  });

  it('cuts reasons that are as long as their sender likes', () => {
    const history = new ChangeHistory({ wallNow: () => 0 });
    history.add(change('a', 'e', 'x'.repeat(10_000)));
    assert.equal(history.of('a')[0]?.reason.length, 256);
  });
});
