import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hasElement, keepFields, removeConnectionFields, toRawFields, toTrailers, valuesOf } from '../../../src/http1/fields.ts';

describe('fields', () => {
  it('are found regardless of case, all of one name in their order', () => {
    const fields = ['X-A', '1', 'x-b', '2', 'x-a', '3'];
    assert.deepEqual(valuesOf(fields, 'x-a'), ['1', '3']);
    assert.deepEqual(valuesOf(fields, 'x-c'), []);
  });

  it('that are lists are looked through without parameters and case', () => {
    assert.equal(hasElement(['TE', 'gzip;q=0.5, Trailers ;q=1'], 'te', 'trailers'), true);
    assert.equal(hasElement(['te', 'gzip', 'TE', 'trailers'], 'te', 'trailers'), true);
    assert.equal(hasElement(['te', 'trailersx', 'x', 'trailers'], 'te', 'trailers'), false);
  });

  it('of one connection are removed, with those that Connection names', () => {
    const fields = [
      'Host',
      'a',
      'Connection',
      'close, X-Hop',
      'X-HOP',
      '1',
      'connection',
      ' x-other ',
      'x-other',
      '2',
      'X-Kept',
      '3',
    ];
    const more = [
      'TE',
      'a',
      'Upgrade',
      'b',
      'Keep-Alive',
      'c',
      'Transfer-Encoding',
      'd',
      'Proxy-Connection',
      'e',
      'HTTP2-Settings',
      'f',
    ];
    assert.deepEqual(removeConnectionFields([...fields, ...more], ['host']), ['X-Kept', '3']);
  });

  it('that say how a message is framed, routed or read are no trailers', () => {
    const fields = ['Content-Length', '1', 'Host', 'a', 'Set-Cookie', 'b', 'Connection', 'c', 'Grpc-Status', '0', 'X-Sum', '7'];
    assert.deepEqual(toTrailers(fields), ['Grpc-Status', '0', 'X-Sum', '7']);
  });

  it('of an odd number lose the last name', () => {
    assert.deepEqual(
      keepFields(['a', '1', 'b'], () => true),
      ['a', '1'],
    );
  });

  it('of undici are octets, and none are an empty list', () => {
    assert.deepEqual(toRawFields([Buffer.from('x-\xe9', 'latin1'), Buffer.from([0xe9])]), ['x-\xe9', '\xe9']);
    assert.deepEqual(toRawFields(undefined), []);
    assert.deepEqual(toRawFields({ a: 'b' }), []);
  });
});
