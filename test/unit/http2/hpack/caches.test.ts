import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Field } from '../../../../src/http2/hpack/field.ts';
import { FieldCache } from '../../../../src/http2/hpack/field-cache.ts';
import { type FieldName, knownName, knownNames, NO_NAME } from '../../../../src/http2/hpack/field-name.ts';
import { NameCache, nameCache } from '../../../../src/http2/hpack/name-cache.ts';
import { LAST_NAME_ID, NameId } from '../../../../src/http2/hpack/name-id.ts';
import { hashLiteral, type Literal, OctetCache } from '../../../../src/http2/hpack/octet-cache.ts';
import { staticField } from '../../../../src/http2/hpack/static-table.ts';
import { Trait } from '../../../../src/http2/hpack/trait.ts';
import { huffman } from '../../../support/http2/hpack-wire.ts';
import { hex } from '../../../support/http2/wire.ts';

function literal(text: string, isCoded = false, name: FieldName = NO_NAME): Literal {
  const octets = isCoded ? huffman(text) : Buffer.from(text, 'latin1');
  return { name, octets, start: 0, end: octets.length, huffman: isCoded };
}

function field(name: string, value: string, isCoded = false): Field {
  const made = new Field();
  const { octets, end } = literal(value, isCoded);
  made.name = nameCache.resolveText(name);
  made.setLiteral(octets, 0, end, isCoded);
  return made;
}

/** What a decoder does with a literal. */
function meet(cache: FieldCache, one: Field): Field | null {
  const found = cache.find(one);
  if (found !== null) {
    return found;
  }
  assert.ok(one.check());
  return cache.admit(one);
}

describe('octet cache', () => {
  it('finds by octets, form and name together', () => {
    const cache = new OctetCache<string>(16);
    const name = nameCache.resolveText('x-cache');
    const kept = literal('abc', false, name);
    cache.add(kept, hashLiteral(kept), 'found');
    assert.equal(cache.find(literal('abc', false, name), hashLiteral(kept)), 'found');
    for (const other of [literal('abd', false, name), literal('abc', false), { ...literal('abc', false, name), huffman: true }]) {
      assert.equal(cache.find(other, hashLiteral(other)), null);
      assert.equal(cache.find(other, hashLiteral(kept)), null, 'a hash that collides');
    }
  });

  it('keeps a copy', () => {
    const cache = new OctetCache<string>(16);
    const octets = Buffer.from('abc');
    const kept = { ...literal('abc'), octets };
    cache.add(kept, 5, 'found');
    octets.fill(0);
    assert.equal(cache.find(literal('abc'), 5), 'found');
  });

  it('drops the oldest of those that share a place, and holds no more than its capacity', () => {
    const cache = new OctetCache<number>(8);
    for (let index = 0; index < 5; index++) {
      cache.add(literal(`v${index}`), 0, index);
    }
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((index) => cache.find(literal(`v${index}`), 0)),
      [null, 1, 2, 3, 4],
    );
    for (let index = 0; index < 1000; index++) {
      cache.add(literal(`w${index}`), index, index);
    }
    const found = Array.from({ length: 1000 }, (_, index) => cache.find(literal(`w${index}`), index));
    assert.equal(found.filter((value) => value !== null).length, 8);
  });
});

