import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fuzzRuns } from '../../support/fuzz-runs.ts';
import { Field } from './support/field.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

/** What may happen to a detector. */
type Step =
  | { readonly kind: 'results'; readonly key: string; readonly status: number; readonly times: number }
  | { readonly kind: 'endpoints'; readonly keys: readonly string[] }
  | { readonly kind: 'check'; readonly key: string }
  | { readonly kind: 'time'; readonly ms: number };

const key = fc.constantFrom(...KEYS);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('results' as const),
      key,
      status: fc.constantFrom(200, 404, 500, 502, 503, 504),
      times: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('endpoints' as const), keys: fc.uniqueArray(key) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('check' as const), key }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 25_000 }) }) },
);

const options = fc.record({
  consecutive5xx: fc.integer({ min: 0, max: 4 }),
  consecutiveGatewayFailure: fc.integer({ min: 0, max: 4 }),
  maxEjectionPercent: fc.integer({ min: 1, max: 100 }),
  successRate: fc.option(fc.record({ stdevFactor: fc.constant(1), minHosts: fc.constant(2), requestVolume: fc.constant(5) })),
  failurePercentage: fc.option(
    fc.record({ threshold: fc.constant(50), minHosts: fc.constant(2), requestVolume: fc.constant(5) }),
  ),
});

describe('a detector, whatever happens to it', () => {
  it('ejects listed endpoints alone, no more than allowed when it ejects, each once until it returns, and none for longer than it says', async () => {
    await fc.assert(
      fc.asyncProperty(options, fc.array(step, { maxLength: 40 }), async (changes, steps) => {
        const field = new Field(changes, 0);
        let listed: readonly string[] = KEYS;
        field.detector.update(listed);
        let told = 0;
        for (const each of steps) {
          const before = new Set(field.out);
          listed = each.kind === 'endpoints' ? each.keys : listed;
          await take(field, each);
          const { out } = field;
          assert.ok(
            out.every((one) => listed.includes(one)),
            'a stranger is ejected',
          );
          const allowed = Math.max(1, Math.floor((listed.length * changes.maxEjectionPercent) / 100));
          assert.ok(out.length <= allowed || out.every((one) => before.has(one)), `${out.length} of ${listed.length} are out`);
          for (const change of field.changes.slice(told)) {
            const [word, one = ''] = change.split(' ');
            assert.equal(before.has(one), word === 'returned', `${change}, which it was already`);
            if (word === 'ejected') {
              before.add(one);
            } else {
              before.delete(one);
            }
          }
          told = field.changes.length;
          assert.deepEqual([...before].filter((one) => listed.includes(one)).toSorted(), out.toSorted());
          for (const [one, { untilMs }] of field.detector.ejections) {
            assert.ok(field.clock.wallNow() < untilMs + 10_000, `${one} is out for too long`);
          }
        }
        field.close();
        assert.equal(field.clock.pendingTimers, 0);
      }),
      fuzzRuns(200),
    );
  });
});

async function take({ detector, clock }: Field, step: Step): Promise<void> {
  switch (step.kind) {
    case 'results':
      for (let count = 0; count < step.times; count++) {
        detector.resultsOf(step.key)?.onResult(step.status);
      }
      break;
    case 'endpoints':
      detector.update(step.keys);
      break;
    case 'check':
      detector.onCheckPassed(step.key);
      break;
    case 'time':
      await clock.advance(step.ms);
      break;
  }
}
