import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FieldList } from '../../../src/http2/index.ts';
import { type HashTerm, RequestHash, type TextRequest } from '../../../src/upstream/request-hash.ts';
import { naiveXxHash64 } from '../../support/naive-xx-hash64.ts';
import { seededRandom } from '../../support/seeded-random.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

const USER: HashTerm = { kind: 'header', name: 'x-user' };
const HOST: HashTerm = { kind: 'header', name: 'host' };
const PATH: HashTerm = { kind: 'path' };
const SOURCE: HashTerm = { kind: 'sourceAddress' };

const REQUEST: Pairs = [
  [':method', 'POST'],
  [':authority', 'api.example'],
  [':path', '/pkg.Service/Method?x=1'],
  ['x-user', 'alice'],
];

function toList(pairs: Pairs): FieldList {
  const list = new FieldList();
  for (const [name, value] of pairs) {
    list.pushText(name, value);
  }
  return list;
}

function toText(pairs: Pairs): TextRequest {
  const valuesOf = (wanted: string) => pairs.filter(([name]) => name === wanted).map(([, value]) => value);
  return { path: valuesOf(':path')[0] ?? '', authority: valuesOf(':authority')[0] ?? null, valuesOf };
}

/** Of both forms of the request, which must give the same. */
function hashOf(terms: readonly HashTerm[], pairs: Pairs = REQUEST, remoteAddress = '10.1.2.3'): number {
  const hash = new RequestHash(terms, seededRandom(1)).of(toList(pairs), remoteAddress);
  assert.equal(new RequestHash(terms, seededRandom(1)).ofText(toText(pairs), remoteAddress), hash);
  return hash;
}

const full = (text: string): bigint => naiveXxHash64(Buffer.from(text, 'latin1'));
const rotate = (hash: bigint): bigint => (hash << 1n) | (hash >> 63n);
const upper = (hash: bigint): number => Number((hash & 0xffff_ffff_ffff_ffffn) >> 32n);

describe('the hash of a request', () => {
  it('is the upper half of XXH64 of a header value, the path or the address', () => {
    assert.equal(hashOf([USER]), upper(full('alice')));
    assert.equal(hashOf([PATH]), upper(full('/pkg.Service/Method?x=1')));
    assert.equal(hashOf([SOURCE]), upper(full('10.1.2.3')));
    assert.equal(hashOf([SOURCE], REQUEST, '2001:db8::1'), upper(full('2001:db8::1')));
  });

  it('takes :authority for host, and Host where there is none', () => {
    assert.equal(hashOf([HOST]), upper(full('api.example')));
    assert.equal(hashOf([HOST], [['host', 'old.example']]), upper(full('old.example')));
  });

  it('joins terms as Envoy does: what came before is rotated by a bit', () => {
    const two = rotate(full('alice')) ^ full('/pkg.Service/Method?x=1');
    assert.equal(hashOf([USER, PATH]), upper(two));
    assert.equal(hashOf([USER, PATH, SOURCE]), upper(rotate(two & 0xffff_ffff_ffff_ffffn) ^ full('10.1.2.3')));
    assert.notEqual(hashOf([USER, PATH]), hashOf([PATH, USER]));
    assert.notEqual(hashOf([SOURCE, SOURCE]), 0, 'equal terms do not cancel each other out');
  });

  it('leaves out terms that the request has not', () => {
    assert.equal(hashOf([{ kind: 'header', name: 'x-none' }, USER]), upper(full('alice')));
    assert.equal(hashOf([USER, { kind: 'header', name: 'x-none' }]), upper(full('alice')));
    assert.equal(hashOf([SOURCE, USER], REQUEST, ''), upper(full('alice')), 'a unix socket has no address');
  });

  it('takes an empty value for a value', () => {
    assert.equal(hashOf([USER], [['x-user', '']]), upper(full('')));
  });

  it('takes all fields of one name, in any order', () => {
    const one: Pairs = [
      ['x-user', 'b'],
      ['x-other', 'z'],
      ['x-user', 'a'],
    ];
    assert.equal(hashOf([USER], one), upper(full('ab')));
    assert.equal(hashOf([USER], one.toReversed()), upper(full('ab')));
  });

  it('takes values of any length and octets', () => {
    for (const value of ['\u00e9\u00ff', 'x'.repeat(4096), 'y'.repeat(4097), 'z'.repeat(20_000)]) {
      assert.equal(hashOf([USER], [['x-user', value]]), upper(full(value)), `${value.length} octets`);
    }
  });

  it('is by chance where the request has none of the terms', () => {
    const hash = new RequestHash([USER], seededRandom(3));
    const list = toList([[':path', '/']]);
    const hashes = new Set(Array.from({ length: 100 }, () => hash.of(list, '10.1.2.3')));
    assert.equal(hashes.size, 100);
    assert.ok([...hashes].every((each) => Number.isInteger(each) && each >= 0 && each < 2 ** 32));
  });
});
