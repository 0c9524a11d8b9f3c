import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MAX_CONFIG_BYTES } from '../../../src/config/limits.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { ErrorCode } from '../../../src/errors.ts';
import { formatAddress } from '../../../src/model/address.ts';
import { baseCluster, baseConfig, problemsOf } from './support/base-config.ts';
import { codeOf, defaultCluster, load, MINIMAL, refused } from './support/given.ts';

describe('variables', () => {
  it('stand for flags, lists with commas', () => {
    const environment = {
      BRIDGE_LISTEN: '127.0.0.1:8080, tls://127.0.0.1:8443',
      BRIDGE_BACKEND: 'ipv4:127.0.0.1:1,127.0.0.1:2,app:3',
      BRIDGE_SERVICE: 'a,b',
      BRIDGE_HEALTHY_WHEN: 'all',
      BRIDGE_BACKEND_TLS: '1',
      BRIDGE_BACKEND_TLS_NO_VERIFY: 'true',
    };
    const config = load({ environment });
    assert.deepEqual(
      config.listeners.map(({ address, tls }) => [formatAddress(address), tls?.selfSigned]),
      [
        ['127.0.0.1:8080', undefined],
        ['127.0.0.1:8443', true],
      ],
    );
    const [cluster] = config.clusters;
    assert.equal(cluster?.discovery.length, 2);
    assert.deepEqual(cluster.healthCheck.services, ['a', 'b']);
    assert.equal(cluster.healthyWhen, 'all');
    assert.equal(cluster.tls?.insecureSkipVerify, true);
  });

  it('lose to flags, list for list', () => {
    const environment = { BRIDGE_BACKEND: '127.0.0.1:1', BRIDGE_SERVICE: 'a,b', BRIDGE_CHECK_INTERVAL: '9s' };
    const { discovery, healthCheck } = defaultCluster({ flags: { ...MINIMAL, service: ['c'] }, environment });
    assert.deepEqual(discovery, [{ type: 'static', endpoints: [{ address: { kind: 'tcp', host: '127.0.0.1', port: 50_051 } }] }]);
    assert.deepEqual(healthCheck.services, ['c']);
    assert.equal(healthCheck.intervalMs, 9_000);
  });

  it('are ignored where they are not of the table, as Kubernetes sets such for a Service named bridge', () => {
    const environment = {
      BRIDGE_SERVICE_HOST: '10.0.0.1',
      BRIDGE_SERVICE_PORT: '80',
      BRIDGE_PORT: 'tcp://10.0.0.1:80',
      BRIDGE_PORT_80_TCP: 'tcp://10.0.0.1:80',
      BRIDGE_NONSENSE: 'x',
      LISTEN: 'x',
    };
    assert.deepEqual(load({ flags: MINIMAL, environment }), load({ flags: MINIMAL }));
  });

  it('count as absent when empty', () => {
    const environment = { BRIDGE_SERVICE: '', BRIDGE_CHECK_INTERVAL: '', BRIDGE_CONFIG: '', BRIDGE_BACKEND_TLS: '' };
    assert.deepEqual(load({ flags: MINIMAL, environment }), load({ flags: MINIMAL }));
  });

  it('switch TLS off, where no other flag wants it', () => {
    const flags = MINIMAL;
    assert.equal(defaultCluster({ flags, environment: { BRIDGE_BACKEND_TLS: 'false' } }).tls, null);
    assert.equal(defaultCluster({ flags, environment: { BRIDGE_BACKEND_TLS_NO_VERIFY: '0' } }).tls, null);
    assert.deepEqual(refused({ flags: { ...flags, 'backend-ca-cert': ['a'] }, environment: { BRIDGE_BACKEND_TLS: '0' } }), [
      'BRIDGE_BACKEND_TLS: is off, yet --backend-ca-cert is given',
    ]);
  });

  it('are called by their names in problems', () => {
    const environment = { BRIDGE_LISTEN: 'x', BRIDGE_BACKEND: 'y', BRIDGE_RPC_TIMEOUT: '0s', BRIDGE_BACKEND_TLS: 'yes' };
    assert.deepEqual(refused({ environment }), [
      'BRIDGE_BACKEND: has no port: write host:port (got "y")',
      'BRIDGE_BACKEND_TLS: must be true or false (got "yes")',
      'BRIDGE_LISTEN: must be an IP address or localhost with a port, or unix:/path: it has no port: write host:port (got "x")',
      'BRIDGE_RPC_TIMEOUT: must be from 10ms to 10m (got "0s")',
    ]);
  });
});

