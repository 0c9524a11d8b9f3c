import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createField, FIELD_OVERHEAD, Field } from '../../../../src/http2/hpack/field.ts';
import { FieldList } from '../../../../src/http2/hpack/field-list.ts';
import { knownName } from '../../../../src/http2/hpack/field-name.ts';
import { nameCache } from '../../../../src/http2/hpack/name-cache.ts';
import { NameId } from '../../../../src/http2/hpack/name-id.ts';
import { Trait } from '../../../../src/http2/hpack/trait.ts';
import { createDecoder, decode, fieldList, huffman, indexed, literal, texts } from '../../../support/http2/hpack-wire.ts';

function field(name: string, value: string, isCoded = false): Field {
  const made = new Field();
  const octets = isCoded ? huffman(value) : Buffer.from(value, 'latin1');
  made.name = nameCache.resolveText(name);
  made.setLiteral(octets, 0, octets.length, isCoded);
  assert.ok(made.check());
  return made;
}

describe('field', () => {
  for (const isCoded of [false, true]) {
    const form = isCoded ? 'Huffman-coded' : 'plain';

    it(`gives its value, ${form}`, () => {
      const one = field('x-a', 'some value', isCoded);
      assert.equal(one.valueText(), 'some value');
      assert.equal(one.valueOctets().toString(), 'some value');
      const target = Buffer.alloc(10, '.');
      assert.deepEqual([one.copyValue(target), target.toString()], [10, 'some value']);
      assert.equal(one.copyValue(Buffer.alloc(9)), -1);
      assert.deepEqual([one.length, one.size, one.traits], [10, 3 + 10 + FIELD_OVERHEAD, 0]);
    });

    it(`knows a status and a number, ${form}`, () => {
      assert.equal(field(':status', '504', isCoded).status, 504);
      assert.equal(field(':status', '50x', isCoded).status, 0);
      assert.equal(field(':status', '50x', isCoded).traits & Trait.MALFORMED, Trait.MALFORMED);
      assert.equal(field('x-a', '504', isCoded).status, 0);
      assert.equal(field('content-length', '1234567', isCoded).valueNumber(), 1_234_567);
    });

    it(`flags values that HTTP does not allow, and does not ask for their form, ${form}`, () => {
      assert.equal(field('x-a', 'a\0b', isCoded).traits, Trait.INVALID_VALUE);
      assert.equal(field(':path', ' /', isCoded).traits, Trait.PSEUDO | Trait.PATH | Trait.INVALID_VALUE);
      assert.equal(field(':path', 'x', isCoded).traits, Trait.PSEUDO | Trait.PATH | Trait.MALFORMED);
    });

    it(`checks the form of values longer than its scratch, ${form}`, () => {
      const long = field(':path', `/${'a'.repeat(3000)}`, isCoded);
      assert.equal(long.traits, Trait.PSEUDO | Trait.PATH);
      assert.equal(long.length, 3001);
      assert.notEqual(field(':path', `/${'a'.repeat(3000)} b`, isCoded).traits & Trait.MALFORMED, 0);
    });
  }

  it('forgets the status of what it was before', () => {
    const one = field(':status', '504');
    one.name = nameCache.resolveText('x-a');
    one.setLiteral(Buffer.from('x'), 0, 1, false);
    one.check();
    assert.equal(one.status, 0);
  });

  it('is never longer on the wire than in limits', () => {
    const one = field('x-a', '\\\\\\', true);
    assert.deepEqual([one.huffman, one.end - one.start, one.valueText()], [false, 3, '\\\\\\']);
  });

  it('refuses a wrong Huffman coding', () => {
    const one = new Field();
    one.setLiteral(Buffer.of(0xff), 0, 1, true);
    assert.equal(one.check(), false);
  });

  it('made here is immutable, in the shorter form, and has its text once', () => {
    const one = createField(knownName(NameId.USER_AGENT), Buffer.from('grpc-node'));
    assert.ok(one.id > 0 && one.huffman);
    assert.equal(one.valueText(), 'grpc-node');
    assert.equal(one.valueText(), 'grpc-node');
    assert.equal(createField(knownName(NameId.USER_AGENT), Buffer.from('\\\\')).huffman, false);
    assert.ok(createField(knownName(NameId.USER_AGENT), Buffer.from('grpc-node')).id > one.id);
  });

  it('takes over everything but the id', () => {
    const one = field(':status', '200');
    one.neverIndexed = true;
    const copy = new Field();
    copy.copyFrom(one);
    assert.deepEqual(
      [copy.valueText(), copy.status, copy.size, copy.traits, copy.neverIndexed, copy.id],
      ['200', 200, one.size, one.traits, true, 0],
    );
    copy.release();
    assert.equal(copy.octets.length, 0);
  });
});

