import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Treatment, TreatOptions } from '../../../src/health/options.ts';
import { furthestReached, type Outcome, type OutcomeWord, toSignal, worstOutcome } from '../../../src/health/outcome.ts';

const KINDS: Readonly<Record<OutcomeWord, 'pass' | 'explicitFailure' | 'failure'>> = {
  serving: 'pass',
  degraded: 'pass',
  not_serving: 'explicitFailure',
  unknown: 'explicitFailure',
  service_unknown: 'explicitFailure',
  unimplemented: 'explicitFailure',
  status_error: 'failure',
  protocol_error: 'failure',
  timeout: 'failure',
  connection_lost: 'failure',
  connect_failed: 'failure',
  tls_failed: 'failure',
  setup_failed: 'failure',
};
const SOFT: Readonly<Partial<Record<OutcomeWord, keyof TreatOptions>>> = {
  unknown: 'statusUnknown',
  service_unknown: 'serviceUnknown',
  unimplemented: 'unimplemented',
};
const WORDS = Object.keys(KINDS).filter((word): word is OutcomeWord => word in KINDS);

function outcome(word: OutcomeWord): Outcome {
  return { word, reason: `because ${word}`, reached: 'connected' };
}

function reached(...reaches: readonly Outcome['reached'][]): Outcome['reached'] {
  return furthestReached(reaches.map((each) => ({ word: 'timeout', reason: '', reached: each })));
}

function treatAll(treatment: Treatment): TreatOptions {
  return { unimplemented: treatment, serviceUnknown: treatment, statusUnknown: treatment };
}

describe('toSignal', () => {
  for (const word of WORDS) {
    it(`makes ${word} a ${KINDS[word]} by default`, () => {
      assert.equal(toSignal(outcome(word), treatAll('unhealthy')).kind, KINDS[word]);
    });
  }

  it('applies treat to the three soft cases, each by its own key, and to nothing else', () => {
    for (const word of WORDS) {
      const key = SOFT[word];
      const healthy = toSignal(outcome(word), treatAll('healthy'));
      const degraded = toSignal(outcome(word), treatAll('degraded'));
      if (key === undefined) {
        assert.equal(healthy.kind, KINDS[word]);
        assert.equal(degraded.kind, KINDS[word]);
        continue;
      }
      assert.deepEqual(healthy, { kind: 'pass', degradedReason: null });
      assert.deepEqual(degraded, { kind: 'pass', degradedReason: `because ${word}` });
      const onlyOthers = { ...treatAll('healthy'), [key]: 'unhealthy' as const };
      assert.equal(toSignal(outcome(word), onlyOthers).kind, 'explicitFailure');
    }
  });
});

describe('worstOutcome and furthestReached', () => {
  it('let no connection stand before no answer, and no answer before a bad one', () => {
    const order: readonly OutcomeWord[] = ['serving', 'unknown', 'not_serving', 'timeout', 'connect_failed', 'setup_failed'];
    for (const [index, word] of order.entries()) {
      const some = order.slice(0, index + 1).map(outcome);
      assert.equal(worstOutcome(some).word, word);
      assert.equal(worstOutcome(some.toReversed()).word, word);
    }
  });

  it('keep the furthest that any check got', () => {
    assert.equal(reached('none', 'none'), 'none');
    assert.equal(reached('none', 'connected', 'none'), 'connected');
    assert.equal(reached('answered', 'connected', 'none'), 'answered');
  });
});
