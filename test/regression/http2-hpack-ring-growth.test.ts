import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FieldList } from '../../src/http2/hpack/field-list.ts';
import { createDecoder, indexed, literal, sizeUpdate, texts } from '../support/http2/hpack-wire.ts';
import { NaiveDecoder } from '../support/http2/naive-hpack.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** A decoder and a naive one of one peer. */
class BothDecoders {
  readonly #decoder = createDecoder();
  readonly #naive = new NaiveDecoder();

  /** Fails unless both find the same fields in a block. */
  assertSame(...parts: readonly Buffer[]): void {
    const block = Buffer.concat(parts);
    const fields = new FieldList();
    this.#decoder.decode(block, 0, block.length, fields);
    assert.deepEqual(
      texts(fields),
      this.#naive.decode(block).map(({ name, value }) => `${name}: ${value}`),
    );
  }
}

/** An inserted field whose value no decoder of this process has met. */
function fresh(label: string, length: number): Buffer {
  return literal('inserted', 'x-fresh', `${label}-`.padEnd(length, label));
}

/*
 * The table counted the place of a new entry before the entry was in it. When its octets did not fit into the ring, and all were moved to a larger
 * one, the oldest entry was left out, and what an evicted one had left behind in the new place was moved instead: a RangeError while decoding.
 */
describe('entries of an HPACK table whose octets move', () => {
  it('are moved without those that were evicted before', () => {
    const both = new BothDecoders();
    both.assertSame(...Array.from({ length: 16 }, (_, index) => fresh(`evicted${index}`, 20)));
    both.assertSame(sizeUpdate(0), sizeUpdate(4096));
    both.assertSame(fresh('first', 200), fresh('second', 200), fresh('third', 200));
    both.assertSame(indexed(62), indexed(63), indexed(64));
  });

  it('are found as they came, whatever was evicted, referred to and moved before', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed);
      const both = new BothDecoders();
      const most = 10 + random() * 200;
      for (let round = 0; round < 60; round++) {
        both.assertSame(fresh(`${seed}.${round}`, 10 + Math.floor(random() * most)));
        if (random() < 0.1) {
          both.assertSame(indexed(62));
        }
        if (random() < 0.05) {
          both.assertSame(sizeUpdate(Math.floor(random() * 800)), sizeUpdate(300 + Math.floor(random() * 3700)));
        }
      }
    }
  });
});
