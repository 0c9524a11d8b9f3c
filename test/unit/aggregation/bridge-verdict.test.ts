import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { computeVerdict, VerdictComputer, type VerdictOptions } from '../../../src/aggregation/bridge-verdict.ts';
import { excludeMembers } from '../../../src/aggregation/group-verdict.ts';
import type { GroupVerdict, HealthyWhen, VerdictStatus } from '../../../src/aggregation/verdict.ts';
import type { ClusterHealth, HealthState } from '../../../src/model/health-view.ts';
import { ALL_STATES, clusterHealth, endpointHealth, endpointsIn, policy, viewOf } from '../../support/health-views.ts';

/** Clusters a, b … with one endpoint each; those with a question mark are optional. */
function options(names: readonly string[], healthyWhen: HealthyWhen = 'any'): VerdictOptions {
  const clusters = names.map((name) => ({ name: name.replace('?', ''), optional: name.endsWith('?') }));
  return { clusters: clusters.map(({ name }) => policy(name)), health: { healthyWhen, clusters, groups: [] } };
}

interface Row {
  readonly clusters: Readonly<Record<string, HealthState>>;
  readonly healthyWhen?: HealthyWhen;
  readonly status: VerdictStatus;
}

const ROWS: readonly Row[] = [
  { clusters: { a: 'healthy' }, status: 'healthy' },
  { clusters: { a: 'unhealthy' }, status: 'unhealthy' },
  { clusters: { a: 'healthy', b: 'unhealthy' }, status: 'degraded' },
  { clusters: { a: 'healthy', b: 'unhealthy' }, healthyWhen: 'all', status: 'unhealthy' },
  { clusters: { a: 'healthy', b: 'degraded' }, healthyWhen: 'all', status: 'degraded' },
  { clusters: { a: 'healthy', b: 'healthy' }, healthyWhen: 'all', status: 'healthy' },
  { clusters: { a: 'healthy', 'b?': 'unhealthy' }, healthyWhen: 'all', status: 'degraded' },
  { clusters: { a: 'unhealthy', 'b?': 'healthy' }, status: 'unhealthy' },
  { clusters: { 'a?': 'unhealthy' }, status: 'degraded' },
  { clusters: { 'a?': 'healthy' }, status: 'healthy' },
  { clusters: { a: 'stale', b: 'unhealthy' }, status: 'stale' },
  { clusters: { a: 'stale', b: 'unhealthy' }, healthyWhen: 'all', status: 'unhealthy' },
  { clusters: { a: 'healthy', b: 'healthy', c: 'unhealthy' }, healthyWhen: { percent: 67 }, status: 'unhealthy' },
  { clusters: { a: 'healthy', b: 'healthy', c: 'unhealthy' }, healthyWhen: { percent: 66 }, status: 'degraded' },
  { clusters: { a: 'healthy', b: 'healthy', c: 'unhealthy' }, healthyWhen: { count: 2 }, status: 'degraded' },
];

/** A cluster with one endpoint, which is as good as its worst service. */
function checked(name: string, services: Readonly<Record<string, HealthState>>): ClusterHealth {
  const state = Object.values(services).includes('unhealthy') ? 'unhealthy' : 'healthy';
  return clusterHealth(name, [endpointHealth('10.0.0.1:1', state, { services })]);
}

/** A healthy and an unhealthy cluster, judged together. */
function wholeOfTwo(healthyWhen: HealthyWhen): GroupVerdict {
  const view = viewOf(clusterHealth('a', endpointsIn('healthy')), clusterHealth('b', endpointsIn('unhealthy')));
  return computeVerdict(view, options(['a', 'b'], healthyWhen)).whole;
}

describe('the whole', () => {
  for (const { clusters, healthyWhen = 'any', status } of ROWS) {
    it(`is ${status} for ${JSON.stringify(clusters)} and ${JSON.stringify(healthyWhen)}`, () => {
      const names = Object.keys(clusters);
      const view = viewOf(...names.map((name) => clusterHealth(name.replace('?', ''), endpointsIn(clusters[name] ?? 'pending'))));
      const { whole } = computeVerdict(view, options(names, healthyWhen));
      assert.deepEqual([whole.status, whole.healthy], [status, status === 'healthy' || status === 'degraded']);
    });
  }

  it('is about the clusters it names, and groups are about theirs', () => {
    const verdict = computeVerdict(
      viewOf(clusterHealth('a', endpointsIn('healthy')), clusterHealth('b', endpointsIn('unhealthy'))),
      {
        clusters: [policy('a'), policy('b')],
        health: {
          healthyWhen: 'all',
          clusters: [{ name: 'a', optional: false }],
          groups: [
            {
              name: 'both',
              healthyWhen: 'all',
              clusters: [
                { name: 'a', optional: false },
                { name: 'b', optional: false },
              ],
            },
          ],
        },
      },
    );
    assert.equal(verdict.whole.status, 'healthy');
    assert.equal(verdict.groups.get('both')?.status, 'unhealthy');
    assert.equal(verdict.clusters.get('b')?.healthy, false);
  });

  it('is initialized once every cluster that counts is', () => {
    const unknown = clusterHealth('a', [], { initialized: false, hadVerdict: false });
    assert.equal(computeVerdict(viewOf(unknown), options(['a'])).initialized, false);
    assert.equal(computeVerdict(viewOf(unknown), options(['a?'])).initialized, true);
    assert.equal(computeVerdict(viewOf(), options(['a'])).initialized, false);
    assert.equal(computeVerdict(viewOf(clusterHealth('a', [])), options(['a'])).initialized, true);
  });
});

