import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { ConnectionError } from '../../src/http2/errors.ts';
import { FieldList } from '../../src/http2/hpack/field-list.ts';
import { HpackEncoder } from '../../src/http2/hpack/hpack-encoder.ts';
import { createDecoder, encode } from '../support/http2/hpack-wire.ts';
import { NaiveDecoder } from '../support/http2/naive-hpack.ts';
import { block } from '../support/http2/wire.ts';

/** The corpus `hpack-test-case`, which the package `hpack` brings with it. A story is a connection's blocks in one direction. */
interface Story {
  readonly cases: readonly Case[];
}

interface Case {
  /** Hex. Absent in `raw-data`, whose lists are input for encoders. */
  readonly wire?: string;
  readonly headers: readonly Readonly<Record<string, string>>[];
  /** SETTINGS_HEADER_TABLE_SIZE, acknowledged just before. */
  readonly header_table_size?: number;
}

type Pair = readonly [name: string, value: string];

const require = createRequire(import.meta.url);
const CORPUS = join(dirname(require.resolve('hpack')), 'test/hpack-test-case');

/** An independent decoder, of strings. */
const PackageDecoder: new () => { decode(block: Buffer): Pair[] } = require('hpack');

/** Encoders that wrote the format of RFC 7541. */
const FINAL = [
  'go-hpack',
  'haskell-http2-linear',
  'haskell-http2-linear-huffman',
  'haskell-http2-naive',
  'haskell-http2-naive-huffman',
  'haskell-http2-static',
  'haskell-http2-static-huffman',
  'nghttp2',
  'nghttp2-16384-4096',
  'nghttp2-change-table-size',
  'node-http2-hpack',
];

/** Encoders of drafts with another static table and another order of the tables: their lists are of use, their octets are noise. */
const DRAFTS = ['hyper-hpack', 'node-http2-protocol', 'twitter-hpack'];

const RAW = 'raw-data';

function stories(encoder: string): Story[] {
  const folder = join(CORPUS, encoder);
  const files = readdirSync(folder).filter((name) => name.startsWith('story_'));
  return files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
}

/** The list of a case, a character for each octet. */
function pairsOf({ headers }: Case): Pair[] {
  return headers.flatMap((header) =>
    Object.entries(header).map(([name, value]): Pair => [name, Buffer.from(value).toString('latin1')]),
  );
}

function pairs(fields: FieldList): Pair[] {
  return Array.from({ length: fields.length }, (_, index): Pair => {
    const field = fields.at(index);
    return [field.name.text, field.valueText()];
  });
}

/** One encoder of ours before two decoders that others have written or that know nothing of ours. */
class Relay {
  readonly #encoder = new HpackEncoder();
  readonly #naive = new NaiveDecoder();
  readonly #package = new PackageDecoder();

  setTableBytes(bytes: number): void {
    this.#encoder.setPeerTableBytes(bytes);
    this.#naive.setLimit(bytes);
  }

  /** Encodes, and checks what the decoders make of it. */
  pass(fields: FieldList, wanted: readonly Pair[], never: ReadonlySet<string>): void {
    const octets = encode(this.#encoder, fields);
    const back = this.#naive.decode(octets);
    assert.deepEqual(
      back.map(({ name, value }) => [name, value]),
      wanted,
    );
    assert.deepEqual(this.#package.decode(octets), wanted);
    for (const { name, value, form } of back) {
      assert.ok(form === 'never' || !never.has(`${name}: ${value}`), `${name} was never-indexed`);
    }
  }
}

/** Decodes a story, and sends on what it decodes. */
function relay(story: Story): void {
  const decoder = createDecoder({ maxTableBytes: 4096 });
  const naive = new NaiveDecoder();
  const way = new Relay();
  const fields = new FieldList();
  for (const one of story.cases) {
    const { wire = '', header_table_size: tableBytes } = one;
    if (tableBytes !== undefined) {
      decoder.setMaxTableBytes(tableBytes);
      naive.setLimit(tableBytes);
      way.setTableBytes(tableBytes);
    }
    const octets = Buffer.from(wire, 'hex');
    const wanted = pairsOf(one);
    fields.clear();
    decoder.decode(octets, 0, octets.length, fields);
    assert.deepEqual(pairs(fields), wanted);
    assert.equal(
      fields.listBytes,
      wanted.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0),
    );
    const never = naive.decode(octets).filter(({ form }) => form === 'never');
    way.pass(fields, wanted, new Set(never.map(({ name, value }) => `${name}: ${value}`)));
  }
}

describe('the corpus hpack-test-case', () => {
  for (const encoder of FINAL) {
    it(`decodes ${encoder}, and two decoders agree with what is sent on`, () => {
      for (const story of stories(encoder)) {
        relay(story);
      }
    });
  }

  for (const encoder of [...DRAFTS, RAW]) {
    it(`encodes the lists of ${encoder} for two decoders`, () => {
      for (const story of stories(encoder)) {
        const decoder = createDecoder();
        const way = new Relay();
        const fields = new FieldList();
        for (const one of story.cases) {
          fields.clear();
          const wanted = pairsOf(one);
          // Some of the values are none that HTTP allows: they cannot be made here, but may come from a peer.
          const octets = block(wanted);
          decoder.decode(octets, 0, octets.length, fields);
          way.pass(fields, wanted, new Set());
        }
      }
    });
  }

  for (const encoder of DRAFTS) {
    it(`takes the octets of ${encoder} for a list or a connection error`, () => {
      let errors = 0;
      for (const story of stories(encoder)) {
        const decoder = createDecoder();
        try {
          for (const { wire = '' } of story.cases) {
            decoder.decode(Buffer.from(wire, 'hex'), 0, wire.length / 2, new FieldList());
          }
        } catch (error) {
          assert.ok(error instanceof ConnectionError);
          errors++;
        }
      }
      assert.ok(errors > 0);
    });
  }

  it('is whole', () => {
    const all = [...FINAL, ...DRAFTS, RAW].flatMap(stories);
    assert.equal(all.length, 476);
    assert.equal(
      all.reduce((sum, { cases }) => sum + cases.length, 0),
      50_292,
    );
  });
});
