import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClusterRoutes } from '../../../src/bridge/cluster-routes.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { baseCluster } from '../config/support/base-config.ts';
import { plannedClusters } from './support/planned-cluster.ts';

const CONFIG = resolveConfig({
  listeners: [
    { name: 'some', address: '127.0.0.1:8080', routes: ['web', 'calls'] },
    { name: 'more', address: '127.0.0.1:8081', routes: ['calls', 'divided'] },
    { name: 'none', address: '127.0.0.1:8082', routes: [] },
  ],
  clusters: [
    baseCluster({
      discovery: { type: 'static', endpoints: [{ address: '127.0.0.1:50051', labels: { version: '2' } }] },
      subsets: { keys: ['version'] },
    }),
    baseCluster({ name: 'site', protocol: 'http1' }),
    baseCluster({ name: 'unused' }),
  ],
  routes: [
    { name: 'calls', cluster: 'app', match: { prefix: '/a' }, retry: { retryOn: ['unavailable'], maxAttempts: 2 } },
    {
      name: 'divided',
      clusters: [
        { name: 'app', weight: 1, subset: { version: '2' } },
        { name: 'app', weight: 3 },
      ],
      match: { prefix: '/b' },
    },
    { name: 'web', cluster: 'site' },
  ],
});

/** The routes of a listener of `CONFIG`, and the clusters that they lead to. */
function routesOf(name: string) {
  const listener = CONFIG.listeners.find((each) => each.name === name);
  assert.ok(listener !== undefined);
  const clusters = plannedClusters(CONFIG, new FakeClock());
  const routes = new ClusterRoutes({ random: seededRandom(1), callObserver: null, traces: null });
  return { clusters, routes: routes.of({ listener, config: CONFIG, clusters }) };
}

describe('the routes of a listener', () => {
  it('are those that it names, in the order of the configuration', () => {
    const names = ['some', 'more', 'none'].map((listener) => routesOf(listener).routes.map(({ name, kind }) => [name, kind]));
    assert.deepEqual(names, [
      [
        ['calls', 'http2'],
        ['web', 'http1'],
      ],
      [
        ['calls', 'http2'],
        ['divided', 'split'],
      ],
      [],
    ]);
  });

  it('lead to clusters that a route of the configuration names', () => {
    const { clusters, routes } = routesOf('some');
    assert.deepEqual([...clusters.keys()], ['app', 'site']);
    const [calls] = routes;
    assert.ok(calls?.kind === 'http2');
    assert.equal(calls.cluster, clusters.get('app')?.of);
    assert.equal(calls.subset, null);
    assert.notEqual(calls.retry, null);
  });

  it('lead each of their ways to its subset', () => {
    const { clusters, routes } = routesOf('more');
    const app = clusters.get('app');
    const divided = routes[1];
    assert.ok(divided?.kind === 'split' && app?.kind === 'http2');
    const subset = app.of.subset({ labels: { version: '2' }, fallback: 'none' });
    const chosen = new Set(Array.from({ length: 50 }, () => divided.choose()));
    assert.deepEqual(new Set([...chosen].map((way) => way.kind === 'http2' && way.subset)), new Set([null, subset]));
  });

  it('cannot lead to a cluster that is not there', () => {
    const [listener] = CONFIG.listeners;
    assert.ok(listener !== undefined);
    const routes = new ClusterRoutes({ random: seededRandom(1), callObserver: null, traces: null });
    assert.throws(() => routes.of({ listener, config: CONFIG, clusters: new Map() }), /the route calls leads to the cluster app/);
  });
});
