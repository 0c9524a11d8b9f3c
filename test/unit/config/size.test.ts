import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatSize, parseSize } from '../../../src/config/size.ts';

describe('parseSize', () => {
  for (const [text, octets] of [
    ['0B', 0],
    ['512B', 512],
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['2GiB', 2_147_483_648],
  ] as const) {
    it(`reads ${text}`, () => {
      assert.equal(parseSize(text), octets);
    });
  }

  for (const text of ['', '64', '64kb', '64 KiB', '-1B', '1.5MiB', 'KiB', '99999999999B']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(parseSize(text), null);
    });
  }

  it('is the inverse of formatSize', () => {
    fc.assert(
      fc.property(fc.nat({ max: 4_000_000_000 }), (octets) => {
        assert.equal(parseSize(formatSize(octets)), octets);
      }),
    );
  });
});
