import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { renderConfig } from '../../../src/config/render.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { type BadCase, describeBad, one } from './support/bad-case.ts';
import { baseConfig, type Raw, withCluster } from './support/base-config.ts';
import { defaultCluster, refused } from './support/given.ts';

const ENVOY = { type: 'envoy', admin: 'http://127.0.0.1:9901' };
const ADMIN = 'must be http://host:port, host:port or unix:/path';

function withEnvoy(source: Raw, cluster: Raw = {}): Raw {
  return withCluster({ discovery: { ...ENVOY, ...source }, ...cluster });
}

const CASES: readonly BadCase[] = [
  one('no admin', withCluster({ discovery: { type: 'envoy' } }), 'clusters[0].discovery.admin: is required'),
  one(
    'an admin behind TLS',
    withEnvoy({ admin: 'https://envoy:9901' }),
    `clusters[0].discovery.admin: ${ADMIN}: it is not host:port with an IPv4 address, an IPv6 address in brackets, or a host name (got "https://envoy:9901")`,
  ),
  one(
    'an admin with a path',
    withEnvoy({ admin: 'http://127.0.0.1:9901/clusters' }),
    `clusters[0].discovery.admin: ${ADMIN}: it has no port between 1 and 65535 (got "http://127.0.0.1:9901/clusters")`,
  ),
  one(
    'our own admin listener',
    withEnvoy({ admin: 'http://localhost:9902' }),
    'clusters[0].discovery.admin: is the admin listener of this bridge, 127.0.0.1:9902 (got "localhost:9902")',
  ),
  one(
    'our own admin listener among others',
    baseConfig({
      admin: { address: 'unix:/run/admin.sock' },
      clusters: [{ name: 'app', discovery: [ENVOY, { type: 'envoy', admin: 'unix:/run/admin.sock' }] }],
    }),
    'clusters[0].discovery[1].admin: is the admin listener of this bridge, unix:/run/admin.sock (got "unix:/run/admin.sock")',
  ),
  one('no clusters', withEnvoy({ clusters: [] }), 'clusters[0].discovery.clusters: needs at least 1 (got 0)'),
  one('a cluster twice', withEnvoy({ clusters: ['a', 'b', 'a'] }), 'clusters[0].discovery.clusters[2]: repeats item 0 (got "a")'),
  one(
    'another word for clusters',
    withEnvoy({ clusters: 'static' }),
    'clusters[0].discovery.clusters: must be a list of names, all or dynamic (got "static")',
  ),
  one(
    'too many octets',
    withEnvoy({ maxBytes: '2GiB' }),
    'clusters[0].discovery.maxBytes: must be from 1KiB to 1GiB (got "2GiB")',
  ),
  one(
    'polls without a pause',
    withEnvoy({ pollInterval: '0s' }),
    'clusters[0].discovery.pollInterval: must be from 100ms to 1h (got "0s")',
  ),
  one(
    'another format',
    withEnvoy({ format: 'prometheus' }),
    'clusters[0].discovery.format: must be one of auto, json, text (got "prometheus")',
  ),
  one(
    'another treatment of flags',
    withEnvoy({ unknownFlags: 'healthy' }),
    'clusters[0].discovery.unknownFlags: must be one of byPrefix, unhealthy (got "healthy")',
  ),
  one(
    'keys of checks that are not made',
    withEnvoy({}, { healthCheck: { interval: '1s', services: ['a'] } }),
    'clusters[0].healthCheck.services: has no effect with type: envoy (got a list)',
    'clusters[0].healthCheck.interval: has no effect with type: envoy (got "1s")',
  ),
  one(
    'keys of checks that are not made, with the type',
    withEnvoy({}, { healthCheck: { type: 'envoy', healthyThreshold: 3 } }),
    'clusters[0].healthCheck.healthyThreshold: has no effect with type: envoy (got 3)',
  ),
  one(
    'the word of an Envoy on endpoints it did not find',
    withCluster({ healthCheck: { type: 'envoy' } }),
    'clusters[0].healthCheck.type: needs sources of type envoy alone, and there is one of type static (got "envoy")',
  ),
  one(
    'results that are stale before the next poll',
    withEnvoy({ pollInterval: '10m' }, { staleAfter: '3m' }),
    'clusters[0].staleAfter: must be 1803600ms or more, for checks this far apart (got "3m")',
  ),
];

