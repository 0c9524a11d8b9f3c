import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAltNames } from '../../../src/upstream/upstream-tls.ts';

describe('subject alternative names', () => {
  it('are read from the text that Node gives', () => {
    assert.deepEqual(parseAltNames('DNS:a.test, DNS:*.B.test, URI:spiffe://cluster.local/ns/a/sa/b, IP Address:10.0.0.1'), [
      'a.test',
      '*.b.test',
      'spiffe://cluster.local/ns/a/sa/b',
      '10.0.0.1',
    ]);
    assert.deepEqual(parseAltNames(''), []);
    assert.deepEqual(parseAltNames('Registered ID:1.2.3, DNS:a.test'), ['a.test']);
  });

  it('do not let one name pretend to be two', () => {
    assert.deepEqual(parseAltNames(String.raw`URI:"spiffe://evil/, DNS:good.test", DNS:evil.test`), [
      'spiffe://evil/, dns:good.test',
      'evil.test',
    ]);
    assert.deepEqual(parseAltNames(String.raw`DNS:"a\u0000.test"`), ['a\u0000.test']);
  });
});
