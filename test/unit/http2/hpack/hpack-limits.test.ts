import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionError, ErrorCode } from '../../../../src/http2/errors.ts';
import { FieldList } from '../../../../src/http2/hpack/field-list.ts';
import { createDecoder, decode, indexed, literal, texts } from '../../../support/http2/hpack-wire.ts';

const CALM = (error: unknown): boolean => error instanceof ConnectionError && error.code === ErrorCode.ENHANCE_YOUR_CALM;

/** `count` times the static field `:method: GET`, 42 octets each. */
function gets(count: number): Buffer[] {
  return Array.from({ length: count }, () => indexed(2));
}

describe('limits of a field section', () => {
  it('are reached by octets and by fields without being exceeded', () => {
    const fields = decode(createDecoder({ maxListBytes: 420, maxFields: 10 }), ...gets(10));
    assert.deepEqual([fields.length, fields.listBytes, fields.overLimit], [10, 420, false]);
  });

  it('mark a list that has one field too many', () => {
    const fields = decode(createDecoder({ maxFields: 10 }), ...gets(11));
    assert.deepEqual([fields.length, fields.overLimit], [10, true]);
  });

  it('mark a list that has one octet too many', () => {
    const fields = decode(createDecoder({ maxListBytes: 419 }), ...gets(10));
    assert.deepEqual([fields.length, fields.listBytes, fields.overLimit], [9, 420, true]);
  });

  it('H2-1.8-list-size: count names, values and 32 octets for each field, decoded', () => {
    const fields = decode(createDecoder(), literal('plain', 'x-a', 'value', true), literal('inserted', '', ''), indexed(62));
    assert.equal(fields.listBytes, 40 + 32 + 32);
  });

  it('count every crumb of a cookie', () => {
    const crumbs = Array.from({ length: 129 }, () => literal('never', 32, 'a=b'));
    assert.equal(decode(createDecoder({ maxFields: 128 }), ...crumbs.slice(1)).overLimit, false);
    assert.equal(decode(createDecoder({ maxFields: 128 }), ...crumbs).overLimit, true);
  });

  it('end the connection at twice the fields', () => {
    assert.equal(decode(createDecoder({ maxFields: 10 }), ...gets(19)).overLimit, true);
    assert.throws(() => decode(createDecoder({ maxFields: 10 }), ...gets(20)), CALM);
  });

  it('end the connection at twice the octets', () => {
    assert.equal(decode(createDecoder({ maxListBytes: 421 }), ...gets(20)).overLimit, true);
    assert.throws(() => decode(createDecoder({ maxListBytes: 420 }), ...gets(20)), CALM);
  });

  it('end a bomb of one-octet references while it is decoded, having stored little (CVE-2016-6581)', () => {
    const decoder = createDecoder({ maxListBytes: 65_536, maxFields: 1000 });
    decode(decoder, literal('inserted', 'a', 'x'.repeat(4000)));
    const block = Buffer.alloc(16_384, 0xbe);
    const fields = new FieldList();
    assert.throws(() => decoder.decode(block, 0, block.length, fields), CALM);
    assert.ok(fields.length <= 16 && fields.listBytes < 3 * 65_536);
  });

  it('keep the table right: what is dropped from the list is still inserted', () => {
    const decoder = createDecoder({ maxFields: 2 });
    const over = decode(decoder, indexed(2), indexed(4), literal('inserted', 'x-late', 'kept'));
    assert.deepEqual([texts(over), over.overLimit], [[':method: GET', ':path: /'], true]);
    const after = decode(decoder, indexed(62));
    assert.deepEqual([texts(after), after.overLimit], [['x-late: kept'], false]);
  });

  it('drop a large field and still take a small one, in a list that stays marked', () => {
    const fields = decode(createDecoder({ maxListBytes: 100 }), literal('plain', 'a', 'x'.repeat(80)), indexed(2));
    assert.deepEqual([fields.length, fields.overLimit], [0, true]);
  });
});
