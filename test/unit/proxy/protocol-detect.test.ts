import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type DetectedProtocol, detectProtocol, MAX_UNDECIDED_BYTES } from '../../../src/proxy/protocol-detect.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

const ROWS: readonly (readonly [octets: string, verdict: DetectedProtocol])[] = [
  ['', 'undecided'],
  ['P', 'undecided'],
  ['PRI * HTTP/', 'undecided'],
  ['PRI * HTTP/2', 'http2'],
  [PREFACE, 'http2'],
  [`${PREFACE}\x00\x00\x00\x04\x00\x00\x00\x00\x00`, 'http2'],
  ['PRI * HTTP/1.1\r\n', 'http1'],
  ['PRI / HTTP/2.0\r\n', 'http1'],
  ['pri', 'http1'],
  ['PU', 'http1'],
  ['POST', 'http1'],
  ['PRIO', 'http1'],
  ['G', 'http1'],
  ['get / HTTP/1.0\r\n\r\n', 'http1'],
  ['OPTIONS * HTTP/1.0\r\n\r\n', 'http1'],
  ['\r\nGET / HTTP/1.1\r\n', 'http1'],
  ['\n', 'http1'],
  ['~', 'http1'],
  ['0', 'http1'],
  ['\x16', 'undecided'],
  ['\x16\x03', 'tls'],
  ['\x16\x03\x01\x02\x00\x01', 'tls'],
  ['\x16\x02', 'garbage'],
  ['\x15\x03\x01', 'garbage'],
  ['\x80\x2e\x01\x03\x01', 'garbage'],
  ['\x00', 'garbage'],
  [' GET / HTTP/1.1', 'garbage'],
  ['(', 'garbage'],
  ['\x7f', 'garbage'],
  ['\xc7', 'garbage'],
];

function octets(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

describe('detectProtocol', () => {
  for (const [text, verdict] of ROWS) {
    it(`is ${verdict} for ${JSON.stringify(text)}`, () => {
      assert.equal(detectProtocol(octets(text)), verdict);
    });
  }

  it('gives one answer for every split, and never takes it back', () => {
    const interesting = fc.oneof(
      fc.constantFrom(...ROWS.map(([text]) => text)).map(octets),
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(fc.nat(PREFACE.length), fc.uint8Array({ maxLength: 20 }))
        .map(([length, rest]) => Buffer.concat([octets(PREFACE.slice(0, length)), rest])),
    );
    fc.assert(
      fc.property(interesting, (all) => {
        const whole = detectProtocol(all);
        let seen: DetectedProtocol = 'undecided';
        for (let length = 0; length <= all.byteLength; length++) {
          const now = detectProtocol(all.subarray(0, length));
          assert.ok(seen === 'undecided' || seen === now, `${seen} became ${now}`);
          seen = now;
        }
        assert.equal(seen, whole);
      }),
    );
  });

  it('is decided after MAX_UNDECIDED_BYTES and one more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: MAX_UNDECIDED_BYTES + 1, maxLength: 40 }), (all) => {
        assert.notEqual(detectProtocol(all), 'undecided');
      }),
    );
    assert.equal(detectProtocol(octets(PREFACE.slice(0, MAX_UNDECIDED_BYTES))), 'undecided');
  });

  it('takes every token character of RFC 9110 as the start of a method, and nothing else but line ends', () => {
    const starts = Array.from({ length: 256 }, (_, octet) => octet).filter(
      (octet) => detectProtocol(Uint8Array.of(octet)) !== 'garbage',
    );
    const expected = Array.from({ length: 256 }, (_, octet) => octet).filter(
      (octet) => /^[!#$%&'*+.^_`|~0-9A-Za-z\r\n-]$/.test(String.fromCharCode(octet)) || octet === 0x16,
    );
    assert.deepEqual(starts, expected);
  });
});
