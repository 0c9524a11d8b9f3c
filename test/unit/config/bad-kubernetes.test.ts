import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { type BadCase, describeBad, one } from './support/bad-case.ts';
import { type Raw, withCluster } from './support/base-config.ts';

const SERVICE = 'must be the name of a Service, of at most 63 small letters, digits and dashes';
const PORT = 'must be the name of a port, or the number that endpoints listen on, as text';

function withService(changes: Raw): Raw {
  return withCluster({ discovery: { type: 'kubernetes', service: 'app', port: 'grpc', ...changes } });
}

const CASES: readonly BadCase[] = [
  one(
    'nothing but a type',
    withCluster({ discovery: { type: 'kubernetes' } }),
    'clusters[0].discovery.service: is required',
    'clusters[0].discovery.port: is required',
  ),
  one(
    'a name with its namespace',
    withService({ service: 'app.shop' }),
    `clusters[0].discovery.service: ${SERVICE} (got "app.shop")`,
  ),
  one('a label selector', withService({ service: 'a,b=c' }), `clusters[0].discovery.service: ${SERVICE} (got "a,b=c")`),
  one(
    'a namespace that is a path',
    withService({ namespace: '../x' }),
    'clusters[0].discovery.namespace: must be the name of a namespace, of at most 63 small letters, digits and dashes (got "../x")',
  ),
  one('port 0', withService({ port: '0' }), `clusters[0].discovery.port: ${PORT} (got "0")`),
  one('a port beyond the last', withService({ port: '65536' }), `clusters[0].discovery.port: ${PORT} (got "65536")`),
  one(
    'labels of some pods',
    withService({ podLabels: 'v1' }),
    'clusters[0].discovery.podLabels: must be true or false (got "v1")',
  ),
];

describeBad('a Service', CASES);

describe('a source of type kubernetes', () => {
  for (const [port, wanted] of [
    ['grpc', 'grpc'],
    ['', ''],
    ['50051', 50_051],
  ] as const) {
    it(`takes the port ${JSON.stringify(port)}`, () => {
      const [cluster] = resolveConfig(withService({ port })).clusters;
      assert.deepEqual(cluster?.discovery, [
        { type: 'kubernetes', service: 'app', namespace: null, port: wanted, family: 'auto', podLabels: false },
      ]);
    });
  }
});
