import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionError, ErrorCode } from '../../../../src/http2/errors.ts';
import { FieldList } from '../../../../src/http2/hpack/field-list.ts';
import {
  createDecoder,
  decode,
  huffman,
  indexed,
  integer,
  literal,
  sizeUpdate,
  string,
  texts,
} from '../../../support/http2/hpack-wire.ts';
import { hex } from '../../../support/http2/wire.ts';

const COMPRESSION = (error: unknown): boolean => error instanceof ConnectionError && error.code === ErrorCode.COMPRESSION_ERROR;

const DATE = 'date: Mon, 21 Oct 2013 20:13:21 GMT';
const LOCATION = 'location: https://www.example.com';
const COOKIE = 'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';

/** RFC 7541, appendix C: blocks of one connection in turn, and what they say. */
const EXAMPLES: readonly (readonly [
  what: string,
  tableBytes: number,
  blocks: readonly (readonly [string, readonly string[]])[],
])[] = [
  ['C.2.1, with indexing', 4096, [['400a637573746f6d2d6b65790d637573746f6d2d686561646572', ['custom-key: custom-header']]]],
  ['C.2.2, without indexing', 4096, [['040c2f73616d706c652f70617468', [':path: /sample/path']]]],
  ['C.2.3, never indexed', 4096, [['100870617373776f726406736563726574', ['password: secret !']]]],
  ['C.2.4, indexed', 4096, [['82', [':method: GET']]]],
  [
    'C.3, requests',
    4096,
    [
      ['828684410f7777772e6578616d706c652e636f6d', [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com']],
      [
        '828684be58086e6f2d6361636865',
        [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
      ],
      [
        '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
        [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
      ],
    ],
  ],
  [
    'C.4, requests, Huffman-coded',
    4096,
    [
      ['828684418cf1e3c2e5f23a6ba0ab90f4ff', [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com']],
      [
        '828684be5886a8eb10649cbf',
        [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
      ],
      [
        '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
        [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
      ],
    ],
  ],
  [
    'C.5, responses that evict',
    256,
    [
      [
        '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        [':status: 302', 'cache-control: private', DATE, LOCATION],
      ],
      ['4803333037c1c0bf', [':status: 307', 'cache-control: private', DATE, LOCATION]],
      [
        '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
        [
          ':status: 200',
          'cache-control: private',
          DATE.replace(':21 GMT', ':22 GMT'),
          LOCATION,
          'content-encoding: gzip',
          COOKIE,
        ],
      ],
    ],
  ],
  [
    'C.6, responses that evict, Huffman-coded',
    256,
    [
      [
        '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
        [':status: 302', 'cache-control: private', DATE, LOCATION],
      ],
      ['4883640effc1c0bf', [':status: 307', 'cache-control: private', DATE, LOCATION]],
      [
        '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
        [
          ':status: 200',
          'cache-control: private',
          DATE.replace(':21 GMT', ':22 GMT'),
          LOCATION,
          'content-encoding: gzip',
          COOKIE,
        ],
      ],
    ],
  ],
];

describe('HPACK decoder', () => {
  for (const [what, tableBytes, blocks] of EXAMPLES) {
    it(`decodes RFC 7541, ${what}`, () => {
      const decoder = createDecoder();
      // The examples have a table of 256 octets from the start; a decoder of ours has it from the first size update on.
      decode(decoder, sizeUpdate(tableBytes));
      for (const [octets, wanted] of blocks) {
        assert.deepEqual(texts(decode(decoder, hex(octets))), wanted);
      }
    });
  }

  it('decodes an empty block', () => {
    assert.equal(decode(createDecoder()).length, 0);
  });

  it('appends to a list, from a range of a buffer', () => {
    const fields = new FieldList();
    const octets = hex('ff 82 84 ff');
    createDecoder().decode(octets, 1, 3, fields);
    assert.deepEqual(texts(fields), [':method: GET', ':path: /']);
  });

  for (const [what, ...parts] of [
    ['index 0', indexed(0)],
    ['an index above the static table, the dynamic one being empty', indexed(62)],
    ['an index far above', indexed(0x7fff_ffff)],
    ['a literal with the name of no entry', literal('plain', 62, 'x')],
    ['a cut index', hex('ff80')],
    ['a literal without a name', hex('40')],
    ['a literal without a value', literal('plain', 'a', '').subarray(0, -1)],
    ['a name that is longer than the block', hex('40 05 61')],
    ['a value that is longer than the block', hex('44 05 2f')],
    ['a length that is longer than any block', hex('44 7fffffffff07 2f')],
    ['a name with a wrong Huffman coding', Buffer.concat([hex('4081ff'), string('x')])],
    ['a value with a wrong Huffman coding', hex('4481ff')],
    ['a value that contains the end of string', Buffer.concat([hex('44'), integer(128, 7, 5), huffman('a', '1'.repeat(30))])],
    ['a size update behind a field', indexed(2), sizeUpdate(0)],
    ['a size update above the limit', sizeUpdate(4097)],
    ['a second size update above the limit', sizeUpdate(0), sizeUpdate(4097)],
    ['a cut size update', hex('3f')],
  ] as const) {
    it(`H2-1.8-index: refuses ${what}`, () => {
      assert.throws(() => decode(createDecoder(), ...parts), COMPRESSION);
    });
  }

  it('H2-1.8-evicted-name: keeps the name of an entry that its own insertion evicts (RFC 7541, 4.4)', () => {
    const decoder = createDecoder();
    decode(decoder, sizeUpdate(100), literal('inserted', 'x-name', 'a'.repeat(40)));
    const fields = decode(decoder, literal('inserted', 62, 'b'.repeat(60)), indexed(62));
    assert.deepEqual(texts(fields), [`x-name: ${'b'.repeat(60)}`, `x-name: ${'b'.repeat(60)}`]);
    assert.throws(() => decode(decoder, indexed(63)), COMPRESSION);
  });

  it('H2-1.8-entry-too-large: empties the table for an entry larger than it (RFC 7541, 4.4)', () => {
    const decoder = createDecoder();
    decode(decoder, sizeUpdate(100), literal('inserted', 'a', 'b'));
    assert.deepEqual(texts(decode(decoder, literal('inserted', 62, 'c'.repeat(68)))), [`a: ${'c'.repeat(68)}`]);
    assert.throws(() => decode(decoder, indexed(62)), COMPRESSION);
  });

  it('keeps fields of a list whose entries later insertions of the block evict', () => {
    const decoder = createDecoder();
    decode(decoder, sizeUpdate(80), literal('inserted', 'x-seldom-1', 'first value'));
    const parts = Array.from({ length: 20 }, (_, index) => literal('inserted', 'x-seldom-1', `value number ${index}`));
    const fields = decode(decoder, indexed(62), ...parts, indexed(62));
    const wanted = ['first value', ...Array.from({ length: 20 }, (_, index) => `value number ${index}`), 'value number 19'];
    assert.deepEqual(
      texts(fields),
      wanted.map((value) => `x-seldom-1: ${value}`),
    );
  });

  it('flags what HTTP does not allow, and goes on', () => {
    const decoder = createDecoder();
    const fields = decode(
      decoder,
      literal('inserted', '', 'x'),
      literal('inserted', 'A', 'x'),
      literal('plain', 'a', 'x\ny', true),
      indexed(63),
    );
    assert.deepEqual(texts(fields), [': x', 'A: x', 'a: x\ny', ': x']);
    assert.ok([0, 1, 2, 3].every((index) => fields.at(index).traits !== 0));
    assert.equal(decode(decoder, literal('plain', 'a', 'x')).at(0).traits, 0);
  });
});

describe('HPACK decoder, size updates (RFC 7541, 4.2)', () => {
  it('takes two in a row, and evicts by the smaller', () => {
    const decoder = createDecoder();
    decode(decoder, literal('inserted', 'a', 'b'));
    assert.deepEqual(texts(decode(decoder, sizeUpdate(0), sizeUpdate(4096), literal('inserted', 'c', 'd'), indexed(62))), [
      'c: d',
      'c: d',
    ]);
    assert.throws(() => decode(decoder, indexed(63)), COMPRESSION);
  });

  it('needs one once a limit below its table is acknowledged', () => {
    const decoder = createDecoder();
    decoder.setMaxTableBytes(1000);
    assert.throws(() => decode(decoder, indexed(2)), COMPRESSION);
    const late = createDecoder();
    late.setMaxTableBytes(1000);
    assert.throws(() => decode(late), COMPRESSION, 'even in an empty block');
  });

  it('needs one that is small enough', () => {
    const decoder = createDecoder();
    decoder.setMaxTableBytes(1000);
    assert.throws(() => decode(decoder, sizeUpdate(1001), indexed(2)), COMPRESSION);
    const other = createDecoder();
    other.setMaxTableBytes(1000);
    assert.equal(decode(other, sizeUpdate(1000), indexed(2)).length, 1);
    assert.equal(decode(other, indexed(2)).length, 1, 'once is enough');
  });

  it('needs the smallest limit of those between two blocks, and then the last', () => {
    const decoder = createDecoder();
    decoder.setMaxTableBytes(100);
    decoder.setMaxTableBytes(2000);
    assert.throws(() => decode(decoder, sizeUpdate(2000), indexed(2)), COMPRESSION);
    const other = createDecoder();
    other.setMaxTableBytes(100);
    other.setMaxTableBytes(50);
    other.setMaxTableBytes(2000);
    assert.equal(decode(other, sizeUpdate(50), sizeUpdate(2000), indexed(2)).length, 1);
  });

  it('needs none when the limit rises, or falls to what the peer uses already', () => {
    const decoder = createDecoder({ maxTableBytes: 8192 });
    assert.equal(decode(decoder, indexed(2)).length, 1);
    assert.equal(decode(decoder, sizeUpdate(100), indexed(2)).length, 1);
    decoder.setMaxTableBytes(100);
    assert.equal(decode(decoder, indexed(2)).length, 1);
  });

  it('lets the peer use more than the default where our settings allow it', () => {
    const decoder = createDecoder({ maxTableBytes: 16_384 });
    const parts = Array.from({ length: 100 }, (_, index) => literal('inserted', `x-${index}`, 'v'.repeat(100)));
    decode(decoder, sizeUpdate(16_384), ...parts);
    assert.deepEqual(texts(decode(decoder, indexed(161))), [`x-0: ${'v'.repeat(100)}`]);
  });
});
