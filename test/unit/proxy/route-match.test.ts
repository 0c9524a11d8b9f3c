import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FieldListRequest,
  type HeaderMatch,
  matchesConditions,
  matchesPath,
  type RouteMatch,
  toPathname,
} from '../../../src/proxy/route-match.ts';
import { list } from '../../support/http2/fields.ts';

const ANY: RouteMatch = { path: { kind: 'prefix', value: '/' }, authority: null, headers: [] };

function passes(match: Partial<RouteMatch>, fields: readonly (readonly [string, string])[]): boolean {
  return matchesConditions({ ...ANY, ...match }, new FieldListRequest(list(fields)));
}

describe('matchesPath', () => {
  for (const [kind, value, pathname, expected] of [
    ['prefix', '/', '/anything', true],
    ['prefix', '/pkg.A/', '/pkg.A/One', true],
    ['prefix', '/pkg.A/', '/pkg.A', false],
    ['prefix', '/pkg.A', '/pkg.AB/One', true],
    ['prefix', '/pkg.A/', '/PKG.A/One', false],
    ['prefix', '/a/', '/%61/', false],
    ['exact', '/pkg.A/One', '/pkg.A/One', true],
    ['exact', '/pkg.A/One', '/pkg.A/One/', false],
    ['exact', '/pkg.A/One', '/pkg.A/', false],
  ] as const) {
    it(`is ${expected} for ${kind} ${value} and ${pathname}`, () => {
      assert.equal(matchesPath({ ...ANY, path: { kind, value } }, pathname), expected);
    });
  }

  it('looks at the path without its query', () => {
    assert.deepEqual(['/a?b', '/a?b?c', '/a', '?', ''].map(toPathname), ['/a', '/a', '/a', '', '']);
  });
});

describe('an authority', () => {
  for (const [wanted, given, expected] of [
    ['api.example', 'api.example', true],
    ['api.example', 'API.Example', true],
    ['Api.example', 'api.example:8443', true],
    ['api.example:80', 'api.example:80', true],
    ['api.example:80', 'api.example', false],
    ['api.example:80', 'api.example:8080', false],
    ['api.example', 'api.example.org', false],
    ['api.example', 'my.api.example', false],
    ['[::1]', '[::1]:443', true],
    ['[::1]', '[::1]', true],
    ['[::1]:443', '[::1]:443', true],
    ['[::1', '[::1]', false],
  ] as const) {
    it(`${wanted} ${expected ? 'takes' : 'refuses'} ${given}`, () => {
      assert.equal(passes({ authority: wanted }, [[':authority', given]]), expected);
    });
  }

  it('is that of host where there is none, and none is wanted by none', () => {
    assert.equal(passes({ authority: 'a' }, [['host', 'a']]), true);
    assert.equal(passes({ authority: 'a' }, []), false);
    assert.equal(passes({}, []), true);
  });
});

describe('headers', () => {
  const fields = [
    ['x-a', '1'],
    ['x-a', '22'],
    ['x-empty', ''],
  ] as const;
  const rows: readonly (readonly [match: HeaderMatch, expected: boolean])[] = [
    [{ name: 'x-a', kind: 'exact', value: '22' }, true],
    [{ name: 'x-a', kind: 'exact', value: '2' }, false],
    [{ name: 'x-a', kind: 'prefix', value: '2' }, true],
    [{ name: 'x-a', kind: 'prefix', value: '3' }, false],
    [{ name: 'x-a', kind: 'present' }, true],
    [{ name: 'x-empty', kind: 'present' }, true],
    [{ name: 'x-empty', kind: 'exact', value: '' }, true],
    [{ name: 'x-none', kind: 'present' }, false],
    [{ name: 'X-A', kind: 'present' }, false],
  ];
  for (const [match, expected] of rows) {
    it(`${JSON.stringify(match)} is ${expected}`, () => {
      assert.equal(passes({ headers: [match] }, fields), expected);
    });
  }

  it('have to match all', () => {
    const one: HeaderMatch = { name: 'x-a', kind: 'exact', value: '1' };
    assert.equal(passes({ headers: [one, { name: 'x-empty', kind: 'present' }] }, fields), true);
    assert.equal(passes({ headers: [one, { name: 'x-none', kind: 'present' }] }, fields), false);
  });
});
