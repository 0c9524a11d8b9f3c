import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type HealthTarget, HealthUrls } from '../../../src/http/health-url.ts';

const urls = new HealthUrls(['/', '/healthz', '/lb:check*', '/a b']);

const aggregate = (path: string): HealthTarget => ({ kind: 'aggregate', path });
const part = (name: string): HealthTarget => ({ kind: 'part', name });
const endpoint = (cluster: string, address: string): HealthTarget => ({ kind: 'endpoint', cluster, address });
const UNKNOWN: HealthTarget = { kind: 'unknown' };
const MALFORMED: HealthTarget = { kind: 'malformed' };

const ROWS: readonly (readonly [url: string, target: HealthTarget, query?: string])[] = [
  ['/', aggregate('/')],
  ['/?verbose', aggregate('/'), 'verbose'],
  ['/healthz', aggregate('/healthz')],
  ['/healthz?a=1?b=2', aggregate('/healthz'), 'a=1?b=2'],
  ['/%68ealthz', aggregate('/healthz')],
  ['/lb:check*', aggregate('/lb:check*')],
  ['/lb%3Acheck%2A', aggregate('/lb:check*')],
  ['/a%20b', aggregate('/a b')],
  ['/livez', { kind: 'live' }],
  ['/readyz', { kind: 'ready' }],
  ['/startupz', { kind: 'startup' }],
  ['/healthz/router', part('router')],
  ['/healthz/a%2Fb', part('a/b')],
  ['/healthz/', part('')],
  ['/healthz/router/10.0.0.1:50051', endpoint('router', '10.0.0.1:50051')],
  ['/healthz/router/[::1]:50051', endpoint('router', '[::1]:50051')],
  ['/healthz/router/%5B::1%5D:50051', endpoint('router', '[::1]:50051')],
  ['/healthz/router/unix:/run/app.sock', endpoint('router', 'unix:/run/app.sock')],
  ['//', UNKNOWN],
  ['/healthz//', endpoint('', '')],
  ['/Healthz', UNKNOWN],
  ['/livez/', UNKNOWN],
  ['/other', UNKNOWN],
  ['', UNKNOWN],
  ['*', UNKNOWN],
  ['/%', MALFORMED],
  ['/healthz/%zz', MALFORMED],
  ['/healthz/%ff', MALFORMED],
  // RFC 9112, section 3.2.2: the absolute form.
  ['http://bridge:8080/healthz?verbose', aggregate('/healthz'), 'verbose'],
  ['HTTPS://bridge', aggregate('/')],
  ['http://bridge?verbose', aggregate('/'), 'verbose'],
  ['ftp://bridge/healthz', UNKNOWN],
];

describe('HealthUrls', () => {
  for (const [url, target, query = ''] of ROWS) {
    it(`reads ${JSON.stringify(url)}`, () => {
      assert.deepEqual(urls.parse(url), { target, query });
    });
  }

  it('keeps /healthz for sub-paths and services where it is no path of the aggregate', () => {
    const others = new HealthUrls(['/lb']);
    assert.deepEqual(others.parse('/healthz').target, { kind: 'healthzOnly' });
    assert.deepEqual(others.parse('/').target, UNKNOWN);
    assert.deepEqual(others.parse('/healthz/router').target, part('router'));
  });

  it('has a target for any text', () => {
    fc.assert(
      fc.property(
        fc.string().map((text) => `/${text}`),
        (url) => {
          assert.ok(urls.parse(url).target.kind.length > 0);
        },
      ),
      { seed: 4, numRuns: 1_000 },
    );
  });
});