describe('field names', () => {
  it('have a text, traits and a literal in its shorter form', () => {
    const path = knownName(NameId.PATH);
    assert.deepEqual([path.text, path.length, path.staticIndex, path.isFormed], [':path', 5, 4, true]);
    assert.equal(path.traits, Trait.PSEUDO | Trait.PATH);
    assert.deepEqual(
      knownName(NameId.CONTENT_TYPE).literal,
      Buffer.concat([Buffer.of(0x80 | huffman('content-type').length), huffman('content-type')]),
    );
    assert.deepEqual(nameCache.resolveText('~~').literal, hex('027e7e'));
    assert.equal(knownNames().length, LAST_NAME_ID);
    knownNames().forEach((name, index) => assert.equal(name.id, index + 1));
  });

  for (const [name, traits] of [
    ['x-ordinary', 0],
    [':unknown', Trait.PSEUDO],
    ['', Trait.INVALID_NAME],
    [':', Trait.PSEUDO | Trait.INVALID_NAME],
    ['a:b', Trait.INVALID_NAME],
    ['X', Trait.INVALID_NAME],
    ['a b', Trait.INVALID_NAME],
    ['a\0', Trait.INVALID_NAME],
    ['\x80', Trait.INVALID_NAME],
    ['connection', Trait.CONNECTION_SPECIFIC],
    ['keep-alive', Trait.CONNECTION_SPECIFIC],
    ['proxy-connection', Trait.CONNECTION_SPECIFIC],
    ['transfer-encoding', Trait.CONNECTION_SPECIFIC],
    ['upgrade', Trait.CONNECTION_SPECIFIC],
    ['host', Trait.HOST],
    ['cookie', Trait.SENSITIVE],
    ['grpc-timeout', Trait.UNSTABLE],
    ['content-length', Trait.UNSTABLE | Trait.CONTENT_LENGTH],
    [':status', Trait.PSEUDO | Trait.STATUS],
  ] as const) {
    it(`have their traits: ${JSON.stringify(name)}`, () => assert.equal(nameCache.resolveText(name).traits, traits));
  }
});

describe('name cache', () => {
  it('gives one object for a known name, however it is written', () => {
    const cache = new NameCache();
    const wanted = knownName(NameId.GRPC_STATUS);
    assert.equal(cache.resolve(literal('grpc-status')), wanted);
    assert.equal(cache.resolve(literal('grpc-status', true)), wanted);
    assert.equal(cache.resolveText('grpc-status'), wanted);
  });

  it('gives one object for another name too, as long as it is kept', () => {
    const cache = new NameCache();
    const made = cache.resolve(literal('x-mine'));
    assert.equal(cache.resolve(literal('x-mine')), made);
    assert.ok(made !== null && made.id > LAST_NAME_ID);
    assert.equal(cache.resolveText('x-mine'), made);
  });

  it('gives names beyond 128 octets no id, and keeps none', () => {
    const cache = new NameCache();
    const kept = cache.resolveText('n'.repeat(128));
    const long = cache.resolveText('n'.repeat(129));
    assert.equal(cache.resolveText('n'.repeat(128)), kept);
    assert.equal(long.id, 0);
    assert.notEqual(cache.resolveText('n'.repeat(129)), long);
    assert.equal(long.text, 'n'.repeat(129));
  });

  it('keeps 1 024 at most', () => {
    const cache = new NameCache();
    const names = Array.from({ length: 5000 }, (_, index) => cache.resolveText(`x-flood-${index}`));
    const kept = names.filter((name) => cache.resolveText(name.text) === name);
    assert.ok(kept.length <= 1024);
    assert.equal(new Set(names.map(({ id }) => id)).size, 5000);
    assert.equal(cache.resolveText('te'), knownName(NameId.TE), 'known ones stay');
  });

  it('refuses a wrong Huffman coding each time', () => {
    const cache = new NameCache();
    const wrong = { ...literal(''), octets: hex('ff'), end: 1, huffman: true };
    assert.equal(cache.resolve(wrong), null);
    assert.equal(cache.resolve(wrong), null);
  });
});

