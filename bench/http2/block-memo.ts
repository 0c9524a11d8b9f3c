import type { Field } from '../../src/http2/hpack/field.ts';
import { FieldList } from '../../src/http2/hpack/field-list.ts';
import { HpackEncoder } from '../../src/http2/hpack/hpack-encoder.ts';

const PLACES = 64;

interface Memo {
  readonly fields: readonly Field[];
  readonly block: Buffer;
}

/**
 * What an encoder that remembers whole blocks would do, to know whether it would pay: a block is found by the identity of all its fields and
 * copied. It takes for granted that the table no longer changes, and that every field has an id.
 */
export class BlockMemo {
  readonly #memos: (Memo | null)[] = Array.from({ length: PLACES }, () => null);

  /** Encodes with `encoder`, or copies what it wrote the last time. */
  encode(encoder: HpackEncoder, fields: FieldList, target: Buffer, offset: number): number {
    const place = hashOf(fields);
    const memo = this.#memos[place] ?? null;
    if (memo !== null && isSame(memo.fields, fields)) {
      const { block } = memo;
      for (let at = 0; at < block.length; at++) {
        target[offset + at] = block[at] ?? 0;
      }
      return offset + block.length;
    }
    const end = encoder.encode(fields, target, offset);
    const all = Array.from({ length: fields.length }, (_, index) => fields.at(index));
    this.#memos[place] = { fields: all, block: Buffer.from(target.subarray(offset, end)) };
    return end;
  }
}

function hashOf(fields: FieldList): number {
  let hash = fields.length;
  for (let index = 0; index < fields.length; index++) {
    hash = Math.imul(hash, 31) + fields.at(index).id;
  }
  return hash & (PLACES - 1);
}

function isSame(wanted: readonly Field[], fields: FieldList): boolean {
  if (wanted.length !== fields.length) {
    return false;
  }
  for (let index = 0; index < wanted.length; index++) {
    if (wanted[index] !== fields.at(index)) {
      return false;
    }
  }
  return true;
}