describe('flags over a file', () => {
  const file = baseConfig({
    clusters: [
      baseCluster(),
      baseCluster({
        name: 'default',
        tls: { serverName: 'file.example' },
        healthCheck: { services: ['file.Service'], interval: '9s', metadata: { 'x-file': '1' } },
        healthyWhen: 'all',
      }),
    ],
  });

  it('leave it as it is without any', () => {
    assert.equal(load({ file }).clusters[1]?.healthCheck.intervalMs, 9_000);
  });

  it('replace its listeners', () => {
    assert.deepEqual(
      load({ file, flags: { listen: ['127.0.0.1:1'] } }).listeners.map(({ address }) => formatAddress(address)),
      ['127.0.0.1:1'],
    );
  });

  it('set keys of its cluster default, and leave the others and the other clusters', () => {
    const flags = { backend: ['127.0.0.1:7'], 'check-interval': ['1s'], 'backend-ca-cert': ['ca.crt'], 'backend-tls': ['true'] };
    const config = load({ file, flags });
    assert.deepEqual(config.clusters[0], load({ file }).clusters[0]);
    const [, cluster] = config.clusters;
    assert.equal(cluster?.healthCheck.intervalMs, 1_000);
    assert.deepEqual(cluster.healthCheck.services, ['file.Service']);
    assert.equal(cluster.healthyWhen, 'all');
    assert.deepEqual([cluster.tls?.serverName, cluster.tls?.caFile], ['file.example', 'ca.crt']);
    assert.deepEqual(cluster.discovery, [
      { type: 'static', endpoints: [{ address: { kind: 'tcp', host: '127.0.0.1', port: 7 } }] },
    ]);
  });

  it('replace lists and headers as a whole', () => {
    const { healthCheck } = defaultCluster({ file, flags: { service: ['a'], 'rpc-header': ['x: y'] } });
    assert.deepEqual(healthCheck.services, ['a']);
    assert.deepEqual(
      healthCheck.metadata.map(({ name }) => name),
      ['x'],
    );
  });

  it('switch its TLS off', () => {
    assert.equal(defaultCluster({ file, environment: { BRIDGE_BACKEND_TLS: 'false' } }).tls, null);
    assert.equal(defaultCluster({ file, environment: { BRIDGE_BACKEND_TLS_NO_VERIFY: 'false' } }).tls?.insecureSkipVerify, false);
  });

  it('add the cluster default', () => {
    const config = load({ file: baseConfig(), flags: { backend: ['127.0.0.1:7'] } });
    assert.deepEqual(
      config.clusters.map(({ name }) => name),
      ['app', 'default'],
    );
  });

  it('say what the file leaves out', () => {
    assert.equal(load({ file: '# nothing yet\n', flags: MINIMAL }).clusters.length, 1);
    assert.equal(load({ file: { drain: { delay: '0s' } }, flags: MINIMAL }).drain.delayMs, 0);
  });

  it('need a cluster to set keys of', () => {
    assert.deepEqual(refused({ file: baseConfig(), flags: { 'check-interval': ['1s'] }, environment: { BRIDGE_SERVICE: 'a' } }), [
      'BRIDGE_SERVICE: needs --backend, or a cluster named default in the file',
      '--check-interval: needs --backend, or a cluster named default in the file',
    ]);
  });

  it('name the flag where the flag is wrong, and the key where the file is', () => {
    const flags = { 'check-interval': ['1ms'] };
    const broken = {
      ...file,
      clusters: [baseCluster({ name: 'default', connectTimeout: 'x', healthCheck: { timeout: 'y' } })],
      drain: 1,
    };
    assert.deepEqual(refused({ file: broken, flags }), [
      'clusters[0].connectTimeout: must be a whole number and a unit, such as 250ms, 5s, 1m or 1h (got "x")',
      '--check-interval: must be from 100ms to 1h (got "1ms")',
      'clusters[0].healthCheck.timeout: must be a whole number and a unit, such as 250ms, 5s, 1m or 1h (got "y")',
      'drain: must be an object (got 1)',
    ]);
  });

  it('forward what no route takes to the cluster of --backend, on every listener that does not say otherwise', () => {
    const { routes, listeners } = load({ flags: { backend: ['a:1'], listen: ['127.0.0.1:1', '127.0.0.1:2'] } });
    assert.deepEqual(routes, [
      {
        name: 'default',
        match: { path: { kind: 'prefix', value: '/' }, authority: null, headers: [] },
        cluster: 'default',
        timeoutMs: 0,
        retry: null,
      },
    ]);
    assert.deepEqual(
      listeners.map((listener) => listener.routes),
      [['default'], ['default']],
    );
  });

  it('leave the routes of a file alone that lead to the cluster already', () => {
    for (const way of [{ cluster: 'default' }, { clusters: [{ name: 'default' }] }]) {
      const file = { ...baseConfig({ clusters: [] }), routes: [{ name: 'r', match: { prefix: '/a/' }, ...way }] };
      assert.deepEqual(
        load({ file, flags: { backend: ['a:1'] } }).routes.map(({ name }) => name),
        ['r'],
      );
    }
  });

  it('do not hide that its clusters are no list', () => {
    assert.deepEqual(refused({ file: { ...baseConfig(), clusters: {} }, flags: { backend: ['a:1'] } }), [
      'clusters: must be a list (got an object)',
    ]);
  });

  it('do not stumble over what is no cluster', () => {
    assert.deepEqual(refused({ file: { ...baseConfig(), clusters: [null, 5, baseCluster()] }, flags: { backend: ['a:1'] } }), [
      'clusters[0]: must be an object (got null)',
      'clusters[1]: must be an object (got 5)',
    ]);
  });
});

