import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_MEDIA_RANGES, prefersHealthJson } from '../../../src/http/accept.ts';

const ROWS: readonly (readonly [accept: string | undefined, json: boolean])[] = [
  [undefined, false],
  ['', false],
  ['*/*', false],
  ['text/plain', false],
  ['application/health+json', true],
  ['Application/Health+JSON', true],
  ['application/*', true],
  ['application/json', false],
  ['text/html, application/xhtml+xml, */*;q=0.8', false],
  ['application/health+json, text/plain', false],
  ['application/health+json, text/plain;q=0.9', true],
  ['application/health+json;q=0.5, */*', false],
  ['application/health+json, */*;q=0.1', true],
  ['application/health+json;q=0', false],
  ['*/*, text/plain;q=0', true],
  ['application/health+json; charset=utf-8; Q=1', true],
  ['application/health+json;q=2', false],
  ['application/health+json;q=abc', false],
  [',,;;,', false],
];

function others(count: number): string {
  return Array.from({ length: count }, () => 'a/b').join(',');
}

describe('prefersHealthJson', () => {
  for (const [accept, json] of ROWS) {
    it(`is ${json} for ${JSON.stringify(accept)}`, () => {
      assert.equal(prefersHealthJson(accept), json);
    });
  }

  it('reads no more than its limit of media ranges', () => {
    assert.equal(prefersHealthJson(`${others(MAX_MEDIA_RANGES - 1)},application/health+json`), true);
    assert.equal(prefersHealthJson(`${others(MAX_MEDIA_RANGES)},application/health+json`), false);
  });
});
