import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FlagValues } from '../../../src/config/flags.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { ErrorCode } from '../../../src/errors.ts';
import { formatAddress } from '../../../src/model/address.ts';
import { codeOf, defaultCluster, load, MINIMAL, refused } from './support/given.ts';

function tlsOf(flags: FlagValues): unknown {
  return load({ flags: { ...MINIMAL, ...flags } }).listeners.map(({ tls }) => tls);
}

describe('flags without a file', () => {
  it('do the whole job', () => {
    const config = load({ flags: { ...MINIMAL, service: ['route.Router'] } });
    assert.deepEqual(
      config.listeners.map(({ name, address, tls }) => [name, formatAddress(address), tls]),
      [['listener-0', '127.0.0.1:8080', null]],
    );
    assert.deepEqual(
      config.clusters.map(({ name, healthCheck }) => [name, healthCheck.services]),
      [['default', ['route.Router']]],
    );
    assert.deepEqual(config.health.clusters, [{ name: 'default', optional: false }]);
  });

  it('set every key they stand for', () => {
    const cluster = defaultCluster({
      flags: {
        ...MINIMAL,
        service: ['a', 'b'],
        'check-interval': ['2s'],
        'connect-timeout': ['250ms'],
        'rpc-timeout': ['3s'],
        'rpc-header': ['X-Probe: a: b, c', 'authorization:Bearer s3cret'],
        'healthy-when': ['50%'],
        'backend-tls': ['true'],
        'backend-ca-cert': ['ca.crt'],
        'backend-client-cert': ['client.crt'],
        'backend-client-key': ['client.key'],
        'backend-server-name': ['app.example'],
      },
    });
    assert.deepEqual(cluster.healthCheck.services, ['a', 'b']);
    assert.equal(cluster.healthCheck.intervalMs, 2_000);
    assert.equal(cluster.connectTimeoutMs, 250);
    assert.equal(cluster.healthCheck.timeoutMs, 3_000);
    assert.deepEqual(cluster.healthCheck.metadata, [
      { name: 'x-probe', value: { kind: 'text', text: 'a: b, c' } },
      { name: 'authorization', value: { kind: 'text', text: 'Bearer s3cret' } },
    ]);
    assert.deepEqual(cluster.healthyWhen, { percent: 50 });
    assert.deepEqual(cluster.tls, {
      caFile: 'ca.crt',
      serverName: 'app.example',
      certificateFile: 'client.crt',
      privateKeyFile: 'client.key',
      insecureSkipVerify: false,
      subjectAltNames: [],
    });
  });

  it('join all backends in one cluster', () => {
    const backend = ['127.0.0.1:1', 'dns:///app.example.:2', 'ipv4:10.0.0.1:3,10.0.0.2:3', 'unix:///run/app.sock', 'other:4'];
    const { discovery } = defaultCluster({ flags: { ...MINIMAL, backend } });
    assert.deepEqual(
      discovery.map((source) =>
        source.type === 'static'
          ? source.endpoints.map(({ address }) => formatAddress(address))
          : source.type === 'dns' && `${source.host}:${source.port}`,
      ),
      [['127.0.0.1:1', '10.0.0.1:3', '10.0.0.2:3', 'unix:/run/app.sock'], 'app.example.:2', 'other:4'],
    );
  });

  it('take words, shares and numbers for --healthy-when', () => {
    const backend = ['127.0.0.1:1', '127.0.0.1:2'];
    const of = (text: string): unknown => defaultCluster({ flags: { ...MINIMAL, backend, 'healthy-when': [text] } }).healthyWhen;
    assert.deepEqual(['any', 'all', '50%', '2'].map(of), ['any', 'all', { percent: 50 }, { count: 2 }]);
  });

  it('make a self-signed listener of tls:// alone, and one with files of files', () => {
    const listen = ['tls://127.0.0.1:8443', '127.0.0.1:8080'];
    const clients = { clientCertificates: 'none', clientCaFile: null, clientSubjectAltNames: [] };
    const selfSigned = { certificateFile: null, privateKeyFile: null, selfSigned: true, minVersion: 'TLSv1.2', ...clients };
    assert.deepEqual(tlsOf({ listen }), [selfSigned, null]);
    const files = { certificateFile: 'a.crt', privateKeyFile: 'a.key', selfSigned: false, minVersion: 'TLSv1.2', ...clients };
    assert.deepEqual(tlsOf({ listen, 'tls-cert': ['a.crt'], 'tls-key': ['a.key'] }), [files, null]);
  });

  it('turn TLS on by any of its flags', () => {
    for (const flags of [
      { 'backend-tls': ['true'] },
      { 'backend-tls-no-verify': ['true'] },
      { 'backend-ca-cert': ['a'] },
      { 'backend-server-name': ['a'] },
    ]) {
      assert.notEqual(defaultCluster({ flags: { ...MINIMAL, ...flags } }).tls, null);
    }
    assert.equal(defaultCluster({ flags: MINIMAL }).tls, null);
  });

  it('need no listener where nobody is answered', () => {
    assert.deepEqual(loadConfig({ flags: { backend: ['127.0.0.1:1'] }, environment: {}, requireListeners: false }).listeners, []);
  });

  const problems: readonly (readonly [name: string, flags: FlagValues, lines: readonly string[]])[] = [
    [
      'nothing',
      {},
      [
        '--listen: is required, or listeners in a file: --config FILE',
        '--backend: is required, or clusters in a file: --config FILE',
      ],
    ],
    ['no backend', { listen: ['127.0.0.1:1'] }, ['--backend: is required, or clusters in a file: --config FILE']],
    [
      'every bad value at once',
      {
        listen: ['x', '127.0.0.1:1'],
        backend: ['a', 'srv:///b:1', 'c:1'],
        'check-interval': ['soon'],
        'rpc-timeout': ['never'],
        'healthy-when': ['most'],
      },
      [
        '--backend: has no port: write host:port (got "a")',
        '--backend: has a port, which the SRV records bring: write srv:///name (got "srv:///b:1")',
        '--healthy-when: must be any, all, a share such as 50% or a number such as 2 (got "most")',
        '--listen: must be an IP address or localhost with a port, or unix:/path: it has no port: write host:port (got "x")',
        '--check-interval: must be a whole number and a unit, such as 250ms, 5s, 1m or 1h (got "soon")',
        '--rpc-timeout: must be a whole number and a unit, such as 250ms, 5s, 1m or 1h (got "never")',
      ],
    ],
    [
      'a share of more than all',
      { ...MINIMAL, 'healthy-when': ['101%'] },
      ['--healthy-when: must be a whole number from 1 to 100 (got 101)'],
    ],
    [
      'a number beyond the backends',
      { ...MINIMAL, 'healthy-when': ['2'] },
      ["--healthy-when: is more than the cluster's 1 endpoints (got 2)"],
    ],
    [
      'a backend twice',
      { ...MINIMAL, backend: ['a:1', '1.1.1.1:1', '1.1.1.1:1'] },
      ['--backend: repeats item 0 (got "1.1.1.1:1")'],
    ],
    ['a service twice', { ...MINIMAL, service: ['a', 'a'] }, ['--service: repeats item 0 (got "a")']],
    [
      'half a client certificate',
      { ...MINIMAL, 'backend-client-cert': ['a'] },
      ['--backend-client-key: is required with certificateFile'],
    ],
    [
      'half a certificate',
      { ...MINIMAL, listen: ['tls://127.0.0.1:1'], 'tls-key': ['a'] },
      ['--tls-cert: is required with privateKeyFile'],
    ],
    [
      'a certificate for nobody',
      { ...MINIMAL, 'tls-cert': ['a'], 'tls-key': ['b'] },
      [
        '--tls-cert: needs a listener that uses it: --listen tls://ADDR',
        '--tls-key: needs a listener that uses it: --listen tls://ADDR',
      ],
    ],
    [
      'a header without name, kept secret',
      { ...MINIMAL, 'rpc-header': [': s3cret'] },
      ["--rpc-header: must be written 'name: value'"],
    ],
    [
      'a header without colon, kept secret',
      { ...MINIMAL, 'rpc-header': ['s3cret'] },
      ["--rpc-header: must be written 'name: value'"],
    ],
    ['a header twice, kept secret', { ...MINIMAL, 'rpc-header': ['a: s3cret', 'a: t'] }, ['--rpc-header: has a twice']],
    [
      'a header that is reserved',
      { ...MINIMAL, 'rpc-header': ['x: y', 'host: a'] },
      ['--rpc-header host: is reserved: use authority, or http.host'],
    ],
    [
      'a header with a bad value, kept secret',
      { ...MINIMAL, 'rpc-header': ['x: sécret'] },
      ['--rpc-header x: must be printable ASCII without spaces at its ends, of at most 4096 characters'],
    ],
    [
      'an address twice',
      { ...MINIMAL, listen: ['127.0.0.1:1', 'tls://127.0.0.1:1'] },
      ['--listen: is taken by listeners[0], 127.0.0.1:1 (got "127.0.0.1:1")'],
    ],
    [
      'no CA to look at',
      { ...MINIMAL, 'backend-ca-cert': ['a'], 'backend-tls-no-verify': ['true'] },
      ['--backend-ca-cert: has no effect with insecureSkipVerify: true (got "a")'],
    ],
  ];
  for (const [name, flags, lines] of problems) {
    it(`are refused in their own words: ${name}`, () => {
      assert.deepEqual(refused({ flags }), lines);
    });
  }

  it('are refused as flags', () => {
    assert.equal(
      codeOf(() => load({})),
      ErrorCode.FLAGS_INVALID,
    );
  });
});