function readFile(path: string): Uint8Array {
  assert.equal(path, '/etc/bridge.json');
  return Buffer.from(JSON.stringify(baseConfig()));
}

describe('the file', () => {
  it('is named by --config or its variable', () => {
    const environment = { BRIDGE_CONFIG: '/etc/bridge.json' };
    assert.equal(loadConfig({ flags: {}, environment, readFile }).clusters.length, 1);
    assert.equal(
      loadConfig({ flags: { config: ['/etc/bridge.json'] }, environment: { BRIDGE_CONFIG: 'x' }, readFile }).clusters.length,
      1,
    );
  });

  it('is named where it is no YAML, or no object', () => {
    assert.deepEqual(refused({ file: 'a: [' }), [
      'bridge.yaml: line 1, column 5: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ]);
    assert.deepEqual(refused({ file: '- a' }), ['bridge.yaml: must be an object (got a list)']);
    assert.deepEqual(refused({ file: 'hello' }), ['bridge.yaml: must be an object (got "hello")']);
  });

  it('is refused as a whole when it repeats itself without end', () => {
    assert.deepEqual(refused({ file: 'listeners: &a [*a]\nclusters: &b { name: *b }\n' }), [
      'listeners[0]: must be an object (got a list)',
      'clusters: must be a list (got an object)',
    ]);
  });

  it('is refused as a configuration, or as unreadable', () => {
    assert.equal(
      codeOf(() => load({ file: {} })),
      ErrorCode.CONFIG_INVALID,
    );
    assert.equal(
      codeOf(() => loadConfig({ flags: { config: ['/nonexistent/bridge.yaml'] }, environment: {} })),
      ErrorCode.CONFIG_UNREADABLE,
    );
  });

  it('is read from the disk, once, up to its limit', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bridge-config-'));
    try {
      const path = join(folder, 'bridge.yaml');
      const flags = { config: [path] };
      const lines = (): readonly string[] => problemsOf(() => loadConfig({ flags, environment: {} }));
      assert.match(lines()[0] ?? '', new RegExp(`^${path}: cannot be read: ENOENT`));
      writeFileSync(path, JSON.stringify(baseConfig()));
      assert.deepEqual(lines(), []);
      writeFileSync(path, `${JSON.stringify(baseConfig())}${' '.repeat(MAX_CONFIG_BYTES)}`);
      assert.deepEqual(lines(), [`${path}: has more than ${MAX_CONFIG_BYTES} octets`]);
      assert.match(
        problemsOf(() => loadConfig({ flags: { config: [folder] }, environment: {} }))[0] ?? '',
        /: cannot be read: EISDIR/,
      );
      assert.deepEqual(
        problemsOf(() => loadConfig({ flags: { config: ['/dev/zero'] }, environment: {} })),
        [`/dev/zero: has more than ${MAX_CONFIG_BYTES} octets`],
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
