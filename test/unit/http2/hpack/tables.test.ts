import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DecoderTable } from '../../../../src/http2/hpack/decoder-table.ts';
import { EncoderTable } from '../../../../src/http2/hpack/encoder-table.ts';
import { createField, Field } from '../../../../src/http2/hpack/field.ts';
import { FieldCache } from '../../../../src/http2/hpack/field-cache.ts';
import { nameCache } from '../../../../src/http2/hpack/name-cache.ts';
import { staticField } from '../../../../src/http2/hpack/static-table.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

/** A field without an id, as a decoder makes it; its octets are overwritten by `spoil`. */
function literal(name: string, value: string): { field: Field; spoil: () => void } {
  const field = new Field();
  const octets = Buffer.from(value, 'latin1');
  field.name = nameCache.resolveText(name);
  field.setLiteral(octets, 0, octets.length, false);
  field.check();
  return { field, spoil: () => octets.fill(0x2a) };
}

function text(field: Field): string {
  return `${field.name.text}: ${field.valueText()}`;
}

function immutable(name: string, value: string): Field {
  return createField(nameCache.resolveText(name), Buffer.from(value));
}

/** An array that does what RFC 7541, sections 2.3.2 and 4, says: newest first. */
class NaiveTable {
  readonly entries: string[] = [];
  maxBytes = 4096;

  get bytes(): number {
    return this.entries.reduce((sum, entry) => sum + entry.length - 2 + 32, 0);
  }

  insert(entry: string): void {
    const size = entry.length - 2 + 32;
    this.evict(this.maxBytes - size);
    if (size <= this.maxBytes) {
      this.entries.unshift(entry);
    }
  }

  evict(bytes: number): void {
    while (this.entries.length > 0 && this.bytes > bytes) {
      this.entries.pop();
    }
  }
}

describe('decoder table', () => {
  it('H2-1.8-entry-size: does what an array would, through any insertions, uses and size updates', () => {
    const random = seededRandom(11);
    const pick = (below: number): number => Math.floor(random() * below);
    const table = new DecoderTable(new FieldCache());
    const naive = new NaiveTable();
    for (let step = 0; step < 6000; step++) {
      if (step % 50 === 0) {
        naive.maxBytes = pick(4097);
        naive.evict(naive.maxBytes);
        table.setMaxBytes(naive.maxBytes);
      } else if (random() < 0.3 && table.length > 0) {
        const index = 1 + pick(table.length);
        assert.equal(text(table.fieldAt(index)), naive.entries[index - 1]);
        assert.ok(table.fieldAt(index).id > 0);
      } else if (random() < 0.3) {
        const field = immutable('x-table', String(pick(9)));
        table.insert(field);
        naive.insert(text(field));
      } else {
        const { field, spoil } = literal('x-table', 'v'.repeat(pick(random() < 0.02 ? 5000 : 200)));
        naive.insert(text(field));
        table.insert(field);
        spoil();
      }
      assert.equal(table.length, naive.entries.length);
      assert.equal(table.bytes, naive.bytes);
      if (step % 20 === 0) {
        naive.entries.forEach((entry, index) => assert.equal(`${table.nameAt(index + 1).text}: `, entry.slice(0, 9)));
      }
    }
    naive.entries.forEach((entry, index) => assert.equal(text(table.fieldAt(index + 1)), entry));
  });

  it('gives one immutable object for an entry, which later insertions leave alone', () => {
    const table = new DecoderTable(new FieldCache());
    const { field, spoil } = literal('x-settle', 'value');
    table.insert(field);
    spoil();
    const first = table.fieldAt(1);
    for (let index = 0; index < 300; index++) {
      table.insert(literal('x-settle', `other ${index}`).field);
    }
    assert.equal(text(first), 'x-settle: value');
  });

  it('keeps a shared field as it is', () => {
    const table = new DecoderTable(new FieldCache());
    const field = immutable('x-shared', 'value');
    table.insert(field);
    assert.equal(table.fieldAt(1), field);
  });

  it('holds an entry that fills it to the octet, and empties itself for one octet more', () => {
    const table = new DecoderTable(new FieldCache());
    table.setMaxBytes(64);
    table.insert(immutable('a', 'b'.repeat(31)));
    assert.deepEqual([table.length, table.bytes], [1, 64]);
    table.insert(immutable('a', 'b'.repeat(32)));
    assert.deepEqual([table.length, table.bytes], [0, 0]);
    table.setMaxBytes(0);
    table.insert(immutable('', ''));
    assert.equal(table.length, 0);
  });

  it('gives no name and no value beyond its end', () => {
    const table = new DecoderTable(new FieldCache());
    assert.equal(table.nameAt(1).text, '');
    assert.equal(table.length, 0);
  });
});

