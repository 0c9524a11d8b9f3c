import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  isAuthorityText,
  isDigits,
  isEdgeSpace,
  isName,
  isPathText,
  isScheme,
  isToken,
  isValue,
  isValueOctet,
} from '../../../../src/http2/hpack/octet-classes.ts';

type Check = (octets: Buffer, start: number, end: number) => boolean;

/** The octets that pass alone, as the text of a class for a regular expression, checked for all 256. */
function assertClass(check: Check, pattern: RegExp): void {
  for (let octet = 0; octet < 256; octet++) {
    const text = String.fromCharCode(octet);
    assert.equal(check(Buffer.of(octet), 0, 1), pattern.test(text), `octet ${octet}`);
    // RFC 9110's characters are the same wherever they stand.
    assert.equal(check(Buffer.of(0x31, octet, 0x31), 0, 3), pattern.test(text), `octet ${octet} between others`);
    assert.equal(check(Buffer.of(octet, 0x31, octet), 1, 2), true, `octet ${octet} beside the range`);
  }
}

describe('octet classes', () => {
  it('are tokens without capital letters for names (RFC 9113, 8.2.1)', () => {
    assertClass(isName, /^[!#$%&'*+\-.^_`|~0-9a-z]$/);
    assert.equal(isName(Buffer.alloc(0), 0, 0), false);
  });

  it('are tokens for methods (RFC 9110, 5.6.2)', () => {
    assertClass(isToken, /^[!#$%&'*+\-.^_`|~0-9a-zA-Z]$/);
    assert.equal(isToken(Buffer.alloc(0), 0, 0), false);
  });

  it('are those of RFC 3986 for authorities without userinfo, schemes and digits', () => {
    assertClass(isAuthorityText, /^[-._~%!$&'()*+,;=:[\]0-9a-zA-Z]$/);
    assertClass(isScheme, /^[+\-.0-9a-zA-Z]$/);
    assertClass(isDigits, /^[0-9]$/);
    assert.equal(isScheme(Buffer.alloc(0), 0, 0), false);
    assert.equal(isDigits(Buffer.alloc(0), 0, 0), false);
    assert.equal(isAuthorityText(Buffer.alloc(0), 0, 0), true);
  });

  it('are all but spaces and control octets for paths', () => {
    assertClass(isPathText, /^[\x21-\x7e\x80-\xff]$/);
  });

  it('are HTAB, SP, visible and obs-text octets for values, without spaces at the edges (RFC 9113, 8.2.1)', () => {
    for (let octet = 0; octet < 256; octet++) {
      const isFine = octet === 9 || (octet >= 0x20 && octet !== 0x7f);
      const isSpace = octet === 9 || octet === 0x20;
      assert.equal(isValueOctet(octet), isFine, `octet ${octet}`);
      assert.equal(isEdgeSpace(octet), isSpace, `octet ${octet}`);
      assert.equal(isValue(Buffer.of(0x61, octet, 0x61), 0, 3), isFine, `octet ${octet} within`);
      assert.equal(isValue(Buffer.of(octet, 0x61), 0, 2), isFine && !isSpace, `octet ${octet} first`);
      assert.equal(isValue(Buffer.of(0x61, octet), 0, 2), isFine && !isSpace, `octet ${octet} last`);
    }
    assert.equal(isValue(Buffer.alloc(0), 0, 0), true);
  });
});
