import { FieldList } from '../../../src/http2/hpack/field-list.ts';
import { HpackDecoder, type HpackLimits } from '../../../src/http2/hpack/hpack-decoder.ts';
import { HpackEncoder } from '../../../src/http2/hpack/hpack-encoder.ts';
import { type Form, huffmanCodes } from './naive-hpack.ts';

/** Field blocks written by hand, representation by representation, independent of the engine's encoder. */

const HEADS = { indexed: [0x80, 7], inserted: [0x40, 6], never: [0x10, 4], plain: [0, 4] } as const;

/** An integer behind the bits `head`, with a prefix of `bits` (RFC 7541, section 5.1). */
export function integer(head: number, bits: number, value: number): Buffer {
  const mask = 2 ** bits - 1;
  if (value < mask) {
    return Buffer.of(head | value);
  }
  const octets = [head | mask];
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    octets.push((rest % 128) | 128);
  }
  return Buffer.from([...octets, rest]);
}

const CODES = huffmanCodes();

/** Huffman-coded octets, padded with ones; `padding` is appended before that, for codings that are wrong. */
export function huffman(text: string, padding = ''): Buffer {
  let bits = [...Buffer.from(text, 'latin1')].map((octet) => CODES[octet]).join('') + padding;
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Buffer.from(Array.from({ length: bits.length / 8 }, (_, at) => Number.parseInt(bits.slice(at * 8, at * 8 + 8), 2)));
}

/** A string literal (RFC 7541, section 5.2). Characters are octets. */
export function string(text: string, isCoded = false): Buffer {
  const octets = isCoded ? huffman(text) : Buffer.from(text, 'latin1');
  return Buffer.concat([integer(isCoded ? 128 : 0, 7, octets.length), octets]);
}

/** A whole field from a table. */
export function indexed(index: number): Buffer {
  return integer(0x80, 7, index);
}

/** A literal field, whose name is an index or text. */
export function literal(form: Exclude<Form, 'indexed'>, name: number | string, value: string, isCoded = false): Buffer {
  const [head, bits] = HEADS[form];
  const start = typeof name === 'number' ? integer(head, bits, name) : Buffer.concat([Buffer.of(head), string(name, isCoded)]);
  return Buffer.concat([start, string(value, isCoded)]);
}

/** A size update (RFC 7541, section 6.3). */
export function sizeUpdate(bytes: number): Buffer {
  return integer(0x20, 5, bytes);
}

/** Limits that no ordinary test reaches. */
export const WIDE_LIMITS: HpackLimits = { maxTableBytes: 4096, maxListBytes: 1_048_576, maxFields: 10_000 };

/** Fields as text; never-indexed ones have an exclamation mark. */
export function texts(fields: FieldList): string[] {
  return Array.from({ length: fields.length }, (_, index) => {
    const field = fields.at(index);
    return `${field.name.text}: ${field.valueText()}${field.neverIndexed ? ' !' : ''}`;
  });
}

/** Decodes a block into a list of its own. */
export function decode(decoder: HpackDecoder, ...parts: Buffer[]): FieldList {
  const fields = new FieldList();
  const block = Buffer.concat(parts);
  decoder.decode(block, 0, block.length, fields);
  return fields;
}

/** A decoder within those limits, WIDE_LIMITS for the rest. */
export function createDecoder(limits: Partial<HpackLimits> = {}): HpackDecoder {
  return new HpackDecoder({ ...WIDE_LIMITS, ...limits });
}

/** Encodes into a buffer that is exactly as large as the encoder asks for. */
export function encode(encoder: HpackEncoder, fields: FieldList): Buffer {
  const target = Buffer.alloc(encoder.maxEncodedBytes(fields));
  const end = encoder.encode(fields, target, 0);
  if (end > target.length) {
    throw new Error(`${end} octets where ${target.length} were asked for`);
  }
  return target.subarray(0, end);
}

/** A list of fields made here; a third element true is never-indexed. */
export function fieldList(fields: readonly (readonly [name: string, value: string, neverIndexed?: boolean])[]): FieldList {
  const made = new FieldList();
  for (const [name, value, neverIndexed] of fields) {
    made.pushText(name, value, neverIndexed);
  }
  return made;
}
