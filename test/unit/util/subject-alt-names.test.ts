import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AltName, hasAltName, parseAltNames, toWantedName } from '../../../src/util/subject-alt-names.ts';

const texts = (names: readonly AltName[]): string[] => names.map(({ kind, value }) => `${kind} ${value}`);

describe('subject alternative names', () => {
  it('are read from the text that Node gives', () => {
    const text = 'DNS:a.test, DNS:*.B.test, URI:spiffe://Cluster.local/ns/A/sa/b, IP Address:10.0.0.1, email:Me@A.test';
    assert.deepEqual(texts(parseAltNames(text)), [
      'dns a.test',
      'dns *.b.test',
      'uri spiffe://cluster.local/ns/A/sa/b',
      'ip 10.0.0.1',
      'email Me@a.test',
    ]);
    assert.deepEqual(parseAltNames(''), []);
    assert.deepEqual(texts(parseAltNames('Registered ID:1.2.3, DNS:a.test')), ['dns a.test']);
    assert.deepEqual(texts(parseAltNames('IP Address:2001:DB8:0:0:0:0:0:1')), ['ip 2001:db8::1']);
  });

  it('do not let one name pretend to be two', () => {
    assert.deepEqual(texts(parseAltNames(String.raw`URI:"spiffe://evil/, DNS:good.test", DNS:evil.test`)), [
      'uri spiffe://evil/, DNS:good.test',
      'dns evil.test',
    ]);
    assert.deepEqual(texts(parseAltNames(String.raw`DNS:"a\u0000.test"`)), ['dns a\u0000.test']);
    assert.deepEqual(texts(parseAltNames(String.raw`DNS:"a\x00.test"`)), ['dns ']);
  });
});

describe('a wanted name', () => {
  const rows: readonly (readonly [wanted: string, text: string, found: boolean])[] = [
    ['spiffe://a.test/ns/x', 'URI:spiffe://a.test/ns/x', true],
    ['SPIFFE://A.test/ns/x', 'URI:spiffe://a.TEST/ns/x', true],
    ['spiffe://a.test/ns/X', 'URI:spiffe://a.test/ns/x', false],
    ['spiffe://a.test/ns/x', 'URI:spiffe://a.test/ns/x/y', false],
    ['spiffe://a.test/ns/x', 'DNS:spiffe://a.test/ns/x', false],
    ['urn:a:B', 'URI:urn:a:B', true],
    ['urn:a:B', 'URI:urn:a:b', false],
    ['a.test', 'DNS:A.TEST', true],
    ['a.test', 'URI:a.test', false],
    ['a.b.test', 'DNS:*.b.test', true],
    ['a.b.test', 'DNS:*.test', false],
    ['b.test', 'DNS:*.b.test', false],
    ['.b.test', 'DNS:*.b.test', false],
    ['10.0.0.1', 'IP Address:10.0.0.1', true],
    ['10.0.0.1', 'DNS:10.0.0.1', false],
    ['2001:db8::1', 'IP Address:2001:DB8:0:0:0:0:0:1', true],
    ['me@A.test', 'email:me@a.test', true],
    ['Me@a.test', 'email:me@a.test', false],
  ];
  for (const [wanted, text, found] of rows) {
    it(`${wanted} is ${found ? '' : 'not '}${text}`, () => {
      assert.equal(hasAltName(parseAltNames(text), ['nobody.example', wanted].map(toWantedName)), found);
    });
  }
});