describe('the answer for a service', () => {
  it('is about every cluster that checks it, none of them optional', () => {
    const view = viewOf(checked('a', { x: 'healthy', y: 'unhealthy' }), checked('b', { y: 'healthy' }));
    const { services } = computeVerdict(view, options(['a', 'b?']));
    assert.deepEqual(
      [...services].map(([name, { healthy, status, members }]) => [name, healthy, status, members.length]),
      [
        ['x', true, 'healthy', 1],
        ['y', true, 'degraded', 2],
      ],
    );
    assert.equal(
      services.get('y')?.members.every(({ optional }) => !optional),
      true,
    );
    assert.equal(services.has('z'), false);
  });
});

describe('excludeMembers', () => {
  it('judges what is left', () => {
    assert.equal(excludeMembers(wholeOfTwo('all'), new Set(['b'])).healthy, true);
    assert.equal(excludeMembers(wholeOfTwo('any'), new Set(['a'])).healthy, false);
  });

  it('asks for no more than are left, and passes without any', () => {
    assert.equal(excludeMembers(wholeOfTwo({ count: 2 }), new Set(['b'])).healthy, true);
    assert.equal(excludeMembers(wholeOfTwo('all'), new Set(['a', 'b'])).healthy, true);
  });

  it('changes nothing for names that are none of its members', () => {
    const group = wholeOfTwo('all');
    assert.equal(excludeMembers(group, new Set(['c'])), group);
  });
});

describe('VerdictComputer', () => {
  it('keeps the objects of what did not change', () => {
    const computer = new VerdictComputer(options(['a', 'b']));
    const a = clusterHealth('a', endpointsIn('healthy'));
    const first = computer.compute(viewOf(a, clusterHealth('b', endpointsIn('healthy'))));
    const second = computer.compute(viewOf(a, clusterHealth('b', endpointsIn('unhealthy'))));
    assert.equal(second.clusters.get('a'), first.clusters.get('a'));
    assert.notEqual(second.clusters.get('b'), first.clusters.get('b'));
    assert.equal(computer.compute(viewOf(a, clusterHealth('b', []))).clusters.get('a'), first.clusters.get('a'));
  });

  it('gives the same verdict for a view in which nothing changed', () => {
    const computer = new VerdictComputer(options(['a']));
    const a = clusterHealth('a', endpointsIn('healthy'));
    assert.equal(computer.compute(viewOf(a)), computer.compute(viewOf(a)));
  });

  it('refuses a member that is no cluster', () => {
    assert.throws(() => new VerdictComputer({ ...options(['a']), clusters: [] }), /cluster a, which does not exist/);
  });
});

const STATE = fc.constantFrom(...ALL_STATES);
const RULE: fc.Arbitrary<HealthyWhen> = fc.oneof(
  fc.constantFrom<HealthyWhen>('any', 'all'),
  fc.integer({ min: 1, max: 100 }).map((percent) => ({ percent })),
  fc.integer({ min: 1, max: 6 }).map((count) => ({ count })),
);
const CLUSTER = fc.record({
  states: fc.array(STATE, { maxLength: 6 }),
  healthyWhen: RULE,
  whenEmpty: fc.constantFrom('healthy' as const, 'unhealthy' as const),
  hadVerdict: fc.boolean(),
  optional: fc.boolean(),
});

describe('making an endpoint healthy', () => {
  it('never turns a healthy whole unhealthy', () => {
    fc.assert(
      fc.property(
        fc.array(CLUSTER, { minLength: 1, maxLength: 4 }),
        RULE,
        fc.nat(),
        fc.nat(),
        (clusters, healthyWhen, which, where) => {
          const verdict = (states: (index: number) => readonly HealthState[]): boolean =>
            computeVerdict(
              viewOf(
                ...clusters.map(({ hadVerdict }, index) =>
                  clusterHealth(`c${index}`, endpointsIn(...states(index)), { hadVerdict }),
                ),
              ),
              {
                clusters: clusters.map((cluster, index) =>
                  policy(`c${index}`, { healthyWhen: cluster.healthyWhen, whenEmpty: cluster.whenEmpty }),
                ),
                health: {
                  healthyWhen,
                  groups: [],
                  clusters: clusters.map(({ optional }, index) => ({ name: `c${index}`, optional })),
                },
              },
            ).whole.healthy;
          const chosen = which % clusters.length;
          const before = verdict((index) => clusters[index]?.states ?? []);
          const after = verdict((index) => {
            const states = clusters[index]?.states ?? [];
            // One that is leaving never becomes healthy: alone, it is as good as none.
            return index === chosen && states.length > 0 && states[where % states.length] !== 'draining'
              ? states.with(where % states.length, 'healthy')
              : states;
          });
          assert.ok(!before || after);
        },
      ),
      { seed: 3, numRuns: 3_000 },
    );
  });
});