describe('encoder table', () => {
  it('counts indexes from the newest entry, behind the static ones', () => {
    const table = new EncoderTable(4096);
    const fields = Array.from({ length: 100 }, (_, index) => immutable(`x-${index}`, 'v'));
    fields.forEach((field) => table.insert(field));
    fields.forEach((field, index) => {
      assert.equal(table.indexOf(field), 62 + 99 - index);
      assert.equal(table.nameIndexOf(field.name), 62 + 99 - index);
    });
    assert.equal(table.indexOf(immutable('x-1', 'v')), 0, 'equal, but another object');
    assert.equal(table.nameIndexOf(nameCache.resolveText('x-none')), 0);
  });

  it('finds a name by its first entry, and static names in the static table', () => {
    const table = new EncoderTable(4096);
    const name = nameCache.resolveText('x-twice');
    const first = createField(name, Buffer.from('1'));
    table.insert(first);
    table.insert(createField(name, Buffer.from('2')));
    assert.equal(table.nameIndexOf(name), table.indexOf(first));
    table.insert(immutable('accept', 'x'));
    assert.equal(table.nameIndexOf(nameCache.resolveText('accept')), 19);
    assert.equal(table.nameIndexOf(staticField(3).name), 2);
  });

  it('tells fields apart whose identifiers lead to the same place', () => {
    const table = new EncoderTable(4096);
    const all = Array.from({ length: 97 }, () => immutable('x-collision', 'v'));
    const some = all.filter((_, index) => index % 32 === 0);
    some.forEach((field) => table.insert(field));
    assert.deepEqual(
      some.map((field) => table.indexOf(field)),
      [65, 64, 63, 62],
    );
    assert.deepEqual(
      all.slice(1, 5).map((field) => table.indexOf(field)),
      [0, 0, 0, 0],
    );
  });

  it('finds nothing by a name too long to be kept', () => {
    const table = new EncoderTable(4096);
    const field = immutable('x'.repeat(200), 'v');
    table.insert(field);
    assert.equal(table.nameIndexOf(field.name), 0);
    assert.equal(table.indexOf(field), 62);
  });

  it('knows of an entry without an id only the name', () => {
    const table = new EncoderTable(4096);
    const { field } = literal('x-name-only', 'v');
    table.insert(field);
    assert.equal(table.nameIndexOf(field.name), 62);
  });

  it('has room to the octet', () => {
    const table = new EncoderTable(100);
    table.insert(immutable('a', 'b'));
    assert.equal(table.hasRoom(immutable('x', 'y'.repeat(33))), true);
    assert.equal(table.hasRoom(immutable('x', 'y'.repeat(34))), false);
  });

  it('is empty again once cleared', () => {
    const table = new EncoderTable(100);
    const field = immutable('x-clear', 'b');
    table.insert(field);
    table.clear();
    assert.equal(table.indexOf(field), 0);
    assert.equal(table.nameIndexOf(field.name), 0);
    assert.equal(table.hasRoom(immutable('a', 'y'.repeat(67))), true);
    table.insert(field);
    assert.equal(table.indexOf(field), 62);
  });
});
