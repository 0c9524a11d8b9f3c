import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeCluster, judgeService, judgeUnknownCluster } from '../../../src/aggregation/cluster-verdict.ts';
import type { HealthyWhen, VerdictStatus } from '../../../src/aggregation/verdict.ts';
import type { ClusterHealth, HealthState } from '../../../src/model/health-view.ts';
import { ALL_STATES, clusterHealth, endpointHealth, endpointsIn, policy, THEN_MS } from '../../support/health-views.ts';

interface Row {
  readonly states: readonly HealthState[];
  readonly healthyWhen?: HealthyWhen;
  readonly hadVerdict?: boolean;
  readonly status: VerdictStatus;
  readonly summary: string;
}

const ROWS: readonly Row[] = [
  { states: ['healthy'], status: 'healthy', summary: '1 of 1 healthy' },
  { states: ['healthy', 'unhealthy'], status: 'healthy', summary: '1 of 2 healthy' },
  { states: ['degraded'], status: 'degraded', summary: '1 of 1 healthy, 1 degraded' },
  { states: ['healthy', 'degraded'], status: 'degraded', summary: '2 of 2 healthy, 1 degraded' },
  { states: ['unhealthy', 'unhealthy', 'unhealthy'], status: 'unhealthy', summary: '0 of 3 healthy' },
  { states: ['stale'], status: 'stale', summary: '0 of 1 healthy, 1 stale' },
  { states: ['stale', 'unhealthy'], status: 'stale', summary: '0 of 2 healthy, 1 stale' },
  { states: ['stale', 'unhealthy'], healthyWhen: 'all', status: 'unhealthy', summary: '0 of 2 healthy, 1 stale' },
  { states: ['ejected'], status: 'unhealthy', summary: '0 of 1 healthy, 1 ejected' },
  { states: ['healthy', 'ejected'], healthyWhen: 'all', status: 'unhealthy', summary: '1 of 2 healthy, 1 ejected' },
  // What comes or goes leaves the denominator, but only once there was a verdict.
  { states: ['healthy', 'pending'], healthyWhen: 'all', status: 'healthy', summary: '1 of 1 healthy, 1 pending' },
  { states: ['healthy', 'draining'], healthyWhen: 'all', status: 'healthy', summary: '1 of 1 healthy, 1 draining' },
  { states: ['healthy', 'excluded'], healthyWhen: { percent: 100 }, status: 'healthy', summary: '1 of 1 healthy, 1 excluded' },
  {
    states: ['healthy', 'pending'],
    healthyWhen: 'all',
    hadVerdict: false,
    status: 'unhealthy',
    summary: '1 of 2 healthy, 1 pending',
  },
  { states: ['pending'], hadVerdict: false, status: 'unhealthy', summary: '0 of 1 healthy, 1 pending' },
  { states: ['pending'], healthyWhen: 'all', status: 'unhealthy', summary: '0 of 0 healthy, 1 pending' },
  {
    states: ['draining', 'excluded'],
    healthyWhen: 'all',
    status: 'unhealthy',
    summary: '0 of 0 healthy, 1 draining, 1 excluded',
  },
  { states: ['healthy', 'healthy', 'unhealthy'], healthyWhen: { count: 2 }, status: 'healthy', summary: '2 of 3 healthy' },
  { states: ['healthy', 'unhealthy', 'unhealthy'], healthyWhen: { count: 2 }, status: 'unhealthy', summary: '1 of 3 healthy' },
  { states: ['healthy', 'unhealthy'], healthyWhen: { percent: 50 }, status: 'healthy', summary: '1 of 2 healthy' },
  { states: ['healthy', 'unhealthy', 'unhealthy'], healthyWhen: { percent: 50 }, status: 'unhealthy', summary: '1 of 3 healthy' },
];

describe('judgeCluster', () => {
  for (const { states, healthyWhen = 'any', hadVerdict = true, status, summary } of ROWS) {
    const when = `${JSON.stringify(healthyWhen)}${hadVerdict ? '' : ', before the first verdict'}`;
    it(`makes ${states.join(', ')} ${status} for ${when}`, () => {
      const verdict = judgeCluster(policy('app', { healthyWhen }), clusterHealth('app', endpointsIn(...states), { hadVerdict }));
      assert.deepEqual([verdict.status, verdict.summary], [status, summary]);
      assert.equal(verdict.healthy, status === 'healthy' || status === 'degraded');
    });
  }

  it('counts each state and puts what fails first, each kind in its order', () => {
    const states: readonly HealthState[] = ['healthy', 'degraded', 'unhealthy', 'healthy', 'pending', 'degraded'];
    const verdict = judgeCluster(policy('app'), clusterHealth('app', endpointsIn(...states)));
    assert.deepEqual(
      verdict.endpoints.map(({ endpoint }) => endpoint.key),
      [3, 5, 2, 6, 1, 4].map((host) => `10.0.0.${host}:1`),
    );
    assert.deepEqual(Object.fromEntries(verdict.states), { healthy: 2, degraded: 2, unhealthy: 1, pending: 1 });
    assert.deepEqual([verdict.available, verdict.total], [4, 5]);
  });
});

