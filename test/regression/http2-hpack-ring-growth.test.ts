import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FieldList } from '../../src/http2/hpack/field-list.ts';
import { createDecoder, indexed, literal, sizeUpdate, texts } from '../support/http2/hpack-wire.ts';
import { NaiveDecoder } from '../support/http2/naive-hpack.ts';

/** Lengths of inserted values; size updates; references to an entry of the dynamic table, the newest being 1. */
const STEPS: readonly string[] = [
  '11 limit=313 27 65 28 53 62 66 limit=847 31 54 74 17 11 50 58 limit=1265 55 13 28 53 62 49 16 39 35 64 33 28 65 19 entry=15',
  '20 27 36 entry=2 12 15 17 limit=339 37 entry=5 24 limit=1426 28 entry=2 13 32 16 26 40 10 43 34 entry=7 40 31 16 35 10 12 16 27 26 entry=21',
];

/** A value that no decoder of this process has met, so that each table keeps its octets itself. */
function fresh(label: string, length: number): string {
  return `${label}-`.padEnd(length, '.').slice(0, length);
}

function blockOf(step: string, label: string): Buffer {
  const [kind = '', value = kind] = step.split('=');
  if (kind === 'limit') {
    return sizeUpdate(Number(value));
  }
  return kind === 'entry' ? indexed(61 + Number(value)) : literal('inserted', 'x-fresh', fresh(label, Number(value)));
}

/*
 * The table counted the place of a new entry before the entry was in it. When its octets did not fit into the ring, and all were moved to a larger
 * one, the oldest entry was left out, and what an evicted one had left behind in the new place was moved instead. Evictions then gave up octets of
 * entries that were still there, and later values were written over them.
 */
it('no value of an HPACK table is written over while it is in the table', () => {
  for (const [number, steps] of STEPS.entries()) {
    const decoder = createDecoder();
    const naive = new NaiveDecoder();
    for (const [at, step] of steps.split(' ').entries()) {
      const block = blockOf(step, `${number}.${at}`);
      const fields = new FieldList();
      decoder.decode(block, 0, block.length, fields);
      const wanted = naive.decode(block).map(({ name, value }) => `${name}: ${value}`);
      assert.deepEqual(texts(fields), wanted, `${step}, step ${at} of ${number}`);
    }
  }
});
