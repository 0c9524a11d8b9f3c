import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseConfigDocument } from '../../../src/config/document.ts';
import { evaluateConfig, resolveConfig } from '../../../src/config/resolve.ts';
import type { ClusterConfig } from '../../../src/config/sections/cluster.ts';
import { ConfigError, ErrorCode } from '../../../src/errors.ts';
import { baseCluster, baseConfig, type Raw, refusals, withCheck, withCluster } from './support/base-config.ts';
import { DEFAULTS, FULL, LISTENER_DEFAULTS } from './support/product-config.ts';

function clusterOf(raw: Raw): ClusterConfig {
  const [cluster] = resolveConfig(raw).clusters;
  assert.ok(cluster);
  return cluster;
}

function parseYaml(text: string): unknown {
  const result = parseConfigDocument(Buffer.from(text), 'bridge.yaml');
  assert.ok(result.kind === 'document', JSON.stringify(result));
  return result.value;
}

describe('resolveConfig', () => {
  it('fills in every default of the product', () => {
    const raw = { listeners: [{ address: '127.0.0.1:8080' }], clusters: [baseCluster()] };
    assert.deepEqual(resolveConfig(raw), DEFAULTS);
  });

  it('takes empty sections for their defaults', () => {
    const empty = { admin: {}, health: {}, logging: {}, drain: {} };
    const clusters = [baseCluster({ healthCheck: { metadata: {}, treat: {} } })];
    assert.deepEqual(resolveConfig({ listeners: [{ address: '127.0.0.1:8080' }], clusters, ...empty }), DEFAULTS);
  });

  it('takes every key of the product that exists now', () => {
    const config = resolveConfig(parseYaml(FULL));
    assert.deepEqual(config.listeners, [
      {
        name: 'public',
        address: { kind: 'tcp', host: '0.0.0.0', port: 8443 },
        health: 'all',
        tls: {
          certificateFile: '/etc/bridge/tls/tls.crt',
          privateKeyFile: '/etc/bridge/tls/tls.key',
          selfSigned: false,
          minVersion: 'TLSv1.3',
          clientCertificates: 'required',
          clientCaFile: '/etc/bridge/ca.crt',
          clientSubjectAltNames: ['spiffe://cluster.local/ns/a/sa/b'],
        },
        routes: ['canary', 'router'],
        idleTimeoutMs: 620_000,
        maxConnectionAgeMs: 1_800_000,
        maxConnectionAgeGraceMs: 0,
        keepalive: { timeMs: 300_000, timeoutMs: 10_000, minTimeMs: 10_000, permitWithoutStream: false },
        headers: { forwardedFor: 'replace', requestId: 'create' },
        limits: {
          ...LISTENER_DEFAULTS.limits,
          profile: 'edge',
          maxConnections: 100,
          maxConnectionsPerAddress: 10,
          maxHeaderListBytes: 131_072,
          maxHeaderFields: 1000,
          glitches: { burst: 10, perSecond: 1 },
          stallTimeoutMs: 60_000,
        },
      },
      {
        ...LISTENER_DEFAULTS,
        name: 'plain',
        address: { kind: 'tcp', host: '0.0.0.0', port: 8080 },
        health: 'none',
        routes: [],
        tls: null,
      },
      {
        ...LISTENER_DEFAULTS,
        name: 'socket',
        address: { kind: 'unix', path: '/run/bridge.sock' },
        routes: ['search'],
        tls: null,
      },
    ]);
    assert.deepEqual(config.routes, [
      {
        name: 'canary',
        match: {
          path: { kind: 'exact', value: '/router.Router/Route' },
          authority: 'api.example',
          headers: [
            { name: 'x-canary', kind: 'exact', value: '1' },
            { name: 'x-user', kind: 'prefix', value: 'a' },
            { name: 'x-a', kind: 'present' },
          ],
        },
        cluster: 'search',
        timeoutMs: 30_000,
        retry: {
          codes: [14],
          maxAttempts: 3,
          perTryTimeoutMs: 1000,
          backoff: { baseMs: 25, maxMs: 250 },
          budget: { percent: 20, min: 3 },
        },
      },
      {
        name: 'router',
        match: { path: { kind: 'prefix', value: '/router.Router/' }, authority: null, headers: [] },
        cluster: 'router',
        timeoutMs: 0,
        retry: null,
      },
      {
        name: 'search',
        match: { path: { kind: 'prefix', value: '/' }, authority: null, headers: [] },
        cluster: 'search',
        timeoutMs: 0,
        retry: null,
      },
    ]);
    assert.deepEqual(config.tracing, { propagate: false, otlpEndpoint: null });
    assert.deepEqual(config.admin, {
      address: { kind: 'tcp', host: '::', port: 0 },
      allow: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1'],
      tokenFile: '/run/secrets/token',
    });
    assert.deepEqual(config.metrics, { address: { kind: 'tcp', host: '0.0.0.0', port: 9903 } });
    assert.deepEqual(config.accessLog, {
      format: [
        { kind: 'plain', operator: 'PROTOCOL' },
        { kind: 'text', text: ' ' },
        { kind: 'plain', operator: 'RESPONSE_CODE' },
      ],
      file: '/var/log/bridge.log',
      healthChecks: true,
    });
    const [router, search] = config.clusters;
    assert.deepEqual(router, {
      name: 'router',
      protocol: 'http2',
      discovery: [
        {
          type: 'dns',
          host: 'router.default.svc.cluster.local.',
          port: 50_051,
          refreshIntervalMs: 3_000,
          resolvers: [
            { kind: 'tcp', host: '127.0.0.1', port: 5353 },
            { kind: 'tcp', host: '::1', port: 53 },
          ],
          family: 'v4',
        },
      ],
      connectTimeoutMs: 250,
      tls: {
        caFile: '/ca.crt',
        serverName: 'router.example',
        certificateFile: '/client.crt',
        privateKeyFile: '/client.key',
        insecureSkipVerify: false,
        subjectAltNames: ['router.example'],
      },
      healthCheck: {
        type: 'grpc',
        mode: 'check',
        services: ['route.Router', ''],
        port: 8081,
        intervalMs: 60_000,
        intervalJitterMs: 0,
        noTrafficIntervalMs: 30_000,
        unhealthyIntervalMs: 120_000,
        timeoutMs: 3_000,
        healthyThreshold: 3,
        unhealthyThreshold: 1,
        metadata: [
          { name: 'x-probe', value: { kind: 'text', text: 'bridge' } },
          { name: 'authorization', value: { kind: 'file', path: '/run/secrets/token' } },
          { name: 'trace-bin', value: { kind: 'text', text: 'AAEC' } },
        ],
        authority: 'router.example:443',
        http: null,
        treat: { unimplemented: 'healthy', serviceUnknown: 'degraded', statusUnknown: 'unhealthy' },
      },
      loadBalancing: {
        policy: 'ringHash',
        hashOn: [{ kind: 'header', name: 'x-user' }, { kind: 'path' }, { kind: 'sourceAddress' }],
        panicThreshold: '50%',
      },
      outlierDetection: {
        consecutive5xx: 3,
        consecutiveGatewayFailure: 2,
        intervalMs: 5_000,
        baseEjectionTimeMs: 10_000,
        maxEjectionTimeMs: 60_000,
        maxEjectionPercent: 50,
        successRate: { stdevFactor: 2.5, minHosts: 3, requestVolume: 10 },
        failurePercentage: { threshold: 50, minHosts: 2, requestVolume: 20 },
        countInHealth: true,
      },
      connectionPool: {
        maxConnections: 1024,
        maxPendingRequests: 10,
        maxRequests: 1024,
        maxRetries: 3,
        maxRequestsPerConnection: 0,
        maxConnectionAgeMs: 3_600_000,
        idleTimeoutMs: 600_000,
      },
      keepalive: { timeMs: 600_000, timeoutMs: 5_000 },
      healthyWhen: { percent: 50 },
      whenEmpty: 'healthy',
      subsets: { keys: ['version', 'track'], fallback: 'any' },
      staleAfterMs: 3_600_000,
    });
    assert.deepEqual(search?.discovery, [
      {
        type: 'static',
        endpoints: [
          { address: { kind: 'tcp', host: '127.0.0.1', port: 50_061 } },
          { address: { kind: 'tcp', host: 'search.example', port: 50_061 } },
          { address: { kind: 'unix', path: '/run/search.sock' } },
        ],
      },
      { type: 'dns', host: 'search', port: 1, refreshIntervalMs: 5_000, resolvers: [], family: 'auto' },
    ]);
    assert.deepEqual(search.tls, {
      caFile: null,
      serverName: null,
      certificateFile: null,
      privateKeyFile: null,
      insecureSkipVerify: false,
      subjectAltNames: [],
    });
    assert.deepEqual(config.health, {
      paths: ['/', '/healthz', '/health'],
      healthyWhen: 'all',
      clusters: [
        { name: 'router', optional: false },
        { name: 'search', optional: true },
      ],
      groups: [
        {
          name: 'frontend',
          healthyWhen: { count: 2 },
          clusters: [
            { name: 'router', optional: false },
            { name: 'search', optional: false },
          ],
        },
      ],
      details: 'full',
      failDuringDrain: false,
      startupTimeoutMs: 0,
      statusHeader: false,
      grpc: 'local',
      grpcStatusPath: '/health.Probe/Check',
    });
    assert.deepEqual(config.logging, { level: 'debug', format: 'text' });
    assert.deepEqual(config.drain, { delayMs: 0, timeoutMs: 60_000 });
    assert.deepEqual(config.reload, { watch: false });
  });

  it('takes the interval for the unhealthy one', () => {
    assert.equal(clusterOf(withCheck({ interval: '7s' })).healthCheck.unhealthyIntervalMs, 7_000);
  });

  it('waits for three of the longest checks before results are stale', () => {
    const slow = { interval: '1m', unhealthyInterval: '2m', intervalJitter: '10s', timeout: '5s' };
    assert.equal(clusterOf(withCheck(slow)).staleAfterMs, 405_000);
    assert.equal(clusterOf(withCluster({ healthCheck: slow, staleAfter: '405s' })).staleAfterMs, 405_000);
    assert.equal(clusterOf(withCheck({ interval: '59s', intervalJitter: '0s', timeout: '1s' })).staleAfterMs, 180_000);
  });

  it('lets connecting take longer than a check, which bounds it', () => {
    const cluster = clusterOf(withCluster({ connectTimeout: '10s', healthCheck: { timeout: '1s' } }));
    assert.deepEqual([cluster.connectTimeoutMs, cluster.healthCheck.timeoutMs], [10_000, 1_000]);
  });

  it('does not know how many endpoints a name has, so that a count may exceed the list', () => {
    const discovery = { type: 'static', endpoints: ['app.example:1'] };
    assert.deepEqual(clusterOf(withCluster({ discovery, healthyWhen: { count: 3 } })).healthyWhen, { count: 3 });
    const sources = [
      { type: 'static', endpoints: ['127.0.0.1:1'] },
      { type: 'static', endpoints: ['127.0.0.1:2'] },
    ];
    assert.deepEqual(clusterOf(withCluster({ discovery: sources, healthyWhen: { count: 2 } })).healthyWhen, { count: 2 });
  });

  it('lets listeners share what does not collide', () => {
    const addresses = [
      '127.0.0.1:0',
      '127.0.0.1:0',
      '127.0.0.1:1',
      '127.0.0.2:1',
      '[::1]:1',
      'unix:/a',
      'unix:/b',
      '0.0.0.0:2',
      '[::1]:2',
    ];
    assert.deepEqual(refusals(baseConfig({ listeners: addresses.map((address) => ({ address })) })), []);
  });

  it('makes one cluster of the whole optional, if so configured', () => {
    assert.deepEqual(refusals(baseConfig({ health: { clusters: [{ name: 'app', optional: true }] } })), []);
  });

  it('takes paths below /healthz that name no part', () => {
    assert.deepEqual(refusals(baseConfig({ health: { paths: ['/healthz/application', '/healthz/'] } })), []);
  });

  it('keeps a metadata name that JavaScript has plans for', () => {
    const raw: unknown = JSON.parse(JSON.stringify(withCheck({ metadata: { x: 'y' } })).replace('"x"', '"__proto__"'));
    assert.deepEqual(resolveConfig(raw).clusters[0]?.healthCheck.metadata, [
      { name: '__proto__', value: { kind: 'text', text: 'y' } },
    ]);
  });

  it('needs no listener where nobody is answered', () => {
    const raw = { clusters: [baseCluster()] };
    assert.deepEqual(resolveConfig(raw, { requireListeners: false }).listeners, []);
    assert.deepEqual(refusals(raw), ['listeners: is required']);
    const evaluation = evaluateConfig({ ...raw, listeners: [{}] }, { requireListeners: false });
    assert.deepEqual(evaluation, { config: null, problems: [{ path: 'listeners[0].address', message: 'is required' }] });
  });

  it('leaves its input alone and freezes its output', () => {
    const raw = parseYaml(FULL);
    const before = structuredClone(raw);
    const config = resolveConfig(raw);
    assert.deepEqual(raw, before);
    const isFrozen = (value: unknown): boolean =>
      typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    assert.ok(isFrozen(config));
  });

  it('throws one ConfigError with the code of bad configurations', () => {
    assert.throws(
      () => resolveConfig({}),
      (error) => error instanceof ConfigError && error.code === ErrorCode.CONFIG_INVALID,
    );
  });
});

describe('resolveConfig on anything', () => {
  it('either resolves or throws a ConfigError', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.ok(Array.isArray(refusals(value)));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('either resolves or throws a ConfigError with any value in any place', () => {
    const full = parseYaml(FULL);
    const paths = placesOf(full);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 2 }), (path, value) => {
        const raw = structuredClone(full);
        replaceAt(raw, path, value);
        for (const line of refusals(raw)) {
          assert.match(line, /^[^\n]+$/);
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });
});

/** Every place below a value, as keys that lead there. */
function placesOf(value: unknown): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([key, inner]) => [[key], ...placesOf(inner).map((path) => [key, ...path])]);
}

function replaceAt(target: unknown, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  assert.ok(typeof target === 'object' && target !== null && key !== undefined);
  if (rest.length === 0) {
    Object.assign(target, { [key]: value });
  } else {
    replaceAt(Object.entries(target).find(([name]) => name === key)?.[1], rest, value);
  }
}
