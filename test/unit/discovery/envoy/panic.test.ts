import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classifyFlags } from '../../../../src/discovery/envoy/health-flags.ts';
import { type CountedHost, panickingPriorities } from '../../../../src/discovery/envoy/panic.ts';
import { readCaptures } from '../../../support/peers/envoy-admin.ts';

const WORDS: Readonly<Record<string, CountedHost['state']>> = {
  h: 'healthy',
  u: 'unhealthy',
  d: 'degraded',
  e: 'ejected',
  p: 'pending',
  x: 'excluded',
  g: 'draining',
};

/** One text of letters for each priority. */
function hosts(...levels: readonly string[]): readonly CountedHost[] {
  return levels.flatMap((letters, priority) =>
    letters.split('').map((letter) => ({ state: WORDS[letter] ?? 'unhealthy', priority })),
  );
}

describe('the panic of an Envoy', () => {
  for (const [levels, panicking] of [
    [['hhh'], []],
    [['hu'], []],
    [['uu'], [0]],
    [['huu'], [0]],
    [['due'], [0]],
    [['dhu'], []],
    // Half is at the threshold, not below it.
    [['hhuu'], []],
    [['hpppp'], []],
    [['ugx'], [0]],
    [['gg'], [0]],
    // The second priority takes everything.
    [['uu', 'hh'], []],
    // 46 of 100 calls and 93: together enough.
    [['huu', 'hhu'], []],
    [
      ['huu', 'huu'],
      [0, 1],
    ],
    [['uuu', 'hu'], [0]],
    [
      ['uu', 'uu'],
      [0, 1],
    ],
    [[], []],
  ] as const) {
    it(`with ${JSON.stringify(levels)} is in the priorities ${JSON.stringify(panicking)}`, () => {
      assert.deepEqual([...panickingPriorities(hosts(...levels))], panicking);
    });
  }

  it('explains every call to an unhealthy host in the captures, and none that a healthy one lacks', () => {
    for (const { name, clusters } of readCaptures()) {
      for (const [cluster, expected] of Object.entries(clusters)) {
        const counted = expected.map(({ flags, priority = 0 }) => ({ state: classifyFlags(flags, 'byPrefix'), priority }));
        const panicking = panickingPriorities(counted);
        for (const [index, { address, envoyRoutesTo }] of expected.entries()) {
          const { state, priority } = counted[index] ?? { state: 'healthy', priority: 0 };
          if (envoyRoutesTo && state !== 'healthy' && state !== 'degraded') {
            assert.ok(panicking.has(priority), `${name}: ${cluster} ${address}`);
          }
        }
      }
    }
  });
});
