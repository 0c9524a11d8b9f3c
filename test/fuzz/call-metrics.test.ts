import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CallMetrics } from '../../src/observability/call-metrics.ts';
import { fuzzRuns } from '../support/fuzz-runs.ts';
import { linesOf, type StartedCall, startCall } from '../support/metered-calls.ts';

/** A call of one of a few methods begins; the call that is so far in the list ends with a code, as an endpoint's answer or without one; a scrape. */
const STEP = fc.oneof(
  fc.record({ kind: fc.constant('start' as const), method: fc.nat(4) }),
  fc.record({
    kind: fc.constant('end' as const),
    which: fc.nat(20),
    grpcStatus: fc.constantFrom(0, 12, 14),
    answered: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('scrape' as const) }),
);

/** By labels without the code: how many have started, or ended. */
function totals(metrics: CallMetrics, name: string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const line of linesOf(metrics.read(), name)) {
    const [labels = '', count] = line.split(' ');
    const key = labels.split(',').slice(0, 4).join();
    sums.set(key, (sums.get(key) ?? 0) + Number(count));
  }
  return sums;
}

/** No counter goes back, and no series has more ends than starts. */
function checkScrape(metrics: CallMetrics, before: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const started = totals(metrics, 'calls_started_total');
  for (const [labels, ended] of totals(metrics, 'calls_handled_total')) {
    assert.ok(ended <= (started.get(labels) ?? 0), `${labels}: ${ended} of ${started.get(labels)}`);
  }
  for (const [labels, count] of before) {
    assert.ok((started.get(labels) ?? 0) >= count, labels);
  }
  return started;
}

describe('the metrics of calls that begin and end in any order', () => {
  it('never go back, and in the end as many calls of each series have ended as have started', () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 80 }), (steps) => {
        const metrics = new CallMetrics();
        const open: StartedCall[] = [];
        let started = 0;
        let seen: ReadonlyMap<string, number> = new Map();
        for (const step of steps) {
          if (step.kind === 'start') {
            open.push(startCall(metrics, { path: `/pkg.Echo/M${step.method}` }));
            started++;
          } else if (step.kind === 'end') {
            const [call] = open.splice(step.which % Math.max(1, open.length), 1);
            call?.end({ grpcStatus: step.grpcStatus, firstByteMs: step.answered ? 1 : -1 });
          } else {
            seen = checkScrape(metrics, seen);
          }
        }
        for (const call of open) {
          call.end();
        }
        checkScrape(metrics, seen);
        const all = totals(metrics, 'calls_started_total');
        assert.deepEqual(totals(metrics, 'calls_handled_total'), all);
        assert.equal(
          [...all.values()].reduce((sum, count) => sum + count, 0),
          started,
        );
      }),
      fuzzRuns(300),
    );
  });
});