describeBad('an Envoy', CASES);

describe('a source of type envoy', () => {
  it('has these defaults, and takes health from the Envoy', () => {
    const [cluster] = resolveConfig(withEnvoy({})).clusters;
    assert.deepEqual(cluster?.discovery, [
      {
        type: 'envoy',
        admin: { kind: 'tcp', host: '127.0.0.1', port: 9901 },
        clusters: 'all',
        pollIntervalMs: 2_000,
        jitterMs: 200,
        timeoutMs: 1_000,
        maxBytes: 67_108_864,
        format: 'auto',
        unknownFlags: 'byPrefix',
        requireLive: true,
      },
    ]);
    assert.equal(cluster.healthCheck.type, 'envoy');
    assert.equal(cluster.healthCheck.unhealthyThreshold, 3);
  });

  it('may be checked by this bridge all the same, and stand beside other sources', () => {
    const own = resolveConfig(withEnvoy({}, { healthCheck: { type: 'grpc', interval: '1s' } })).clusters[0]?.healthCheck;
    assert.deepEqual([own?.type, own?.unhealthyThreshold], ['grpc', 2]);
    const mixed = withCluster({ discovery: [ENVOY, { type: 'static', endpoints: ['127.0.0.1:1'] }] });
    assert.equal(resolveConfig(mixed).clusters[0]?.healthCheck.type, 'grpc');
  });

  it('is written so that it can be read again', () => {
    const config = resolveConfig(withEnvoy({ clusters: ['a::b'], maxBytes: '1MiB', admin: 'unix:/run/envoy.sock' }));
    assert.deepEqual(resolveConfig(parse(renderConfig(config))).clusters, config.clusters);
  });
});

describe('flags of an Envoy', () => {
  const listen = ['127.0.0.1:8080'];

  it('make a cluster of it', () => {
    const flags = { listen, 'envoy-admin': ['http://127.0.0.1:9901/'], 'envoy-cluster': ['a::b', 'c'] };
    const { discovery, healthCheck } = defaultCluster({ flags });
    const [source] = discovery;
    assert.ok(source?.type === 'envoy');
    assert.deepEqual([source.admin, source.clusters], [{ kind: 'tcp', host: '127.0.0.1', port: 9901 }, ['a::b', 'c']]);
    assert.equal(healthCheck.type, 'envoy');
  });

  it('have variables', () => {
    const environment = {
      BRIDGE_LISTEN: '127.0.0.1:8080',
      BRIDGE_ENVOY_ADMIN: 'unix:/run/envoy.sock',
      BRIDGE_ENVOY_CLUSTER: 'a, b',
    };
    const [source] = defaultCluster({ environment }).discovery;
    assert.ok(source?.type === 'envoy');
    assert.deepEqual([source.admin, source.clusters], [{ kind: 'unix', path: '/run/envoy.sock' }, ['a', 'b']]);
  });

  it('are refused with other backends, alone, and where they are wrong', () => {
    const admin = { listen, 'envoy-admin': ['127.0.0.1:9901'] };
    assert.deepEqual(refused({ flags: { ...admin, backend: ['127.0.0.1:1'] } }), [
      '--envoy-admin: cannot be together with --backend',
    ]);
    assert.deepEqual(refused({ flags: { listen, 'envoy-cluster': ['a'] } }), [
      '--envoy-cluster: needs --backend, or a cluster named default in the file',
      '--backend: is required, or clusters in a file: --config FILE',
    ]);
    assert.deepEqual(refused({ flags: { listen, backend: ['a:1'], 'envoy-cluster': ['a'] } }), [
      '--envoy-cluster: needs --envoy-admin',
    ]);
    assert.deepEqual(refused({ flags: { listen, 'envoy-admin': ['9901'] } }), [
      `--envoy-admin: ${ADMIN}: it has no port: write host:port (got "9901")`,
    ]);
    assert.deepEqual(refused({ flags: { listen, 'envoy-admin': ['127.0.0.1:9902'] } }), [
      '--envoy-admin: is the admin listener of this bridge, 127.0.0.1:9902 (got "127.0.0.1:9902")',
    ]);
  });
});
