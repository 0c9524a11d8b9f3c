import fc, { type Arbitrary } from 'fast-check';
import * as wire from './wire.ts';

/** Few identifiers, so that frames meet on the same streams. */
export const streamIds: Arbitrary<number> = fc.constantFrom(0, 1, 1, 3, 3, 5, 7, 9, 2, 101, 0x7fff_ffff);

const increments = fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.constantFrom(1, 0x7fff_ffff, 0x7fff_0000));
const codes = fc.constantFrom(0, 1, 7, 8, 11, 0xffff_ffff);

const fieldTexts = fc.oneof(
  fc.constantFrom(
    ':method',
    'GET',
    'HEAD',
    ':path',
    '/',
    ':status',
    '200',
    '204',
    '100',
    'te',
    'trailers',
    'content-length',
    '5',
    'cookie',
    '',
  ),
  fc.string({ maxLength: 12 }),
);

/** Field blocks: right ones, right ones with more in them, changed ones, and noise. */
export const blocks: Arbitrary<Buffer> = fc.oneof(
  fc.constant(wire.requestBlock()),
  fc.constant(wire.responseBlock()),
  fc.constant(wire.responseBlock('103')),
  fc.constant(wire.block([['grpc-status', '0']])),
  fc.constantFrom('5', '0', '12').map((length) => wire.requestBlock([['content-length', length]])),
  fc.constantFrom('5', '0', '12').map((length) => wire.responseBlock('200', [['content-length', length]])),
  fc.array(fc.tuple(fieldTexts, fieldTexts), { maxLength: 6 }).map((extra) => wire.requestBlock(extra)),
  fc.array(fc.tuple(fieldTexts, fieldTexts), { maxLength: 6 }).map((fields) => wire.block(fields)),
  fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })).map(([at, octet]) => changed(wire.requestBlock(), at, octet)),
  fc.integer({ min: 1, max: 300 }).map((count) => Buffer.concat([wire.requestBlock(), Buffer.alloc(count, 0x82)])),
  fc.uint8Array({ maxLength: 40 }).map((octets) => Buffer.from(octets)),
);

const flags = fc.constantFrom(0, 1, 4, 5, 8, 0x20, 0x2d, 0xff);

/** Frames that fit into a connection more often than not. */
export const likelyFrames: Arbitrary<Buffer> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(streamIds, blocks, fc.constantFrom(4, 5, 5)).map(([id, octets, bits]) => wire.headers(id, octets, bits)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(streamIds, blocks, fc.constantFrom(0, 1)).map(([id, octets, bits]) => wire.headers(id, octets, bits)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(streamIds, blocks, fc.constantFrom(0, 4))
      .map(([id, octets, bits]) => wire.continuation(id, octets, bits)),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(streamIds, fc.constantFrom(0, 1, 5, 200, 5000, 16_384), fc.constantFrom(0, 0, 1, 8, 9))
      .map(([id, length, bits]) => wire.data(id, Buffer.alloc(length, 3), bits)),
  },
  { weight: 2, arbitrary: fc.tuple(streamIds, codes).map(([id, code]) => wire.rstStream(id, code)) },
  { weight: 3, arbitrary: fc.tuple(streamIds, increments).map(([id, increment]) => wire.windowUpdate(id, increment)) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(0, 1, 100, 16_384, 65_535, 100_000, 0xffff_ffff)), {
        maxLength: 3,
      })
      .map((entries) => wire.settings(entries)),
  },
  { weight: 1, arbitrary: fc.tuple(streamIds, streamIds).map(([id, on]) => wire.priority(id, on)) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1).map((bits) => wire.ping(undefined, bits)) },
  { weight: 1, arbitrary: fc.tuple(streamIds, codes).map(([id, code]) => wire.goaway(id, code, 'fuzz')) },
  { weight: 1, arbitrary: fc.constant(wire.settingsAck()) },
);

/** Frames of any type, flags and payload. */
export const anyFrames: Arbitrary<Buffer> = fc
  .tuple(fc.integer({ min: 0, max: 12 }), flags, streamIds, fc.uint8Array({ maxLength: 60 }))
  .map(([type, bits, id, payload]) => wire.frame(type, bits, id, payload));

/** Mostly frames that fit, some that do not. */
export const frames: Arbitrary<Buffer> = fc.oneof({ weight: 9, arbitrary: likelyFrames }, { weight: 1, arbitrary: anyFrames });

function changed(octets: Buffer, at: number, octet: number): Buffer {
  octets[at % octets.length] = octet;
  return octets;
}
