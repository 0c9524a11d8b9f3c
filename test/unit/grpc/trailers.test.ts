import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeGrpcMessage, parseGrpcStatus } from '../../../src/grpc/trailers.ts';
import { fuzzRuns } from '../../support/fuzz-runs.ts';

describe('encodeGrpcMessage', () => {
  for (const [text, encoded] of [
    ['no healthy upstream', 'no healthy upstream'],
    ['100 %', '100 %25'],
    ['a\r\nb', 'a%0D%0Ab'],
    ['\u007f~', '%7F~'],
    ['ü☺', '%C3%BC%E2%98%BA'],
    ['', ''],
  ] as const) {
    it(`makes ${JSON.stringify(encoded)} of ${JSON.stringify(text)}`, () => {
      assert.equal(encodeGrpcMessage(text), encoded);
    });
  }

  it('is undone by percent-decoding, and printable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 49 }), (text) => {
        const encoded = encodeGrpcMessage(text);
        assert.match(encoded, /^[\x20-\x7e]*$/);
        assert.equal(decodeURIComponent(encoded), text.toWellFormed());
      }),
      fuzzRuns(200),
    );
  });

  it('cuts what is longer than 200 octets', () => {
    assert.equal(encodeGrpcMessage('x'.repeat(500)).length, 200);
  });
});

describe('parseGrpcStatus', () => {
  for (const [text, code] of [
    ['0', 0],
    ['16', 16],
    ['99', 99],
    ['', null],
    ['-1', null],
    ['1.5', null],
    ['100', null],
    ['1 ', null],
    ['+1', null],
    ['1.', null],
    ['OK', null],
    ['0x', null],
    ['1e', null],
  ] as const) {
    it(`is ${code} for ${JSON.stringify(text)}`, () => {
      assert.equal(parseGrpcStatus(text), code);
    });
  }
});
