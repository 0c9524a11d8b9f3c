import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { copyInto } from '../../../src/http2/copy-into.ts';

describe('copyInto', () => {
  for (const length of [0, 1, 13, 127, 128, 129, 5000]) {
    it(`copies ${length} octets, and touches no others`, () => {
      const source = Buffer.alloc(length + 4, 1);
      for (let index = 0; index < length; index++) {
        source[index + 2] = (index % 251) + 2;
      }
      const target = Buffer.alloc(length + 6, 0xee);
      copyInto(target, 3, source, 2, 2 + length);
      const wanted = Buffer.concat([Buffer.alloc(3, 0xee), source.subarray(2, 2 + length), Buffer.alloc(3, 0xee)]);
      assert.deepEqual(target, wanted);
    });
  }
});