describe('field list', () => {
  it('holds what is pushed, in order, and counts it', () => {
    const list = fieldList([
      [':status', '200'],
      ['x-list', 'a'],
      ['x-list', 'b', true],
    ]);
    assert.deepEqual(texts(list), [':status: 200', 'x-list: a', 'x-list: b !']);
    assert.equal(list.listBytes, 7 + 3 + 32 + 2 * (6 + 1 + 32));
    assert.deepEqual([list.length, list.overLimit], [3, false]);
    assert.equal(list.at(3).size, 0);
    assert.equal(list.at(-1).size, 0);
  });

  it('finds the first field of a name', () => {
    const list = fieldList([
      ['te', 'trailers'],
      ['via', 'a'],
      ['via', 'b'],
    ]);
    assert.equal(list.get(NameId.VIA)?.valueText(), 'a');
    assert.equal(list.get(NameId.HOST), null);
  });

  it('removes all fields of a name', () => {
    const list = fieldList([
      ['via', 'a'],
      ['te', 'trailers'],
      ['via', 'bb'],
      ['host', 'h'],
    ]);
    const before = list.listBytes;
    assert.equal(list.remove(NameId.VIA), 2);
    assert.deepEqual(texts(list), ['te: trailers', 'host: h']);
    assert.equal(list.listBytes, before - 3 - 1 - 3 - 2 - 64);
    assert.equal(list.remove(NameId.VIA), 0);
  });

  it('gives the first field of a name another value in its place', () => {
    const list = fieldList([
      ['via', 'a'],
      ['grpc-timeout', '10S', true],
      ['te', 'trailers'],
    ]);
    const before = list.listBytes;
    assert.equal(list.replaceText(NameId.GRPC_TIMEOUT, '9999m'), true);
    assert.deepEqual(texts(list), ['via: a', 'grpc-timeout: 9999m !', 'te: trailers']);
    assert.equal(list.listBytes, before + 2);
    assert.equal(list.replaceText(NameId.HOST, 'x'), false);
    for (let round = 0; round < 3; round++) {
      assert.equal(list.replaceText(NameId.VIA, 'known value'), true);
    }
    assert.equal(list.get(NameId.VIA)?.valueText(), 'known value');
    list.pushText('x-after', 'replacing');
    assert.deepEqual(texts(list), ['via: known value', 'grpc-timeout: 9999m !', 'te: trailers', 'x-after: replacing']);
  });

  it('moves the last field to the front', () => {
    const list = fieldList([
      ['te', 'trailers'],
      ['via', 'a'],
      [':authority', 'h'],
    ]);
    list.moveLastToFront();
    assert.deepEqual(texts(list), [':authority: h', 'te: trailers', 'via: a']);
    const one = fieldList([['te', 'trailers']]);
    one.moveLastToFront();
    assert.deepEqual(texts(one), ['te: trailers']);
  });

  it('is empty once cleared, and lets go of received octets', () => {
    const list = new FieldList();
    const block = Buffer.concat([
      literal('plain', 'x-clear-1', 'a'),
      literal('plain', ':method', 'GET'),
      literal('plain', ':method', 'GET'),
    ]);
    createDecoder().decode(block, 0, block.length, list);
    const kept = Array.from({ length: list.length }, (_, index) => list.at(index)).filter(({ id }) => id === 0);
    list.overLimit = true;
    const spare = list.spare();
    spare.setLiteral(block, 0, 1, false);
    list.clear();
    assert.deepEqual([list.length, list.listBytes, list.overLimit], [0, 0, false]);
    assert.ok(kept.length > 0 && kept.every(({ octets }) => octets.length === 0));
    assert.equal(spare.octets.length, 0, 'also of a field that was not pushed');
  });

  it('uses its fields again', () => {
    const list = new FieldList();
    list.pushText('x-again', 'first sight 1');
    const first = list.at(0);
    list.clear();
    list.pushText('x-again', 'first sight 2');
    assert.equal(list.at(0), first);
    assert.equal(list.at(0).valueText(), 'first sight 2');
  });

  it('retained, needs neither the list nor the received octets', () => {
    const block = Buffer.concat([
      indexed(2),
      literal('never', 'x-retain', 'kept'),
      literal('plain', 'x-retain', 'v'.repeat(700), true),
    ]);
    const list = decode(createDecoder({ maxFields: 3 }), block, indexed(2));
    const copy = list.retain();
    const wanted = texts(list);
    list.clear();
    list.pushText('x-other', 'overwrites');
    block.fill(0);
    assert.deepEqual(texts(copy), wanted);
    assert.deepEqual([copy.overLimit, copy.listBytes], [true, 42 * 2 + 44 + 740]);
  });

  it('takes over another list, in place of what it held', () => {
    const list = fieldList([
      ['x-assign', 'old, and longer than the new one'],
      ['te', 'trailers'],
    ]);
    const block = Buffer.concat([indexed(2), literal('never', 'x-assign', 'new')]);
    const other = decode(createDecoder({ maxFields: 2 }), block, indexed(2));
    list.assign(other);
    other.clear();
    block.fill(0);
    assert.deepEqual(texts(list), [':method: GET', 'x-assign: new !']);
    assert.deepEqual([list.overLimit, list.listBytes], [true, 42 * 2 + 43]);
  });

  it('taken from another one, needs no received octets, and leaves that one empty', () => {
    const list = fieldList([['x-before', 'gone']]);
    const block = Buffer.concat([
      indexed(2),
      literal('never', 'x-take', 'first'),
      literal('never', 'x-take', 'v'.repeat(700), true),
      literal('plain', 'x-take', 'last'),
    ]);
    const other = decode(createDecoder({ maxFields: 5 }), block);
    other.pushText('x-take', 'made here');
    list.takeFrom(other);
    block.fill(0);
    const wanted = [':method: GET', 'x-take: first !', `x-take: ${'v'.repeat(700)} !`, 'x-take: last', 'x-take: made here'];
    assert.deepEqual(texts(list), wanted);
    assert.deepEqual([texts(other), other.length, other.listBytes, other.overLimit], [[], 0, 0, false]);
    other.pushText('x-other', 'another section');
    list.pushText('x-more', 'and more');
    assert.deepEqual(texts(other), ['x-other: another section']);
    assert.deepEqual(texts(list), [...wanted, 'x-more: and more']);
  });

  it('takes the mark and the size of a section above the limit', () => {
    const list = new FieldList();
    const other = decode(createDecoder({ maxFields: 2 }), Buffer.concat([indexed(2), indexed(2), indexed(2)]));
    const { listBytes } = other;
    list.takeFrom(other);
    assert.deepEqual([list.overLimit, list.listBytes, list.length], [true, listBytes, 2]);
    list.takeFrom(other);
    assert.deepEqual([list.overLimit, list.listBytes, list.length], [false, 0, 0]);
  });

  it('keeps texts apart while its memory grows', () => {
    const list = new FieldList();
    const wanted: string[] = [];
    for (let index = 0; index < 60; index++) {
      const value = `${index}`.repeat(1 + index * 7);
      list.pushText('x-grow', value);
      wanted.push(`x-grow: ${value}`);
    }
    assert.deepEqual(texts(list), wanted);
  });

  for (const [what, name, value] of [
    ['capital letters in a name', 'X-Name', 'v'],
    ['an empty name', '', 'v'],
    ['a line end in a value', 'x-name', 'a\r\nb'],
    ['a space first', 'x-name', ' a'],
    ['a character that is no octet in a value', 'x-name', '\u0100'],
    ['a character that is no octet in a name', 'x-\u010a', 'v'],
  ] as const) {
    it(`takes ${what} for a mistake of the caller`, () => {
      const list = new FieldList();
      assert.throws(() => list.pushText(name, value), assert.AssertionError);
      assert.equal(list.length, 0);
    });
  }
});
