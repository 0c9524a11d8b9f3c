import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { XxHash64 } from '../../../src/util/xx-hash64.ts';
import { naiveXxHash64 } from '../../support/naive-xx-hash64.ts';

function hashOf(octets: Uint8Array, start = 0, end = octets.length): string {
  const hash = new XxHash64();
  hash.hash(octets, start, end);
  return hash.high.toString(16).padStart(8, '0') + hash.low.toString(16).padStart(8, '0');
}

describe('XXH64', () => {
  it('gives what the reference implementation gives', () => {
    const known = [
      ['', 'ef46db3751d8e999'],
      ['a', 'd24ec4f1a98c6e5b'],
      ['abc', '44bc2cf5ad770999'],
      ['abcdefghijklmnopqrstuvwxyz0123456789', '64f23ecf1609b766'],
      ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
    ] as const;
    for (const [text, expected] of known) {
      assert.equal(hashOf(Buffer.from(text)), expected, text);
    }
  });

  it('equals the naive one at every length to 100 octets, wherever they lie', () => {
    const octets = Buffer.from(Array.from({ length: 120 }, (_, index) => (index * 151 + 29) & 255));
    for (let length = 0; length <= 100; length++) {
      for (const start of [0, 1, 7]) {
        const expected = naiveXxHash64(octets.subarray(start, start + length));
        assert.equal(hashOf(octets, start, start + length), expected.toString(16).padStart(16, '0'), `${length} from ${start}`);
      }
    }
  });

  it('equals the naive one on anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        assert.equal(hashOf(octets), naiveXxHash64(Buffer.from(octets)).toString(16).padStart(16, '0'));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('gives the same whatever the object hashed before', () => {
    const hash = new XxHash64();
    const long = Buffer.alloc(70, 0xff);
    hash.hash(long, 0, 70);
    hash.hash(long, 0, 3);
    assert.equal(
      hash.high.toString(16) + hash.low.toString(16).padStart(8, '0'),
      naiveXxHash64(long.subarray(0, 3)).toString(16),
    );
  });
});
