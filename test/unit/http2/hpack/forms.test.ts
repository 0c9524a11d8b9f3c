import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digitsValue, formTraits } from '../../../../src/http2/hpack/forms.ts';
import { NameId } from '../../../../src/http2/hpack/name-id.ts';
import { Trait } from '../../../../src/http2/hpack/trait.ts';

function traits(name: NameId, value: string): number {
  const octets = Buffer.from(`<${value}>`, 'latin1');
  return formTraits(name, octets, 1, octets.length - 1);
}

const FINE: readonly (readonly [keyof typeof NameId, readonly string[]])[] = [
  ['METHOD', ['GET', 'POST', 'M-SEARCH', 'get', 'CONNECTX', 'HEAD2']],
  ['SCHEME', ['http', 'https', 'a+b-c.d']],
  ['PATH', ['/', '/a?b=c', '/pkg.Service/Method', '/%zz', '/\xe9', '/a#b', '//']],
  ['AUTHORITY', ['localhost', 'a:80', '[::1]:443', '127.0.0.1', 'a_b', 'xn--a']],
  ['HOST', ['', 'localhost:80']],
  ['STATUS', ['100', '200', '599', '999']],
  ['TE', ['trailers']],
  ['CONTENT_LENGTH', ['0', '10', '007', '999999999999999']],
];

const MALFORMED: readonly (readonly [keyof typeof NameId, readonly string[]])[] = [
  ['METHOD', ['', 'GE T', 'GET\r', 'G@T']],
  ['SCHEME', ['', 'ht tp', 'http:', 'h/']],
  ['PATH', ['', 'a', 'Service/Method', '/a b', '/a\t', '/a\n', '**', '*x', '/\x7f']],
  ['AUTHORITY', ['', 'user@host', 'a b', 'a/b', 'a\r', 'h\xe9']],
  ['HOST', ['user@host', 'a/b', ' ']],
  ['STATUS', ['', '20', '2000', '2x0', '020', '000', '-20', ' 20']],
  ['TE', ['', 'Trailers', 'gzip', 'trailers ', 'trailers, gzip', 'trailer']],
  ['CONTENT_LENGTH', ['', '-1', '+1', '1.0', ' 1', '1,1', '0x1', '1000000000000000']],
];

describe('forms of values', () => {
  for (const [name, values] of FINE) {
    for (const value of values) {
      it(`allow ${name} ${JSON.stringify(value)}`, () => assert.equal(traits(NameId[name], value), 0));
    }
  }

  for (const [name, values] of MALFORMED) {
    for (const value of values) {
      it(`refuse ${name} ${JSON.stringify(value)}`, () => assert.equal(traits(NameId[name], value), Trait.MALFORMED));
    }
  }

  it('tell apart what the rules of requests need', () => {
    assert.equal(traits(NameId.METHOD, 'CONNECT'), Trait.CONNECT);
    assert.equal(traits(NameId.METHOD, 'OPTIONS'), Trait.OPTIONS);
    assert.equal(traits(NameId.METHOD, 'HEAD'), Trait.HEAD);
    assert.equal(traits(NameId.PATH, '*'), Trait.ASTERISK);
  });

  it('give the number of digits', () => {
    assert.equal(digitsValue(Buffer.from('x204y'), 1, 4), 204);
    assert.equal(digitsValue(Buffer.from('999999999999999'), 0, 15), 999_999_999_999_999);
  });
});
