import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Signal } from '../../../src/health/outcome.ts';
import { applyCheck, applyWatchMessage, PENDING, type ServiceState, type Thresholds } from '../../../src/health/thresholds.ts';

const PASS: Signal = { kind: 'pass', degradedReason: null };
const DEGRADED: Signal = { kind: 'pass', degradedReason: 'UNKNOWN' };
const NO: Signal = { kind: 'explicitFailure', reason: 'NOT_SERVING' };
const FAIL: Signal = { kind: 'failure', reason: 'connection refused' };
const LETTERS: Readonly<Record<string, Signal>> = { p: PASS, d: DEGRADED, n: NO, f: FAIL };

/** The states after each of the signals, by their first letters. */
function run(signals: string, thresholds: Thresholds): string {
  let state = PENDING;
  let states = '';
  for (const letter of signals) {
    state = applyCheck(state, LETTERS[letter] ?? PASS, thresholds);
    states += state.state.charAt(0);
  }
  return states;
}

const ROWS: readonly (readonly [signals: string, healthy: number, unhealthy: number, states: string])[] = [
  // The first result counts at once, whatever it is.
  ['p', 3, 3, 'h'],
  ['d', 3, 3, 'd'],
  ['n', 3, 3, 'u'],
  ['f', 3, 3, 'u'],
  // Failures count, and a pass between them starts the count anew.
  ['pfff', 2, 3, 'hhhu'],
  ['pffpffpfff', 2, 3, 'hhhhhhhhhu'],
  ['dff', 2, 2, 'ddu'],
  ['pf', 2, 1, 'hu'],
  // A clear no does not wait, however many failures it would take.
  ['pn', 2, 100, 'hu'],
  ['pfn', 2, 100, 'hhu'],
  // Recovery counts, and any failure between starts the count anew.
  ['fppp', 3, 1, 'uuuh'],
  ['fppfppp', 3, 1, 'uuuuuuh'],
  ['nppnpp', 2, 1, 'uuhuuh'],
  ['fpd', 2, 1, 'uud'],
  ['fp', 1, 1, 'uh'],
  // Between healthy and degraded nothing counts.
  ['pdpd', 9, 9, 'hdhd'],
];

describe('applyCheck', () => {
  for (const [signals, healthyThreshold, unhealthyThreshold, states] of ROWS) {
    it(`goes ${states} on ${signals} with thresholds ${healthyThreshold} and ${unhealthyThreshold}`, () => {
      assert.equal(run(signals, { healthyThreshold, unhealthyThreshold }), states);
    });
  }

  it('keeps the reason of the failure that counted, and none while healthy', () => {
    const thresholds = { healthyThreshold: 2, unhealthyThreshold: 2 };
    const states: ServiceState[] = [PENDING];
    for (const signal of [PASS, FAIL, FAIL, NO, PASS, DEGRADED]) {
      states.push(applyCheck(states.at(-1) ?? PENDING, signal, thresholds));
    }
    assert.deepEqual(
      states.map(({ reason }) => reason),
      ['', '', '', 'connection refused', 'NOT_SERVING', 'NOT_SERVING', 'UNKNOWN'],
    );
  });

  it('flips exactly as a plain reading of the rules says, for any sequence', () => {
    const letter = fc.constantFrom('p', 'd', 'n', 'f');
    fc.assert(
      fc.property(
        fc.array(letter, { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        (...args) => {
          const [letters, healthyThreshold, unhealthyThreshold] = args;
          const signals = letters.join('');
          const got = run(signals, { healthyThreshold, unhealthyThreshold });
          let up: boolean | null = null;
          for (let index = 0; index < signals.length; index += 1) {
            const seen = signals.slice(0, index + 1);
            const passes = /[pd]*$/.exec(seen)?.[0].length ?? 0;
            const failures = /f*$/.exec(seen)?.[0].length ?? 0;
            const passing = passes > 0;
            if (up === null) {
              up = passing;
            } else if (up) {
              up = !seen.endsWith('n') && failures < unhealthyThreshold;
            } else {
              up = passes >= healthyThreshold;
            }
            assert.equal(got.charAt(index) !== 'u', up, `${seen} gives ${got}`);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('applyWatchMessage', () => {
  it('takes a message at its word, whatever was counted before', () => {
    assert.equal(applyWatchMessage({ kind: 'pass', degradedReason: null }).state, 'healthy');
    assert.equal(applyWatchMessage({ kind: 'pass', degradedReason: 'UNKNOWN' }).state, 'degraded');
    assert.deepEqual(applyWatchMessage({ kind: 'explicitFailure', reason: 'NOT_SERVING' }), {
      state: 'unhealthy',
      reason: 'NOT_SERVING',
      passes: 0,
      failures: 0,
    });
  });
});
