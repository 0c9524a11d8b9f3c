import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HealthAnswerOptions } from '../../../src/http/health-answer.ts';
import { answersOver, ask, verdictOf } from '../../support/health-answers.ts';
import { endpointHealth, endpointsIn, THEN_MS } from '../../support/health-views.ts';

const THEN = new Date(THEN_MS).toISOString();
const CLUSTERS = {
  router: [
    endpointHealth('10.0.0.1:1', 'healthy'),
    endpointHealth('10.0.0.2:1', 'unhealthy', { reason: 'NOT_\u001b[31mSERVING\n' }),
  ],
  'search?': endpointsIn('unhealthy'),
};

function json(url: string, changes: Partial<HealthAnswerOptions> = {}, accept?: string): unknown {
  const answer = ask(answersOver(verdictOf(CLUSTERS), changes), url, { accept });
  assert.equal(answer.headers['content-type'], 'application/health+json');
  return JSON.parse(answer.body);
}

describe('health+json', () => {
  it('comes for its media type and for ?format=json', () => {
    assert.deepEqual(json('/healthz', {}, 'application/health+json'), json('/healthz?format=json'));
    const text = ask(answersOver(verdictOf(CLUSTERS)), '/healthz', { accept: 'text/plain' });
    assert.deepEqual([text.headers['content-type'], text.headers['vary']], ['text/plain; charset=utf-8', 'Accept']);
  });

  it('has an object for each cluster, with numbers', () => {
    assert.deepEqual(json('/healthz?format=json'), {
      status: 'warn',
      checks: {
        router: [{ status: 'pass', available: 1, total: 2 }],
        search: [{ status: 'fail', available: 0, total: 1, output: '0 of 1 healthy', optional: true }],
      },
    });
  });

  it('has an object for each endpoint where details are full, and no control characters', () => {
    assert.deepEqual(json('/healthz/router?format=json', { details: 'full' }), {
      status: 'pass',
      checks: {
        router: [
          {
            componentId: '10.0.0.2:1',
            status: 'fail',
            time: THEN,
            observedValue: 1.25,
            observedUnit: 'ms',
            output: 'NOT_?[31mSERVING?',
            since: THEN,
            state: 'unhealthy',
          },
          {
            componentId: '10.0.0.1:1',
            status: 'pass',
            time: THEN,
            observedValue: 1.25,
            observedUnit: 'ms',
            since: THEN,
            state: 'healthy',
          },
        ],
      },
    });
  });

  it('tells facts about the process', () => {
    assert.deepEqual(json('/readyz?format=json', { lifecycle: () => ({ started: true, draining: true, maintenance: false }) }), {
      status: 'fail',
      checks: { 'bridge:startup': [{ status: 'pass' }], 'bridge:drain': [{ status: 'fail', output: 'draining' }] },
    });
    assert.deepEqual(json('/livez?format=json'), { status: 'pass', checks: { 'bridge:ping': [{ status: 'pass' }] } });
  });
});
