import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClusterEjections, EjectedView } from '../../../src/bridge/ejected-view.ts';
import type { Ejection } from '../../../src/model/ejection.ts';
import type { HealthView } from '../../../src/model/health-view.ts';
import { ALL_STATES, clusterHealth, endpointsIn, THEN_MS } from '../../support/health-views.ts';

const EJECTION: Ejection = {
  kind: 'consecutive_5xx',
  words: '5 consecutive 5xx',
  sinceMs: THEN_MS + 1_000,
  untilMs: THEN_MS + 31_000,
};

function viewOf(...clusters: Parameters<typeof clusterHealth>[]): HealthView {
  return { clusters: new Map(clusters.map((each) => [each[0], clusterHealth(...each)])) };
}

function ejecting(keys: readonly string[], countInHealth = false): ClusterEjections {
  return { ejections: new Map(keys.map((key) => [key, EJECTION])), countInHealth };
}

describe('a view with ejections', () => {
  it('is the view itself where nobody is ejected, or nobody ejects', () => {
    const view = viewOf(['a', endpointsIn('healthy')], ['b', endpointsIn('healthy')]);
    const shown = new EjectedView((name) => (name === 'a' ? ejecting([]) : null)).show(view);
    assert.equal(shown, view);
  });

  it('shows them where the endpoint would get calls, with why and until when', () => {
    const endpoints = endpointsIn(...ALL_STATES);
    const view = viewOf(['a', endpoints]);
    const keys = endpoints.map(({ endpoint }) => endpoint.key);
    for (const countInHealth of [false, true]) {
      const shown = new EjectedView(() => ejecting(keys, countInHealth)).show(view).clusters.get('a');
      assert.deepEqual(
        shown?.endpoints.map(({ state, ejection }) => [state, ejection?.countsAs]),
        [
          ['ejected', countInHealth ? 'ejected' : 'healthy'],
          ['ejected', countInHealth ? 'ejected' : 'degraded'],
          ...ALL_STATES.slice(2).map((state) => [state, state]),
        ],
      );
      const [first] = shown?.endpoints ?? [];
      assert.deepEqual(
        [first?.reason, first?.sinceMs],
        ['5 consecutive 5xx, out until 2023-11-14T22:13:51.000Z', THEN_MS + 1_000],
      );
    }
  });

  it('keeps the objects of what did not change', () => {
    const view = viewOf(['a', endpointsIn('healthy', 'healthy')], ['b', endpointsIn('healthy')]);
    let found = ejecting(['10.0.0.1:1']);
    const lens = new EjectedView((name) => (name === 'a' ? found : null));
    const first = lens.show(view);
    assert.equal(lens.show(view).clusters.get('a'), first.clusters.get('a'));
    assert.equal(first.clusters.get('b'), view.clusters.get('b'));
    found = { ...found, countInHealth: true };
    const second = lens.show(view);
    assert.notEqual(second.clusters.get('a'), first.clusters.get('a'));
    found = ejecting(['10.0.0.2:1']);
    assert.notEqual(lens.show(view).clusters.get('a'), second.clusters.get('a'));
    found = ejecting([]);
    assert.equal(lens.show(view), view);
  });
});
