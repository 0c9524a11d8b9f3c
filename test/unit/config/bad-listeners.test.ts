import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BadCase, DURATION, describeBad, LISTEN, NAME, one } from './support/bad-case.ts';
import { baseCluster, baseConfig, refusals, withCluster, withListener } from './support/base-config.ts';

const SHAPES: readonly BadCase[] = [
  one('null', null, 'must be an object (got null)'),
  one('a list', [], 'must be an object (got a list)'),
  one('a text', 'listeners', 'must be an object (got "listeners")'),
  one('nothing at all', {}, 'listeners: is required', 'clusters: is required'),
  one('no listener', baseConfig({ listeners: [] }), 'listeners: needs at least 1 (got 0)'),
  one('listeners as an object', baseConfig({ listeners: {} }), 'listeners: must be a list (got an object)'),
  one('a listener as text', baseConfig({ listeners: [':80'] }), 'listeners[0]: must be an object (got ":80")'),
  one('no cluster', baseConfig({ clusters: [] }), 'clusters: needs at least 1 (got 0)'),
  one(
    'too many clusters',
    baseConfig({ clusters: Array.from({ length: 257 }, (_, index) => baseCluster({ name: `c${index}` })) }),
    'clusters: may have 256 at most (got 257)',
  ),
  one(
    'too many listeners',
    baseConfig({ listeners: Array.from({ length: 65 }, () => ({ address: '127.0.0.1:0' })) }),
    'listeners: may have 64 at most (got 65)',
  ),
  one('a key of a later version', baseConfig({ workers: 1 }), 'workers: is not a known key'),
  one('a mistyped key', baseConfig({ helth: {} }), 'helth: is not a known key: did you mean health?'),
  one(
    'another spelling',
    withCluster({ health_check: {} }),
    'clusters[0].health_check: is not a known key: did you mean healthCheck?',
  ),
  one('a key that is no word', baseConfig({ 'a b': 1 }), '["a b"]: is not a known key'),
  one('__proto__', JSON.parse(JSON.stringify(baseConfig()).replace('{', '{"__proto__":{},')), '__proto__: is not a known key'),
  one(
    'a merge key',
    withCluster({ '<<': { name: 'a' } }),
    'clusters[0]["<<"]: is not a known key: merge keys belong to YAML 1.1, so repeat the keys, or use an alias for a whole value',
  ),
  ...['${HOST}:80', '$(HOST):80', '$HOST'].map((text) =>
    one(
      `a variable, as ${text}`,
      withCluster({ connectTimeout: text }),
      `clusters[0].connectTimeout: ${DURATION} (got "${text}": variables are not put in)`,
    ),
  ),
  one('a dollar that names nothing', withCluster({ connectTimeout: '$5' }), `clusters[0].connectTimeout: ${DURATION} (got "$5")`),
  one('a section without content', baseConfig({ drain: null }), 'drain: must be an object (got null)'),
];