/** Whether a cluster without endpoints is healthy, and its summary. */
function empty(
  discovery: ClusterHealth['discovery'],
  whenEmpty: 'healthy' | 'unhealthy' = 'healthy',
): readonly [healthy: boolean, summary: string] {
  const { healthy, summary } = judgeCluster(policy('app', { whenEmpty }), clusterHealth('app', [], { discovery }));
  return [healthy, summary];
}

describe('a cluster without endpoints', () => {
  it('is what whenEmpty says, but only once discovery has answered', () => {
    assert.deepEqual(empty({ state: 'pending', reason: '', lastSuccessMs: null }), [false, 'not discovered yet']);
    assert.deepEqual(empty({ state: 'failed', reason: 'SERVFAIL', lastSuccessMs: null }), [false, 'discovery failed']);
    assert.deepEqual(empty({ state: 'ok', reason: '', lastSuccessMs: THEN_MS }), [true, 'no endpoints']);
    assert.deepEqual(empty({ state: 'ok', reason: '', lastSuccessMs: THEN_MS }, 'unhealthy'), [false, 'no endpoints']);
    const failedLater = { state: 'failed', reason: 'SERVFAIL', lastSuccessMs: THEN_MS } as const;
    assert.deepEqual(empty(failedLater), [true, 'no endpoints; discovery failed']);
  });

  it('is the same while all its endpoints are leaving', () => {
    const discovery = { state: 'ok', reason: '', lastSuccessMs: THEN_MS } as const;
    for (const whenEmpty of ['healthy', 'unhealthy'] as const) {
      const leaving = clusterHealth('app', endpointsIn('draining', 'draining'), { discovery });
      const { healthy, summary } = judgeCluster(policy('app', { whenEmpty }), leaving);
      assert.deepEqual([healthy, summary], [whenEmpty === 'healthy', '0 of 0 healthy, 2 draining']);
    }
  });

  it('keeps its last endpoints when discovery fails, and says so', () => {
    const discovery = { state: 'failed', reason: 'SERVFAIL', lastSuccessMs: THEN_MS } as const;
    const verdict = judgeCluster(policy('app'), clusterHealth('app', endpointsIn('healthy'), { discovery }));
    assert.deepEqual(
      [verdict.healthy, verdict.summary, verdict.discoveryReason],
      [true, '1 of 1 healthy; discovery failed', 'SERVFAIL'],
    );
  });

  it('is unhealthy when nothing is known of it', () => {
    const { healthy, status, summary } = judgeUnknownCluster(policy('app', { whenEmpty: 'healthy' }));
    assert.deepEqual([healthy, status, summary], [false, 'unhealthy', 'not discovered yet']);
  });
});

describe('judgeService', () => {
  it('looks at one service alone', () => {
    const endpoint = endpointHealth('10.0.0.1:1', 'unhealthy', { services: { a: 'healthy', b: 'unhealthy' } });
    const cluster = clusterHealth('app', [endpoint]);
    assert.equal(judgeService(policy('app'), cluster, 'a').healthy, true);
    assert.equal(judgeService(policy('app'), cluster, 'b').healthy, false);
  });

  for (const state of ['draining', 'excluded', 'ejected'] as const) {
    it(`does not bring an endpoint back that is ${state}`, () => {
      const endpoint = endpointHealth('10.0.0.1:1', state, { services: { a: 'healthy' } });
      assert.equal(judgeService(policy('app'), clusterHealth('app', [endpoint]), 'a').healthy, false);
    });
  }

  it('takes the state of the endpoint for a service that it does not know', () => {
    for (const state of ALL_STATES) {
      const cluster = clusterHealth('app', [endpointHealth('10.0.0.1:1', state)]);
      assert.deepEqual(judgeService(policy('app'), cluster, 'none').status, judgeCluster(policy('app'), cluster).status);
    }
  });
});

describe('an endpoint that is ejected, in the verdict', () => {
  const [healthy, other] = endpointsIn('healthy', 'ejected');
  assert.ok(healthy !== undefined && other !== undefined);
  const all = policy('app', { healthyWhen: 'all' });

  it('counts as what checks say, if that is what it is to count as', () => {
    for (const [countsAs, isHealthy, available] of [
      ['healthy', true, 2],
      ['degraded', true, 2],
      ['unhealthy', false, 1],
      ['ejected', false, 1],
    ] as const) {
      const verdict = judgeCluster(all, clusterHealth('app', [healthy, { ...other, ejection: { countsAs } }]));
      assert.deepEqual([verdict.healthy, verdict.available, verdict.total], [isHealthy, available, 2], countsAs);
      assert.equal(verdict.states.get('ejected'), 1);
      assert.equal(verdict.endpoints[0]?.state, 'ejected', 'what needs attention stands first');
      assert.equal(verdict.summary, `${available} of 2 healthy, 1 ejected`);
    }
  });

  it('counts for a service as what checks of that service say', () => {
    const two = endpointHealth('10.0.0.2:1', 'ejected', { services: { a: 'healthy', b: 'unhealthy' } });
    const judged = ['healthy', 'ejected'] as const;
    const results = judged.map((countsAs) =>
      ['a', 'b'].map((service) => judgeService(all, clusterHealth('app', [{ ...two, ejection: { countsAs } }]), service).healthy),
    );
    assert.deepEqual(results, [
      [true, false],
      [false, false],
    ]);
  });
});
