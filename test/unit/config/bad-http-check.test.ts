import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { renderConfig } from '../../../src/config/render.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { type BadCase, describeBad, one } from './support/bad-case.ts';
import { type Raw, withCheck, withCluster } from './support/base-config.ts';

const STATUS = 'must be a status or a range of them, such as 200 or "200-299", from 200 to 599';
const PATH = 'must be a path from / on, of at most 1024 printable ASCII characters without spaces and #';

function withHttp(http: unknown, others: Raw = {}): Raw {
  return withCheck({ type: 'http', http, ...others });
}

function statuses(...expectedStatuses: readonly unknown[]): Raw {
  return withHttp({ path: '/', expectedStatuses });
}

const CASES: readonly BadCase[] = [
  one('nothing to ask', withCheck({ type: 'http' }), 'clusters[0].healthCheck.http: is required with type: http'),
  one('no path', withHttp({}), 'clusters[0].healthCheck.http.path: is required'),
  ...['health', '', '/a b', '/a#b', '/ä', `/${'x'.repeat(1024)}`].map((path) =>
    one(
      `the path ${path.slice(0, 9)}`,
      withHttp({ path }),
      `clusters[0].healthCheck.http.path: ${PATH} (got ${JSON.stringify(path.length > 60 ? `${path.slice(0, 59)}…` : path)})`,
    ),
  ),
  one(
    'a host with a path',
    withHttp({ path: '/', host: 'a/b' }),
    'clusters[0].healthCheck.http.host: must be a host, with a port if need be, of at most 255 characters (got "a/b")',
  ),
  one('no statuses', statuses(), 'clusters[0].healthCheck.http.expectedStatuses: needs at least 1 (got 0)'),
  one(
    'too many statuses',
    statuses(...Array.from({ length: 33 }, (_, index) => 200 + index)),
    'clusters[0].healthCheck.http.expectedStatuses: may have 32 at most (got 33)',
  ),
  one('a status twice', statuses(200, '200'), 'clusters[0].healthCheck.http.expectedStatuses[1]: repeats item 0 (got "200")'),
  ...[199, 600, 200.5, '2xx', '299-200', '200-', '100-200', true].map((status) =>
    one(
      `the status ${JSON.stringify(status)}`,
      statuses(status),
      `clusters[0].healthCheck.http.expectedStatuses[0]: ${STATUS} (got ${JSON.stringify(status)})`,
    ),
  ),
  one(
    'keys of gRPC',
    withHttp({ path: '/' }, { mode: 'check', services: ['a'], authority: 'a', treat: { unimplemented: 'healthy' } }),
    'clusters[0].healthCheck.mode: has no effect with type: http (got "check")',
    'clusters[0].healthCheck.services: has no effect with type: http (got a list)',
    'clusters[0].healthCheck.authority: has no effect with type: http (got "a")',
    'clusters[0].healthCheck.treat: has no effect with type: http (got an object)',
  ),
  ...['grpc', 'tcp', 'none'].map((type) =>
    one(
      `with type ${type}`,
      withCheck({ type, http: { path: '/' } }),
      `clusters[0].healthCheck.http: has no effect with type: ${type} (got an object)`,
    ),
  ),
  one(
    'where the type is left to the cluster',
    withCheck({ http: { path: '/' } }),
    'clusters[0].healthCheck.http: has no effect with type: grpc (got an object)',
  ),
  one(
    'a header that undici does not send',
    withHttp({ path: '/' }, { metadata: { expect: '100-continue' } }),
    'clusters[0].healthCheck.metadata.expect: is reserved by HTTP or gRPC',
  ),
  one(
    'a port towards a socket',
    withCluster({
      discovery: { type: 'static', endpoints: ['unix:/a'] },
      healthCheck: { type: 'http', http: { path: '/' }, port: 1 },
    }),
    'clusters[0].healthCheck.port: cannot be applied to unix sockets (got 1)',
  ),
];

describeBad('HTTP checks', CASES);

describe('a health check of type http', () => {
  it('expects 200 alone, and leaves the host to the endpoint', () => {
    const [cluster] = resolveConfig(withHttp({ path: '/health' })).clusters;
    assert.equal(cluster?.healthCheck.type, 'http');
    assert.deepEqual(cluster.healthCheck.http, { path: '/health', host: null, expectedStatuses: [{ from: 200, to: 200 }] });
  });

  it('is printed as it is written', () => {
    const http = { path: '/health?a=b', host: 'app:80', expectedStatuses: [200, '204-206', '401'] };
    const raw = withHttp(http, { metadata: { 'x-probe': 'a' }, port: 8081 });
    const printed: unknown = parse(renderConfig(resolveConfig(raw)));
    const config = resolveConfig(printed);
    assert.deepEqual(config.clusters[0]?.healthCheck.http, {
      path: '/health?a=b',
      host: 'app:80',
      expectedStatuses: [
        { from: 200, to: 200 },
        { from: 204, to: 206 },
        { from: 401, to: 401 },
      ],
    });
  });
});