const LISTENERS: readonly BadCase[] = [
  one('the name of the admin listener', withListener({ name: 'admin' }), 'listeners[0].name: is taken by admin (got "admin")'),
  one(
    'the name of the metrics listener',
    { ...withListener({ name: 'metrics' }), metrics: { address: '127.0.0.1:0' } },
    'listeners[0].name: is taken by metrics (got "metrics")',
  ),
  one('metrics without an address', baseConfig({ metrics: {} }), 'metrics.address: is required'),
  one(
    'metrics at a name',
    baseConfig({ metrics: { address: 'metrics.example:9903' } }),
    `metrics.address: ${LISTEN}: other names are not resolved (got "metrics.example:9903")`,
  ),
  one(
    'the admin address for metrics',
    baseConfig({ metrics: { address: '0.0.0.0:9902' } }),
    'metrics.address: is taken by admin, 127.0.0.1:9902 (got "0.0.0.0:9902")',
  ),
  one('no address', baseConfig({ listeners: [{ name: 'a' }] }), 'listeners[0].address: is required'),
  one(
    'no port',
    withListener({ address: '127.0.0.1' }),
    `listeners[0].address: ${LISTEN}: it has no port: write host:port (got "127.0.0.1")`,
  ),
  one(
    'a port too high',
    withListener({ address: '127.0.0.1:65536' }),
    `listeners[0].address: ${LISTEN}: it has no port between 0 and 65535 (got "127.0.0.1:65536")`,
  ),
  one(
    'a host name',
    withListener({ address: 'bridge.example:80' }),
    `listeners[0].address: ${LISTEN}: other names are not resolved (got "bridge.example:80")`,
  ),
  one(
    'a relative socket',
    withListener({ address: 'unix:bridge.sock' }),
    `listeners[0].address: ${LISTEN}: it needs an absolute path after unix: (got "unix:bridge.sock")`,
  ),
  one('an address as a number', withListener({ address: 8080 }), `listeners[0].address: ${LISTEN} (got 8080)`),
  one('an unknown health', withListener({ health: 'some' }), 'listeners[0].health: must be one of all, none (got "some")'),
  one(
    'an idle timeout of none',
    withListener({ idleTimeout: '0s' }),
    'listeners[0].idleTimeout: must be from 1s to 24h (got "0s")',
  ),
  one(
    'TLS of nothing',
    withListener({ tls: {} }),
    'listeners[0].tls: needs certificateFile and privateKeyFile, or selfSigned: true',
  ),
  one('TLS as a switch', withListener({ tls: true }), 'listeners[0].tls: must be an object (got true)'),
  one(
    'a certificate without key',
    withListener({ tls: { certificateFile: 'a.crt' } }),
    'listeners[0].tls.privateKeyFile: is required with certificateFile',
  ),
  one(
    'a key without certificate',
    withListener({ tls: { privateKeyFile: 'a.key' } }),
    'listeners[0].tls.certificateFile: is required with privateKeyFile',
  ),
  one(
    'files and self-signed',
    withListener({ tls: { certificateFile: 'a.crt', privateKeyFile: 'a.key', selfSigned: true } }),
    'listeners[0].tls.selfSigned: excludes certificateFile and privateKeyFile (got true)',
  ),
  one(
    'a word for a switch',
    withListener({ tls: { selfSigned: 'yes' } }),
    'listeners[0].tls.selfSigned: must be true or false (got "yes")',
  ),
  one(
    'an old TLS version',
    withListener({ tls: { selfSigned: true, minVersion: 'TLSv1.1' } }),
    'listeners[0].tls.minVersion: must be one of TLSv1.2, TLSv1.3 (got "TLSv1.1")',
  ),
  one(
    'client certificates of no authority',
    withListener({ tls: { selfSigned: true, clientCertificates: 'optional' } }),
    'listeners[0].tls.clientCaFile: is required with clientCertificates: optional',
  ),
  one(
    'rules for client certificates that are not asked for',
    withListener({ tls: { selfSigned: true, clientCaFile: 'ca.crt', clientSubjectAltNames: ['a.test'] } }),
    'listeners[0].tls.clientCaFile: has no effect with clientCertificates: none (got "ca.crt")',
    'listeners[0].tls.clientSubjectAltNames: has no effect with clientCertificates: none (got a list)',
  ),
  one(
    'another word for client certificates',
    withListener({ tls: { selfSigned: true, clientCertificates: 'require' } }),
    'listeners[0].tls.clientCertificates: must be one of none, optional, required (got "require")',
  ),
  one(
    'an empty path',
    withListener({ tls: { certificateFile: '', privateKeyFile: 'a.key' } }),
    'listeners[0].tls.certificateFile: must be the path of a file, of 1 to 4095 characters (got "")',
  ),
  one(
    'two of one name',
    baseConfig({
      listeners: [
        { name: 'a', address: '127.0.0.1:0' },
        { name: 'a', address: '127.0.0.1:0' },
      ],
    }),
    'listeners[1].name: is taken by listeners[0] (got "a")',
  ),
  one(
    'a name that a default has',
    baseConfig({ listeners: [{ name: 'listener-1', address: '127.0.0.1:0' }, { address: '127.0.0.1:0' }] }),
    'listeners[1].name: is taken by listeners[0] (got "listener-1")',
  ),
  one(
    'two on one address',
    baseConfig({ listeners: [{ address: '[::1]:80' }, { address: '[0:0::1]:80' }] }),
    'listeners[1].address: is taken by listeners[0], [::1]:80 (got "[::1]:80")',
  ),
  one(
    'one below a wildcard',
    baseConfig({ listeners: [{ address: '0.0.0.0:80' }, { address: '127.0.0.1:80' }] }),
    'listeners[1].address: is taken by listeners[0], 0.0.0.0:80 (got "127.0.0.1:80")',
  ),
  one(
    'two on one socket',
    baseConfig({ listeners: [{ address: 'unix:/run/a' }, { address: 'unix:/run/a' }] }),
    'listeners[1].address: is taken by listeners[0], unix:/run/a (got "unix:/run/a")',
  ),
  one(
    'the admin address that is the default',
    withListener({ address: '[::]:9902' }),
    'admin.address: is taken by listeners[0], [::]:9902 (got "127.0.0.1:9902")',
  ),
  one(
    'admin for everybody',
    baseConfig({ admin: { address: '0.0.0.0:9902' } }),
    'admin.address: needs allow or tokenFile, as it can be reached from other machines (got "0.0.0.0:9902")',
  ),
  one(
    'admin for nobody in particular',
    baseConfig({ admin: { address: '10.0.0.1:9902', allow: [] } }),
    'admin.address: needs allow or tokenFile, as it can be reached from other machines (got "10.0.0.1:9902")',
  ),
  ...['10.0.0.0/33', 'fd00::/129', '10.0.0/8', 'host', '10.0.0.0/8/8', '10.0.0.0/', ''].map((network) =>
    one(
      `an admin network of ${network}`,
      baseConfig({ admin: { allow: [network] } }),
      `admin.allow[0]: must be an IP address, or a network such as 10.0.0.0/8 or fd00::/8 (got ${JSON.stringify(network)})`,
    ),
  ),
  one(
    'more admin networks than the limit',
    baseConfig({ admin: { allow: Array.from({ length: 65 }, (_, index) => `10.0.0.${index}`) } }),
    'admin.allow: may have 64 at most (got 65)',
  ),
  one('one admin network twice', baseConfig({ admin: { allow: ['::1', '::1'] } }), 'admin.allow[1]: repeats item 0 (got "::1")'),
];

