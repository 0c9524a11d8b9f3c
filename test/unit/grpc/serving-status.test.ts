import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { toServingStatus } from '../../../src/grpc/serving-status.ts';

describe('toServingStatus', () => {
  it('has the words and numbers of health.proto', () => {
    const proto = readFileSync(new URL('../../../protos/health.proto', import.meta.url), 'utf8');
    const [block = ''] = /enum ServingStatus \{[^}]*\}/.exec(proto) ?? [];
    const words = [...block.matchAll(/(\w+) = (\d+);/g)];
    assert.equal(words.length, 4);
    for (const [, word, code] of words) {
      assert.equal(toServingStatus(Number(code)), word);
    }
  });

  for (const code of [-1, 4, 1.5, 2_147_483_647]) {
    it(`is null for ${code}`, () => {
      assert.equal(toServingStatus(code), null);
    });
  }
});
