import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Field } from '../../../../src/http2/hpack/field.ts';
import { nameCache } from '../../../../src/http2/hpack/name-cache.ts';
import { findStaticField, STATIC_ENTRY_COUNT, staticField } from '../../../../src/http2/hpack/static-table.ts';
import { staticEntry } from '../../../support/http2/naive-hpack.ts';

function field(name: string, value: string): Field {
  const made = new Field();
  made.name = nameCache.resolveText(name);
  made.setLiteral(Buffer.from(value), 0, value.length, false);
  made.check();
  return made;
}

describe('static table', () => {
  it('has the 61 entries that an independent package has', () => {
    assert.equal(STATIC_ENTRY_COUNT, 61);
    for (let index = 1; index <= 61; index++) {
      const entry = staticField(index);
      assert.deepEqual([entry.name.text, entry.valueText()], staticEntry(index));
      assert.equal(entry.staticIndex, index);
      assert.ok(entry.id > 0);
    }
  });

  it('has nothing beside them', () => {
    assert.equal(staticField(0).id, 0);
    assert.equal(staticField(62).id, 0);
  });

  it('finds an entry by name and value', () => {
    assert.equal(findStaticField(field(':method', 'POST')), staticField(3));
    assert.equal(findStaticField(field(':status', '500')), staticField(14));
    assert.equal(findStaticField(field('www-authenticate', '')), staticField(61));
    assert.equal(findStaticField(field(':method', 'PUT')), null);
    assert.equal(findStaticField(field('www-authenticate', 'x')), null);
    assert.equal(findStaticField(field('x-other', '')), null);
    assert.equal(findStaticField(field('te', 'trailers')), null, 'a name that is known, but not in the table');
  });
});
