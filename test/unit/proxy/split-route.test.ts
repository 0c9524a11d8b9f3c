import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LocalRoute } from '../../../src/proxy/router.ts';
import { SplitRoute } from '../../../src/proxy/split-route.ts';
import { fitsShares } from '../../support/chi-square.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const MATCH = { path: { kind: 'prefix', value: '/' }, authority: null, headers: [] } as const;

function way(name: string): LocalRoute {
  return {
    kind: 'local',
    name,
    match: MATCH,
    timeoutMs: 0,
    onStream: () => {
      throw new Error('not in this test');
    },
  };
}

function split(random: () => number, ...weights: readonly number[]): SplitRoute {
  return new SplitRoute(
    'r',
    MATCH,
    weights.map((weight, index) => ({ route: way(`w${index}`), weight })),
    random,
  );
}

describe('SplitRoute', () => {
  it('divides calls by weight', () => {
    const route = split(seededRandom(7), 80, 10, 0, 10);
    const counts = new Map<string, number>();
    for (let count = 0; count < 30_000; count++) {
      const { name } = route.choose();
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    assert.equal(counts.get('w2'), undefined);
    assert.ok(fitsShares([counts.get('w0') ?? 0, counts.get('w1') ?? 0, counts.get('w3') ?? 0], [80, 10, 10]));
  });

  it('goes no way of weight 0, at either end of chance', () => {
    for (const random of [0, 1 - Number.EPSILON]) {
      assert.equal(split(() => random, 0, 5, 0).choose().name, 'w1');
    }
  });
});
