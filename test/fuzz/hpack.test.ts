import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConnectionError, ErrorCode } from '../../src/http2/errors.ts';
import { FieldList } from '../../src/http2/hpack/field-list.ts';
import { HpackDecoder } from '../../src/http2/hpack/hpack-decoder.ts';
import { HpackEncoder } from '../../src/http2/hpack/hpack-encoder.ts';
import { fuzzRuns } from '../support/fuzz-runs.ts';
import { createDecoder, encode, indexed, literal, sizeUpdate, texts } from '../support/http2/hpack-wire.ts';
import { NaiveDecoder, type NaiveField } from '../support/http2/naive-hpack.ts';

const require = createRequire(import.meta.url);
const CORPUS = join(dirname(require.resolve('hpack')), 'test/hpack-test-case');

/** What a block is for both decoders: a list, or null where the connection ends. */
function decodeBoth(decoder: HpackDecoder, naive: NaiveDecoder, block: Buffer): FieldList | null {
  let wanted: NaiveField[] | null = null;
  try {
    wanted = naive.decode(block);
  } catch {
    // Ours has to refuse it as well.
  }
  const fields = new FieldList();
  try {
    decoder.decode(block, 0, block.length, fields);
  } catch (error) {
    assert.ok(error instanceof ConnectionError, String(error));
    assert.equal(error.code, ErrorCode.COMPRESSION_ERROR);
    assert.equal(wanted, null, `${error.message}: ${block.toString('hex')}`);
    return null;
  }
  assert.deepEqual(
    texts(fields),
    wanted?.map(({ name, value, form }) => `${name}: ${value}${form === 'never' ? ' !' : ''}`),
    block.toString('hex'),
  );
  return fields;
}

/** Feeds blocks in turn until one is refused; what is decoded is encoded again, and has to come out of the naive decoder the same. */
function checkBlocks(blocks: readonly Buffer[]): void {
  const decoder = createDecoder();
  const naive = new NaiveDecoder();
  const encoder = new HpackEncoder();
  const beyond = new NaiveDecoder();
  for (const block of blocks) {
    const fields = decodeBoth(decoder, naive, block);
    if (fields === null) {
      return;
    }
    const again = beyond.decode(encode(encoder, fields));
    assert.deepEqual(
      again.map(({ name, value }) => `${name}: ${value}`),
      texts(fields).map((text) => text.replace(/ !$/, '')),
    );
    texts(fields).forEach((text, index) => assert.ok(!text.endsWith(' !') || again[index]?.form === 'never'));
  }
}

const octets = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
const name = fc.oneof(
  fc.constantFrom(':path', 'cookie', 'x-a', 'x-request-id', 'grpc-timeout', 'authorization', 'user-agent', ''),
  fc.string({ maxLength: 140, unit: 'binary-ascii' }),
  fc.integer({ min: 1, max: 80 }),
);
const value = fc.oneof(
  fc.constantFrom('', '/', 'a', 'gzip', 'x'.repeat(255), ' a '),
  fc.string({ maxLength: 1200, unit: 'binary-ascii' }),
  fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array).toString('latin1')),
);
const piece = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom('inserted', 'inserted', 'plain', 'never'), name, value, fc.boolean())
      .map((all) => literal(...all)),
  },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 75 }).map(indexed) },
);
const structuredBlock = fc
  .tuple(fc.array(fc.constantFrom(0, 100, 1000, 4096).map(sizeUpdate), { maxLength: 2 }), fc.array(piece, { maxLength: 12 }))
  .map((parts) => Buffer.concat(parts.flat()));

function corpusBlocks(encoder: string, story: string): Buffer[] {
  const { cases }: { cases: { wire: string }[] } = JSON.parse(readFileSync(join(CORPUS, encoder, story), 'utf8'));
  return cases.slice(0, 40).map(({ wire }) => Buffer.from(wire, 'hex'));
}

describe('HPACK decoder and encoder, beside a naive decoder', () => {
  it('agree on any octets', () => {
    fc.assert(
      fc.property(fc.array(octets, { maxLength: 4 }), (blocks) => checkBlocks(blocks)),
      fuzzRuns(3000),
    );
  });

  it('agree on any sequence of blocks of representations', () => {
    fc.assert(
      fc.property(fc.array(structuredBlock, { maxLength: 8 }), (blocks) => checkBlocks(blocks)),
      fuzzRuns(600),
    );
  });

  it('agree on blocks of the corpus with any octets changed', () => {
    const story = corpusBlocks('nghttp2', 'story_20.json');
    const change = fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const blocks = story.slice(0, 12).map((block) => Buffer.from(block));
        for (const [which, where, octet] of changes) {
          const block = blocks[which % blocks.length] ?? Buffer.alloc(0);
          block[where % block.length] = octet;
        }
        checkBlocks(blocks);
      }),
      fuzzRuns(500),
    );
  });

  for (const encoder of ['nghttp2', 'go-hpack', 'nghttp2-change-table-size']) {
    it(`agree on blocks of ${encoder} cut at every length`, () => {
      const story = corpusBlocks(encoder, 'story_05.json').slice(0, 8);
      story.forEach((block, index) => {
        for (let length = 0; length < block.length; length++) {
          checkBlocks([...story.slice(0, index), block.subarray(0, length)]);
        }
      });
    });
  }

  it('stay within their limits on any octets', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(octets, structuredBlock), { maxLength: 6 }), (blocks) => {
        const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 600, maxFields: 6 });
        const fields = new FieldList();
        for (const block of blocks) {
          fields.clear();
          try {
            decoder.decode(block, 0, block.length, fields);
          } catch (error) {
            assert.ok(error instanceof ConnectionError);
            assert.ok(error.code === ErrorCode.COMPRESSION_ERROR || error.code === ErrorCode.ENHANCE_YOUR_CALM);
            return;
          }
          assert.ok(fields.length <= 6);
          assert.ok(fields.listBytes < 1200);
          assert.ok(fields.overLimit || fields.listBytes <= 600);
        }
      }),
      fuzzRuns(2000),
    );
  });
});
