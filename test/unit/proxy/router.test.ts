import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { FieldList } from '../../../src/http2/index.ts';
import { FieldListRequest, matchesConditions, matchesPath, type RouteMatch, toPathname } from '../../../src/proxy/route-match.ts';
import { type Route, Router } from '../../../src/proxy/router.ts';
import { fuzzRuns } from '../../support/fuzz-runs.ts';
import { list } from '../../support/http2/fields.ts';

function route(name: string, match: Partial<RouteMatch>): Route {
  return {
    kind: 'http1',
    cluster: { name: 'web' },
    name,
    match: { path: { kind: 'prefix', value: '/' }, authority: null, headers: [], ...match },
    timeoutMs: 0,
    onRequest: () => undefined,
    onStream: () => assert.fail('not called'),
  };
}

const request = (path: string, others: readonly (readonly [string, string])[] = []): FieldList =>
  list([[':method', 'POST'], [':path', path], ...others]);

describe('a router', () => {
  it('gives the first route in order that matches', () => {
    const router = new Router([
      route('one', { path: { kind: 'prefix', value: '/a/' }, headers: [{ name: 'x', kind: 'present' }] }),
      route('two', { path: { kind: 'exact', value: '/a/b' } }),
      route('three', { path: { kind: 'prefix', value: '/a/' } }),
      route('never', { path: { kind: 'exact', value: '/a/c' } }),
    ]);
    // Each often enough to be known by identity: a field is shared when it is met for the second time.
    for (let time = 0; time < 4; time++) {
      assert.equal(router.find(request('/a/b', [['x', '1']]))?.name, 'one');
      assert.equal(router.find(request('/a/b'))?.name, 'two');
      assert.equal(router.find(request('/a/b?q=1'))?.name, 'two');
      assert.equal(router.find(request('/a/c'))?.name, 'three');
      assert.equal(router.find(request('/b')), null);
    }
  });

  it('gives none for a request without a path, and without routes', () => {
    assert.equal(new Router([route('all', {})]).find(list([[':method', 'CONNECT']])), null);
    const empty = new Router([]);
    assert.equal(empty.find(request('/')), null);
    assert.deepEqual([empty.isEmpty, new Router([route('all', {})]).isEmpty], [true, false]);
  });

  it('finds the same when it has met more paths than it remembers', () => {
    const router = new Router([
      route('even', { path: { kind: 'prefix', value: '/even/' } }),
      route('odd', { path: { kind: 'prefix', value: '/odd/' } }),
    ]);
    for (let round = 0; round < 3; round++) {
      for (let number = 0; number < 5000; number++) {
        const kind = number % 2 === 0 ? 'even' : 'odd';
        assert.equal(router.find(request(`/${kind}/${number}`))?.name, kind);
      }
    }
  });

  it('agrees with looking at every route for every request', () => {
    const path = fc.constantFrom('/', '/a', '/a/', '/a/b', '/b', '/b?x=/a');
    const match: fc.Arbitrary<RouteMatch> = fc.record({
      path: fc.record({ kind: fc.constantFrom('prefix' as const, 'exact' as const), value: path }),
      authority: fc.constantFrom(null, null, 'one.example', 'two.example:80'),
      headers: fc.constantFrom(
        [],
        [],
        [{ name: 'x-a', kind: 'exact' as const, value: '1' }],
        [{ name: 'x-b', kind: 'present' as const }],
      ),
    });
    const asked = fc.record({
      path,
      authority: fc.constantFrom('one.example', 'one.example:1', 'two.example:80'),
      headers: fc.subarray([
        ['x-a', '1'],
        ['x-a', '2'],
        ['x-b', ''],
      ] as [string, string][]),
    });
    fc.assert(
      fc.property(fc.array(match, { maxLength: 6 }), fc.array(asked, { maxLength: 20 }), (matches, requests) => {
        const routes = matches.map((one, index) => route(`r${index}`, one));
        const router = new Router(routes);
        for (const one of requests) {
          const fields = request(one.path, [[':authority', one.authority], ...one.headers]);
          const view = new FieldListRequest(fields);
          const naive = routes.find(
            (candidate) => matchesPath(candidate.match, toPathname(one.path)) && matchesConditions(candidate.match, view),
          );
          assert.equal(router.find(fields), naive ?? null);
          assert.equal(router.findByText(one.path, view), naive ?? null);
        }
      }),
      fuzzRuns(200),
    );
  });
});
