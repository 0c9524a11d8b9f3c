import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkHuffman, decodeHuffman, encodeHuffman, maxDecodedOctets } from '../../../../src/http2/hpack/huffman.ts';
import { HUFFMAN_CODES, HUFFMAN_LENGTHS } from '../../../../src/http2/hpack/huffman-table.ts';
import { isValue } from '../../../../src/http2/hpack/octet-classes.ts';
import { huffman } from '../../../support/http2/hpack-wire.ts';
import { huffmanCodes, naiveHuffman } from '../../../support/http2/naive-hpack.ts';
import { hex } from '../../../support/http2/wire.ts';

/** What decodeHuffman makes of octets, which lie within others. */
function decoded(octets: Buffer): Buffer | null {
  const around = Buffer.concat([hex('a5ff'), octets, hex('00ff00ff00')]);
  const target = Buffer.alloc(maxDecodedOctets(octets.length));
  const length = decodeHuffman(around, 2, 2 + octets.length, target);
  return length < 0 ? null : target.subarray(0, length);
}

function checked(octets: Buffer): number {
  const around = Buffer.concat([hex('a5ff'), octets, hex('00ff00ff00')]);
  return checkHuffman(around, 2, 2 + octets.length);
}

/** Both ways to read a string agree with the naive one. */
function compare(octets: Buffer): void {
  const wanted = naiveHuffman(octets);
  assert.deepEqual(decoded(octets), wanted, octets.toString('hex'));
  const verdict = wanted === null ? -1 : wanted.length * 2 + (isValue(wanted, 0, wanted.length) ? 0 : 1);
  assert.equal(checked(octets), verdict, octets.toString('hex'));
}

describe('Huffman coding', () => {
  it('has the codes that an independent package has', () => {
    const ours = Array.from(HUFFMAN_LENGTHS, (bits, symbol) => (HUFFMAN_CODES[symbol] ?? 0).toString(2).padStart(bits, '0'));
    assert.deepEqual(ours, huffmanCodes());
    assert.equal(ours.length, 257);
  });

  // RFC 7541, appendixes C.4 and C.6.
  for (const [text, octets] of [
    ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
    ['no-cache', 'a8eb10649cbf'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
    [
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
      '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ],
  ] as const) {
    it(`writes and reads ${text}`, () => {
      assert.deepEqual(encodeHuffman(Buffer.from(text)), hex(octets));
      assert.equal(decoded(hex(octets))?.toString(), text);
      assert.equal(checked(hex(octets)), text.length * 2);
    });
  }

  it('is empty for the empty string', () => {
    assert.equal(encodeHuffman(Buffer.alloc(0)).length, 0);
    assert.equal(decoded(Buffer.alloc(0))?.length, 0);
    assert.equal(checked(Buffer.alloc(0)), 0);
  });

  it('reads every octet, alone and between others', () => {
    for (let octet = 0; octet < 256; octet++) {
      const text = String.fromCharCode(octet);
      for (const whole of [text, `a${text}`, `${text}a`, `zz${text}zz`, text.repeat(9)]) {
        const coded = huffman(whole);
        assert.deepEqual(encodeHuffman(Buffer.from(whole, 'latin1')), coded);
        assert.equal(decoded(coded)?.toString('latin1'), whole);
        compare(coded);
      }
    }
  });

  it('H2-1.8-huffman: refuses the end of string, whole or as more than seven bits of padding', () => {
    const ones = '1'.repeat(30);
    for (const octets of [
      huffman('', ones),
      huffman('a', ones),
      huffman('abc', `${ones}00011`),
      hex('ff'),
      hex('1fff'),
      hex('ffffffff'),
    ]) {
      assert.equal(decoded(octets), null, octets.toString('hex'));
      assert.equal(checked(octets), -1, octets.toString('hex'));
    }
  });

  it('takes one to seven ones as padding, and no zeros', () => {
    // Codes of 5 to 8 bits, alone or in twos, leave every number of bits.
    for (const text of ['0', ' ', ':', '&', '00', '0 ', ' :', '::', ': &', '000']) {
      const coded = huffman(text);
      assert.equal(decoded(coded)?.toString(), text);
      const last = coded.at(-1) ?? 0;
      if ((last & 1) === 1) {
        compare(Buffer.concat([coded.subarray(0, -1), Buffer.of(last & 0xfe)]));
      }
    }
    assert.equal(decoded(hex('00')), null, 'three zeros behind a code of five bits');
    assert.equal(checked(hex('1e')), -1, 'padding that ends with a zero');
  });

  it('agrees with a naive decoder on all strings of one and two octets', () => {
    for (let number = 0; number < 0x1_0000; number++) {
      compare(Buffer.of(number >>> 8, number & 0xff));
    }
    for (let number = 0; number < 0x100; number++) {
      compare(Buffer.of(number));
    }
  });

  it('agrees with a naive decoder on any octets', () => {
    const long = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(long, (octets) => compare(Buffer.from(octets))),
      { seed: 7541, numRuns: 4000 },
    );
    fc.assert(
      fc.property(long, (octets) => compare(encodeHuffman(Buffer.from(octets)))),
      { seed: 7541, numRuns: 2000 },
    );
  });

  it('sees spaces at the edges and forbidden octets wherever they are', () => {
    for (const text of [
      ' a',
      'a ',
      '\ta',
      'a\t',
      ' ',
      'a\nb',
      'a\0',
      '\ra',
      `${'a'.repeat(40)} `,
      ` ${'a'.repeat(40)}`,
      `${'e'.repeat(9)}\x7f`,
    ]) {
      assert.equal(checked(huffman(text)), text.length * 2 + 1, JSON.stringify(text));
    }
    for (const text of ['a b', 'a\tb', `${'a'.repeat(20)} b`, '\x80\xff', '', 'a  a']) {
      assert.equal(checked(huffman(text)), text.length * 2, JSON.stringify(text));
    }
  });
});
