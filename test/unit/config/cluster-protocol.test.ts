import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { ClusterConfig } from '../../../src/config/sections/cluster.ts';
import { type BadCase, describeBad, one } from './support/bad-case.ts';
import { type Raw, withCluster } from './support/base-config.ts';

const ENVOY = { type: 'envoy', admin: 'http://127.0.0.1:9901', clusters: 'all' };

function clusterOf(changes: Raw): ClusterConfig {
  const [cluster] = resolveConfig(withCluster(changes)).clusters;
  assert.ok(cluster);
  return cluster;
}

describe('the protocol of a cluster', () => {
  it('decides how endpoints are checked, where nothing is said', () => {
    const types = [{}, { protocol: 'http2' }, { protocol: 'http1' }, { protocol: 'http1', discovery: ENVOY }].map(
      (changes) => clusterOf(changes).healthCheck.type,
    );
    assert.deepEqual(types, ['grpc', 'grpc', 'tcp', 'envoy']);
  });

  it('leaves the choice of the check free', () => {
    for (const healthCheck of [
      { type: 'none' },
      { type: 'grpc', port: 50_052, services: ['a.B'] },
      { type: 'tcp', interval: '1s' },
    ]) {
      assert.equal(clusterOf({ protocol: 'http1', healthCheck }).healthCheck.type, healthCheck.type);
    }
  });

  it('takes what is said of connections of HTTP/1.1', () => {
    const numbers = { maxConnections: 10, maxPendingRequests: 20, maxRequests: 30, maxRequestsPerConnection: 40 };
    const connectionPool = { ...numbers, idleTimeout: '1m' };
    const { protocol, connectionPool: pool } = clusterOf({ protocol: 'http1', connectionPool });
    assert.deepEqual([protocol, pool], ['http1', { ...numbers, maxRetries: 3, maxConnectionAgeMs: 0, idleTimeoutMs: 60_000 }]);
  });

  it('bears defaults that are written out', () => {
    clusterOf({
      protocol: 'http1',
      connectionPool: { maxConnectionAge: '0s' },
      keepalive: { time: '0s', timeout: '20000ms' },
      healthCheck: { services: [''], mode: 'auto' },
    });
  });
});

const PROTOCOLS: readonly BadCase[] = [
  one('an unknown one', withCluster({ protocol: 'http3' }), 'clusters[0].protocol: must be one of http2, http1 (got "http3")'),
  one(
    'http1 with what HTTP/2 connections have',
    withCluster({
      protocol: 'http1',
      connectionPool: { maxConnectionAge: '1h', maxRetries: 4 },
      keepalive: { time: '5m', timeout: '1s' },
    }),
    'clusters[0].connectionPool.maxConnectionAge: has no effect with protocol: http1 (got "1h")',
    'clusters[0].connectionPool.maxRetries: has no effect with protocol: http1 (got 4)',
    'clusters[0].keepalive.time: has no effect with protocol: http1 (got "5m")',
    'clusters[0].keepalive.timeout: has no effect with protocol: http1 (got "1s")',
  ),
  one(
    'http1 with gRPC services, checked over TCP',
    withCluster({ protocol: 'http1', healthCheck: { services: ['a.B'] } }),
    'clusters[0].healthCheck.services: has no effect with type: tcp (got a list)',
  ),
];

describeBad('protocols', PROTOCOLS);
