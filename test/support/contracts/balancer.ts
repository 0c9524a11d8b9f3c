import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BalancedEndpoint, Balancer, PickContext, Picker } from '../../../src/balancing/balancer.ts';
import { createEndpoint, type Endpoint } from '../../../src/model/endpoint.ts';
import { seededRandom } from '../seeded-random.ts';

const ANY: PickContext = Object.freeze({ excluded: null, hash: 0 });

/** The endpoint 10.0.0.`index`, with so many calls under way. */
export const balanced = (index: number, weight = 1, activeRequests = 0): BalancedEndpoint => ({
  endpoint: { ...createEndpoint({ kind: 'tcp', host: `10.0.0.${index}`, port: 50_051 }, null), weight },
  activeRequests,
});

/** Endpoints of these weights: 10.0.0.1, 10.0.0.2, … */
export const weighted = (...weights: readonly number[]): readonly BalancedEndpoint[] =>
  weights.map((weight, index) => balanced(index + 1, weight));

/** Any number up to eight of thirty endpoints, of one weight or of different ones. */
const anyEndpoints = fc
  .tuple(fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 8 }), fc.boolean())
  .map(([indexes, isEqual]) => indexes.map((index) => balanced(index, isEqual ? 1 : 1 + (index % 4), index % 3)));

/** The keys that so many picks find, of calls that have nothing in common; `none` for no endpoint. */
export function pickKeys(picker: Picker<BalancedEndpoint>, count: number, excluded: Endpoint | null = null): string[] {
  const random = seededRandom(11);
  return Array.from({ length: count }, () => {
    const result = picker.pick({ excluded, hash: Math.floor(random() * 2 ** 32) });
    return result.kind === 'picked' ? result.picked.endpoint.key : 'none';
  });
}

/** How often each of the endpoints is found, in their order. */
export function countPicks(picker: Picker<BalancedEndpoint>, endpoints: readonly BalancedEndpoint[], picks: number): number[] {
  const counts = new Map<string, number>();
  for (const key of pickKeys(picker, picks)) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return endpoints.map(({ endpoint }) => counts.get(endpoint.key) ?? 0);
}

/** What every policy has to do, whatever its order of picks. */
export function itIsABalancer(create: () => Balancer<BalancedEndpoint>): void {
  describe('as every balancer', () => {
    it('picks nothing from nothing', () => {
      const picker = create().update([]);
      assert.equal(picker.size, 0);
      assert.deepEqual(picker.pick(ANY), { kind: 'unavailable' });
      assert.deepEqual(picker.pick({ ...ANY, excluded: balanced(1).endpoint }), { kind: 'unavailable' });
      assert.deepEqual(
        picker.pickAmong(ANY, () => true),
        { kind: 'unavailable' },
      );
    });

    it('picks the only endpoint, even if it is excluded', () => {
      const only = balanced(1);
      const picker = create().update([only]);
      assert.deepEqual(picker.pick(ANY), { kind: 'picked', picked: only });
      assert.deepEqual(picker.pick({ ...ANY, excluded: only.endpoint }), { kind: 'picked', picked: only });
    });

    it('picks only what the last update named, and never what is excluded while there is another', () => {
      fc.assert(
        fc.property(fc.array(anyEndpoints, { minLength: 1, maxLength: 6 }), fc.nat(), (updates, choice) => {
          const balancer = create();
          for (const endpoints of updates) {
            const picker = balancer.update(endpoints);
            const keys = new Set(endpoints.map(({ endpoint }) => endpoint.key));
            const excluded = endpoints[choice % Math.max(1, endpoints.length)]?.endpoint ?? null;
            assert.equal(picker.size, endpoints.length);
            assert.ok(pickKeys(picker, 20).every((key) => keys.has(key) || (keys.size === 0 && key === 'none')));
            assert.ok(keys.size < 2 || !pickKeys(picker, 20, excluded).includes(excluded?.key ?? ''));
          }
        }),
        { seed: 1, numRuns: 200 },
      );
    });

    it('finds the endpoints that are accepted, down to the last one, and none of the others', () => {
      fc.assert(
        fc.property(anyEndpoints, fc.array(fc.nat(), { maxLength: 8 }), (endpoints, refused) => {
          const picker = create().update(endpoints);
          const left = new Set(endpoints.filter((_, index) => !refused.some((each) => each % endpoints.length === index)));
          for (let rest = left.size; rest > 0; rest--) {
            const result = picker.pickAmong(ANY, (candidate) => left.has(candidate));
            assert.ok(result.kind === 'picked' && left.delete(result.picked));
          }
          assert.deepEqual(
            picker.pickAmong(ANY, (candidate) => left.has(candidate)),
            { kind: 'unavailable' },
          );
        }),
        { seed: 2, numRuns: 200 },
      );
    });

    it('leaves out none of the endpoints for long', () => {
      for (const endpoints of [weighted(1, 1, 1, 1, 1, 1, 1, 1, 1, 1), weighted(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)]) {
        assert.ok(countPicks(create().update(endpoints), endpoints, 1000).every((count) => count > 0));
      }
    });

    it('goes on with an endpoint whose weight has changed', () => {
      const balancer = create();
      pickKeys(balancer.update(weighted(1, 1, 1)), 5);
      pickKeys(balancer.update(weighted(1, 50, 1)), 5);
      assert.ok(countPicks(balancer.update(weighted(1, 1, 1)), weighted(1, 1, 1), 300).every((count) => count > 50));
    });

    it('makes no new object for a pick', () => {
      const picker = create().update([balanced(1)]);
      assert.equal(picker.pick(ANY), picker.pick(ANY));
    });
  });
}
