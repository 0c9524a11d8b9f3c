import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { renderConfig } from '../../../src/config/render.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { type BadCase, describeBad, one, SERVER } from './support/bad-case.ts';
import { type Raw, withCluster } from './support/base-config.ts';
import { defaultCluster, refused } from './support/given.ts';

const NAME = '_grpc._tcp.app.example.';

function withSrv(changes: Raw): Raw {
  return withCluster({ discovery: { type: 'srv', name: NAME, ...changes } });
}

const CASES: readonly BadCase[] = [
  one('no name', withCluster({ discovery: { type: 'srv' } }), 'clusters[0].discovery.name: is required'),
  one(
    'an address',
    withSrv({ name: '10.0.0.1' }),
    'clusters[0].discovery.name: must be a host name without a port, not an IP address (got "10.0.0.1")',
  ),
  one('a port, which the records bring', withSrv({ port: 50051 }), 'clusters[0].discovery.port: is not a known key'),
  one('a host', withSrv({ host: 'app' }), 'clusters[0].discovery.host: is not a known key'),
  one(
    'a refresh in no time',
    withSrv({ refreshInterval: '999ms' }),
    'clusters[0].discovery.refreshInterval: must be from 1s to 1h (got "999ms")',
  ),
  one(
    'a resolver twice',
    withSrv({ resolvers: [SERVER, SERVER] }),
    `clusters[0].discovery.resolvers[1]: repeats item 0 (got "${SERVER}")`,
  ),
  one(
    'an unknown family',
    withSrv({ family: 'v5' }),
    'clusters[0].discovery.family: must be one of auto, all, v4, v6 (got "v5")',
  ),
  one(
    'a label with a name of none',
    withSrv({ labels: { 'a b': 'v1' } }),
    'clusters[0].discovery.labels["a b"]: is no valid name: letters, digits, dots, dashes and underscores',
  ),
];

describeBad('srv', CASES);

describe('a source of type srv', () => {
  const WANTED = { type: 'srv', name: NAME, refreshIntervalMs: 5_000, resolvers: [], family: 'auto' };

  it('has its defaults, and is printed as it is written', () => {
    const config = resolveConfig(withSrv({}));
    assert.deepEqual(config.clusters[0]?.discovery, [WANTED]);
    assert.deepEqual(resolveConfig(parse(renderConfig(config))), config);
  });

  it('comes from a flag, beside sources of other types', () => {
    const flags = {
      listen: ['127.0.0.1:8080'],
      backend: [`srv:///${NAME}`, 'kubernetes:///router.default:grpc', '10.0.0.1:1', 'kubernetes:///other:50051'],
    };
    assert.deepEqual(defaultCluster({ flags }).discovery, [
      { type: 'static', endpoints: [{ address: { kind: 'tcp', host: '10.0.0.1', port: 1 } }] },
      WANTED,
      { type: 'kubernetes', service: 'router', namespace: 'default', port: 'grpc', family: 'auto', podLabels: false },
      { type: 'kubernetes', service: 'other', namespace: null, port: 50_051, family: 'auto', podLabels: false },
    ]);
  });

  it('is refused in the words of the flag', () => {
    const listen = ['127.0.0.1:8080'];
    assert.deepEqual(refused({ flags: { listen, backend: ['kubernetes:///router.default:99999', 'a:1'] } }), [
      '--backend: must be the name of a port, or the number that endpoints listen on, as text (got "99999")',
    ]);
    assert.deepEqual(refused({ flags: { listen, backend: ['srv:///_grpc._tcp.app:1'] } }), [
      '--backend: has a port, which the SRV records bring: write srv:///name (got "srv:///_grpc._tcp.app:1")',
    ]);
  });
});
