import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BalancedEndpoint, Balancer, PickContext } from '../../../src/balancing/balancer.ts';
import { createEndpoint, type Endpoint } from '../../../src/model/endpoint.ts';

const ANY: PickContext = Object.freeze({ excluded: null });

/** The endpoint 10.0.0.`index`. */
export const balanced = (index: number): BalancedEndpoint => ({
  endpoint: createEndpoint({ kind: 'tcp', host: `10.0.0.${index}`, port: 50_051 }, null),
});

/** The keys that so many picks find; `none` for no endpoint. */
export function pickKeys(
  picker: ReturnType<Balancer<BalancedEndpoint>['update']>,
  count: number,
  excluded: Endpoint | null = null,
): string[] {
  return Array.from({ length: count }, () => {
    const result = picker.pick(excluded === null ? ANY : { excluded });
    return result.kind === 'picked' ? result.picked.endpoint.key : 'none';
  });
}

/** What every policy has to do, whatever its order of picks. */
export function itIsABalancer(create: () => Balancer<BalancedEndpoint>): void {
  const all = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 12 });

  describe('as every balancer', () => {
    it('picks nothing from nothing', () => {
      const picker = create().update([]);
      assert.equal(picker.size, 0);
      assert.deepEqual(picker.pick(ANY), { kind: 'unavailable' });
      assert.deepEqual(picker.pick({ excluded: balanced(1).endpoint }), { kind: 'unavailable' });
    });

    it('picks the only endpoint, even if it is excluded', () => {
      const only = balanced(1);
      const picker = create().update([only]);
      assert.deepEqual(picker.pick(ANY), { kind: 'picked', picked: only });
      assert.deepEqual(picker.pick({ excluded: only.endpoint }), { kind: 'picked', picked: only });
    });

    it('picks only what the last update named, and never what is excluded while there is another', () => {
      fc.assert(
        fc.property(fc.array(all, { minLength: 1, maxLength: 6 }), fc.nat(), (updates, choice) => {
          const balancer = create();
          for (const indexes of updates) {
            const endpoints = indexes.map(balanced);
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

    it('leaves out none of the endpoints for long', () => {
      const endpoints = Array.from({ length: 10 }, (_, index) => balanced(index + 1));
      const found = new Set(pickKeys(create().update(endpoints), 1000));
      assert.equal(found.size, 10);
    });

    it('makes no new object for a pick', () => {
      const picker = create().update([balanced(1)]);
      assert.equal(picker.pick(ANY), picker.pick(ANY));
    });
  });
}
