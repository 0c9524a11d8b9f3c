import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_EXCLUDES, type ProbeQuery, parseProbeQuery } from '../../../src/http/probe-query.ts';

const NOTHING: ProbeQuery = { verbose: false, json: false, excludes: new Set(), service: null };

function names(count: number): string {
  return Array.from({ length: count }, (_, index) => `exclude=n${index}`).join('&');
}

describe('parseProbeQuery', () => {
  for (const [text, changes] of [
    ['', {}],
    ['verbose', { verbose: true }],
    ['verbose=', { verbose: true }],
    ['verbose=false', { verbose: true }],
    ['Verbose', {}],
    ['format=json', { json: true }],
    ['format=xml', {}],
    ['format=json&format=text', { json: true }],
    ['exclude=a&exclude=b', { excludes: new Set(['a', 'b']) }],
    ['exclude=a&exclude=a', { excludes: new Set(['a']) }],
    ['exclude=', { excludes: new Set(['']) }],
    ['service=', { service: '' }],
    ['service=route.Router', { service: 'route.Router' }],
    ['service=a%2Eb+c', { service: 'a.b c' }],
    ['service=%zz', { service: '%zz' }],
    ['service=%ff', { service: '\uFFFD' }],
    ['cachebust=1&&&=&x', {}],
    ['verbose&exclude=a&format=json&service=s', { verbose: true, json: true, excludes: new Set(['a']), service: 's' }],
  ] as const) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseProbeQuery(text), { kind: 'query', query: { ...NOTHING, ...changes } });
    });
  }

  it('refuses two services, as an answer about one would be taken for both', () => {
    assert.deepEqual(parseProbeQuery('service=a&service=a'), { kind: 'invalid', message: 'service is given more than once' });
  });

  it('refuses more names to exclude than its limit', () => {
    assert.equal(parseProbeQuery(names(MAX_EXCLUDES)).kind, 'query');
    assert.equal(parseProbeQuery(names(MAX_EXCLUDES + 1)).kind, 'invalid');
  });

  it('takes or refuses any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.match(parseProbeQuery(text).kind, /^(query|invalid)$/);
      }),
      { seed: 2, numRuns: 1_000 },
    );
  });
});
