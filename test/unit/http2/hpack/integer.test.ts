import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionError, ErrorCode } from '../../../../src/http2/errors.ts';
import { BlockReader, MAX_INTEGER_OCTETS, Prefix, writeInteger } from '../../../../src/http2/hpack/integer.ts';
import { integer } from '../../../support/http2/hpack-wire.ts';
import { hex } from '../../../support/http2/wire.ts';

function read(octets: Buffer, mask: number): { value: number; at: number } {
  const reader = new BlockReader();
  reader.octets = octets;
  reader.end = octets.length;
  return { value: reader.integer(mask), at: reader.at };
}

function written(prefix: Prefix, value: number): Buffer {
  const to = { target: Buffer.alloc(MAX_INTEGER_OCTETS), at: 0 };
  writeInteger(to, prefix, value);
  return to.target.subarray(0, to.at);
}

describe('HPACK integers', () => {
  // RFC 7541, appendix C.1.
  it('are those of the RFC', () => {
    assert.deepEqual(read(hex('ea'), 0x1f), { value: 10, at: 1 });
    assert.deepEqual(read(hex('ff9a0a'), 0x1f), { value: 1337, at: 3 });
    assert.deepEqual(read(hex('2a'), 0xff), { value: 42, at: 1 });
    assert.deepEqual(written(Prefix.SIZE_UPDATE, 10), hex('2a'));
    assert.deepEqual(written(Prefix.SIZE_UPDATE, 1337), hex('3f9a0a'));
  });

  for (const [name, prefix] of Object.entries(Prefix)) {
    it(`are written and read alike behind ${name}`, () => {
      const mask = prefix & 0xff;
      const bits = Math.log2(mask + 1);
      for (const value of [0, 1, mask - 1, mask, mask + 1, mask + 127, mask + 128, 16_383, 65_536, 0x7fff_fffe, 0x7fff_ffff]) {
        const octets = written(prefix, value);
        assert.deepEqual(octets, integer(prefix >>> 8, bits, value));
        assert.deepEqual(read(octets, mask), { value, at: octets.length });
        assert.ok(octets.length <= MAX_INTEGER_OCTETS);
      }
    });
  }

  for (const [what, octets] of [
    ['without an octet', ''],
    ['cut behind the prefix', '1f'],
    ['cut within', '1f80'],
    ['of 2^31', '1fe1ffffff07'],
    ['of 2^35', '1fffffffff7f'],
    ['of six octets behind the prefix', '1f808080808000'],
    ['padded with zeros to six octets', '1f818080808000'],
  ] as const) {
    it(`H2-1.8-integer: are refused ${what}`, () => {
      assert.throws(
        () => read(hex(octets), 0x1f),
        (error) => error instanceof ConnectionError && error.code === ErrorCode.COMPRESSION_ERROR,
      );
    });
  }

  it('may have zeros behind them, within five octets', () => {
    assert.deepEqual(read(hex('1f8180808000'), 0x1f), { value: 32, at: 6 });
    assert.deepEqual(read(hex('1fe0ffffff07'), 0x1f), { value: 0x7fff_ffff, at: 6 });
  });
});
