import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toHttp1ClusterOptions, toHttp2ClusterOptions } from '../../../src/bridge/cluster-options.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { ClusterConfig } from '../../../src/config/sections/cluster.ts';
import { type Raw, withCluster } from '../config/support/base-config.ts';

/** No value is that of another key, nor the default. */
const COMMON: Raw = {
  connectTimeout: '1234ms',
  loadBalancing: { policy: 'ringHash', hashOn: [{ header: 'x-user' }, { sourceAddress: true }], panicThreshold: '37%' },
  outlierDetection: {
    consecutive5xx: 11,
    consecutiveGatewayFailure: 12,
    interval: '13s',
    baseEjectionTime: '14s',
    maxEjectionTime: '15s',
    maxEjectionPercent: 16,
    successRate: { stdevFactor: 1.7, minHosts: 18, requestVolume: 19 },
    failurePercentage: { threshold: 20, minHosts: 21, requestVolume: 22 },
  },
};
const POOL: Raw = {
  maxConnections: 31,
  maxPendingRequests: 32,
  maxRequests: 33,
  maxRequestsPerConnection: 34,
  idleTimeout: '35s',
};

const WANTED = {
  name: 'app',
  connectTimeoutMs: 1234,
  tls: null,
  policy: 'ringHash',
  hashOn: [{ kind: 'header', name: 'x-user' }, { kind: 'sourceAddress' }],
  panicThresholdPercent: 37,
  outlier: {
    consecutive5xx: 11,
    consecutiveGatewayFailure: 12,
    intervalMs: 13_000,
    baseEjectionTimeMs: 14_000,
    maxEjectionTimeMs: 15_000,
    maxEjectionPercent: 16,
    successRate: { stdevFactor: 1.7, minHosts: 18, requestVolume: 19 },
    failurePercentage: { threshold: 20, minHosts: 21, requestVolume: 22 },
  },
};
const WANTED_POOL = {
  maxConnections: 31,
  maxPendingRequests: 32,
  maxRequests: 33,
  maxRequestsPerConnection: 34,
  idleTimeoutMs: 35_000,
};

function clusterOf(raw: Raw): ClusterConfig {
  const [cluster] = resolveConfig(withCluster(raw)).clusters;
  assert.ok(cluster !== undefined);
  return cluster;
}

describe('a cluster is made by every key that the configuration has for it', () => {
  it('over HTTP/2', () => {
    const connectionPool = { ...POOL, maxRetries: 36, maxConnectionAge: '37s' };
    const keepalive = { time: '38s', timeout: '39s' };
    const { limits, ...options } = toHttp2ClusterOptions(clusterOf({ ...COMMON, connectionPool, keepalive }), null);
    assert.ok(limits.maxConcurrentStreams >= 0);
    assert.deepEqual(options, {
      ...WANTED,
      pool: { ...WANTED_POOL, maxRetries: 36, maxConnectionAgeMs: 37_000 },
      keepalive: { timeMs: 38_000, timeoutMs: 39_000 },
    });
  });

  it('over HTTP/1.1', () => {
    const cluster = clusterOf({ ...COMMON, protocol: 'http1', connectionPool: POOL });
    const { timeouts, pool, ...options } = toHttp1ClusterOptions(cluster, null);
    assert.ok(Object.keys(timeouts).length > 0);
    assert.deepEqual(options, WANTED);
    assert.deepEqual({ ...pool, ...WANTED_POOL }, pool);
  });

  it('without outlier detection where there is none', () => {
    assert.equal(toHttp2ClusterOptions(clusterOf({}), null).outlier, null);
  });
});