describeBad('shapes', SHAPES);
describeBad('listeners', LISTENERS);

describe('a configuration with several mistakes', () => {
  it('is refused with all of them, and with none that only follows from another', () => {
    const raw = {
      listeners: [{ address: 'x' }],
      admin: { adress: '127.0.0.1:1' },
      clusters: [
        baseCluster({ name: 'a b', healthCheck: { interval: '1d', tiemout: '1s' } }),
        baseCluster({ connectTimeout: 'x' }),
      ],
      health: { clusters: ['a b', 'app', 'gone'], groups: [{ name: 'app', clusters: ['app'] }] },
      nonsense: true,
    };
    assert.deepEqual(refusals(raw), [
      `listeners[0].address: ${LISTEN}: it has no port: write host:port (got "x")`,
      'admin.adress: is not a known key: did you mean address?',
      `clusters[0].name: ${NAME} (got "a b")`,
      `clusters[0].healthCheck.interval: ${DURATION} (got "1d")`,
      'clusters[0].healthCheck.tiemout: is not a known key: did you mean timeout?',
      `clusters[1].connectTimeout: ${DURATION} (got "x")`,
      `health.clusters[0]: ${NAME} (got "a b")`,
      'nonsense: is not a known key',
      'health.groups[0].name: is taken by clusters[1] (got "app")',
      'health.clusters[2]: is no cluster (got "gone")',
    ]);
  });

  it('lists a hundred and counts the rest', () => {
    const endpoints = Array.from({ length: 150 }, (_, index) => `10.0.0.${index}`);
    const lines = refusals(withCluster({ discovery: { type: 'static', endpoints } }));
    assert.equal(lines.length, 101);
    assert.equal(lines[100], 'and 50 more problems');
  });
});
