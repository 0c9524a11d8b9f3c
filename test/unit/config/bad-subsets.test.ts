import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { describeBad, one } from './support/bad-case.ts';
import { baseConfig, type Raw } from './support/base-config.ts';

const LISTED = {
  type: 'static',
  endpoints: [
    { address: 'a:1', labels: { version: 'v1' } },
    { address: 'b:1', labels: { version: 'v2' }, weight: 2 },
  ],
};

function withSubsets(clusters: unknown, cluster: Raw = {}): Raw {
  const app = { name: 'app', discovery: LISTED, subsets: { keys: ['version'] }, ...cluster };
  return baseConfig({ clusters: [app], routes: [{ name: 'r', clusters }] });
}

function way(index: number): Raw {
  return { name: 'app', subset: { version: `v${index}` } };
}

describeBad('subsets', [
  one(
    'both keys of a route',
    baseConfig({ routes: [{ name: 'r', cluster: 'app', clusters: [{ name: 'app' }] }] }),
    'routes[0]: needs exactly one of cluster and clusters',
  ),
  one('no way', withSubsets([]), 'routes[0].clusters: needs at least 1 (got 0)'),
  one('no weight', withSubsets([{ name: 'app', weight: 0 }]), 'routes[0].clusters: needs a weight above 0'),
  one(
    'a weight of no whole number',
    withSubsets([{ name: 'app', weight: 0.5 }]),
    'routes[0].clusters[0].weight: must be a whole number from 0 to 1000000 (got 0.5)',
  ),
  one(
    'a missing cluster',
    withSubsets([{ name: 'ap' }]),
    'routes[0].clusters[0].name: is no cluster, did you mean app? (got "ap")',
  ),
  one(
    'no labels',
    withSubsets([{ name: 'app', subset: {} }]),
    'routes[0].clusters[0].subset: needs a label at least (got an object)',
  ),
  one(
    'a label that is no key',
    withSubsets([{ name: 'app', subset: { zone: 'a' } }]),
    'routes[0].clusters[0].subset: names zone, which is not among subsets.keys of the cluster app',
  ),
  one(
    'a subset that nobody can have',
    withSubsets([{ name: 'app', subset: { version: 'v3' } }]),
    'routes[0].clusters[0].subset: is one that no endpoint of the cluster app can have (got "version=v3")',
  ),
  one(
    'a subset of a source that has other labels',
    withSubsets([{ name: 'app', subset: { version: 'v1' } }], {
      discovery: { type: 'dns', host: 'app.example.', port: 1, labels: { version: 'v2' } },
    }),
    'routes[0].clusters[0].subset: is one that no endpoint of the cluster app can have (got "version=v1")',
  ),
  one(
    'a subset of a Service whose pods are not looked at',
    withSubsets([{ name: 'app', subset: { version: 'v1' } }], {
      discovery: { type: 'kubernetes', service: 'app', port: 'grpc' },
    }),
    'routes[0].clusters[0].subset: is one that no endpoint of the cluster app can have (got "version=v1")',
  ),
  one('no keys', withSubsets([{ name: 'app' }], { subsets: { keys: [] } }), 'clusters[0].subsets.keys: needs at least 1 (got 0)'),
]);

describe('subsets of a cluster', () => {
  it('may be any where pods have the labels', () => {
    const discovery = { type: 'kubernetes', service: 'app', port: 'grpc', podLabels: true };
    assert.doesNotThrow(() => resolveConfig(withSubsets([{ name: 'app', subset: { version: 'v1' } }], { discovery })));
  });

  it('are refused above 64 different ones', () => {
    const discovery = { type: 'file', path: 'endpoints.yaml' };
    const raw = (count: number): Raw => ({
      ...withSubsets([], { discovery }),
      routes: [
        { name: 'r', match: { prefix: '/a' }, clusters: Array.from({ length: 64 }, (_, index) => way(index)) },
        { name: 's', clusters: Array.from({ length: count }, (_, index) => way(63 + index)) },
      ],
    });
    assert.equal(resolveConfig(raw(1)).routes.length, 2);
    assert.throws(() => resolveConfig(raw(2)), /is one of more than 64 different subsets of the cluster app/);
  });

  it('are taken where a file or a label of the whole source may have them', () => {
    const wanted = way(9);
    for (const discovery of [
      [LISTED, { type: 'file', path: 'endpoints.yaml' }],
      { type: 'dns', host: 'app.example.', port: 1, labels: { version: 'v9' } },
    ]) {
      const config = resolveConfig(withSubsets([wanted], { discovery }));
      assert.deepEqual(config.routes[0]?.clusters, [{ ...wanted, weight: 1 }]);
      assert.deepEqual(config.clusters[0]?.subsets, { keys: ['version'], fallback: 'none' });
    }
  });
});