describe('field cache', () => {
  it('makes an immutable field of a value when it is met again', () => {
    const cache = new FieldCache();
    assert.equal(meet(cache, field('x-field', 'value')), null);
    const made = meet(cache, field('x-field', 'value'));
    assert.ok(made !== null && made.id > 0);
    assert.equal(made.valueText(), 'value');
    assert.equal(meet(cache, field('x-field', 'value')), made);
    assert.equal(meet(cache, field('x-field', 'other')), null);
  });

  it('gives one object for both forms of a value', () => {
    const cache = new FieldCache();
    for (const isFirstCoded of [true, false]) {
      const value = `value ${isFirstCoded}`;
      const forms = [isFirstCoded, !isFirstCoded, isFirstCoded, !isFirstCoded, isFirstCoded, !isFirstCoded];
      const met = forms.map((isCoded) => meet(cache, field('x-forms', value, isCoded)));
      assert.deepEqual(met.slice(0, 2), [null, null]);
      assert.ok(met[2]);
      assert.deepEqual(new Set(met.slice(2)).size, 1);
      assert.equal(met[2].huffman, true, 'the shorter one');
    }
  });

  it('gives the static entry where there is one', () => {
    const cache = new FieldCache();
    meet(cache, field(':method', 'GET'));
    assert.equal(meet(cache, field(':method', 'GET')), staticField(2));
    assert.equal(cache.settle(field(':method', 'GET')), staticField(2));
  });

  for (const [what, one] of [
    ['secrets', (): Field => field('authorization', 'bearer x')],
    ['values of unstable names', (): Field => field('traceparent', '00-1')],
    ['long values', (): Field => field('x-long', 'v'.repeat(257))],
    ['values of names without an id', (): Field => field('n'.repeat(129), 'v')],
    [
      'never-indexed fields',
      (): Field => {
        const made = field('x-never', 'v');
        made.neverIndexed = true;
        return made;
      },
    ],
  ] as const) {
    it(`does not share ${what}`, () => {
      const cache = new FieldCache();
      assert.deepEqual([meet(cache, one()), meet(cache, one()), meet(cache, one())], [null, null, null]);
      const checked = one();
      checked.check();
      const settled = cache.settle(checked);
      assert.ok(settled.id > 0);
      assert.notEqual(cache.settle(checked), settled);
    });
  }

  it('settles what it does not share in the form that it came in, with octets of its own', () => {
    for (const isCoded of [true, false]) {
      const secret = field('authorization', 'aaaaaaaaaaaaaaaaaaaaaaaa', isCoded);
      secret.check();
      const settled = new FieldCache().settle(secret);
      secret.octets.fill(0);
      assert.deepEqual([settled.huffman, settled.valueText(), settled.size], [isCoded, 'aaaaaaaaaaaaaaaaaaaaaaaa', secret.size]);
    }
  });

  it('settles a field at first sight, and shares it from then on', () => {
    const cache = new FieldCache();
    const one = field('x-settled', 'value');
    one.check();
    const settled = cache.settle(one);
    assert.equal(cache.settle(one), settled);
    assert.equal(meet(cache, field('x-settled', 'value')), settled);
  });

  it('keeps 4 096 at most, however many are met twice', () => {
    const cache = new FieldCache();
    const made: Field[] = [];
    for (let index = 0; index < 9000; index++) {
      meet(cache, field('x-flood', `${index}`));
      const again = meet(cache, field('x-flood', `${index}`));
      assert.ok(again);
      made.push(again);
    }
    const kept = made.filter((one, index) => cache.find(field('x-flood', `${index}`)) === one);
    assert.ok(kept.length <= 4096 && kept.length > 2000, `${kept.length} kept`);
  });

  it('remembers 4 096 sightings at most: a flood of new values only makes it forget', () => {
    const cache = new FieldCache();
    for (let index = 0; index < 50_000; index++) {
      assert.equal(meet(cache, field('x-sighting', `once ${index}`)), null);
    }
    assert.equal(meet(cache, field('x-sighting', 'once 0')), null, 'forgotten');
    assert.ok(meet(cache, field('x-sighting', 'once 0')));
  });

  it('finds a value again that a peer makes longer by coding it', () => {
    const cache = new FieldCache();
    const value = '\\<>^{}';
    assert.equal(meet(cache, field('x-longer', value, true)), null);
    const made = meet(cache, field('x-longer', value, true));
    assert.ok(made);
    assert.equal(made.huffman, false);
    assert.equal(meet(cache, field('x-longer', value)), made);
    assert.equal(meet(cache, field('x-longer', value, true)), made);
  });
});
