import { DecodeGate } from '../../src/http2/frame/decode-gate.ts';
import { FrameDecoder } from '../../src/http2/frame/frame-decoder.ts';
import { FrameEncoder } from '../../src/http2/frame/frame-encoder.ts';
import type { FrameSink } from '../../src/http2/frame/frame-sink.ts';
import { OutputBuffer } from '../../src/http2/frame/output-buffer.ts';
import { SlabPool } from '../../src/http2/frame/slab-pool.ts';
import { FieldList } from '../../src/http2/hpack/field-list.ts';
import { HpackDecoder } from '../../src/http2/hpack/hpack-decoder.ts';
import { HpackEncoder } from '../../src/http2/hpack/hpack-encoder.ts';
import { fieldList, WIDE_LIMITS } from '../../test/support/http2/hpack-wire.ts';
import { data } from '../../test/support/http2/wire.ts';
import { BlockMemo } from './block-memo.ts';
import type { Bench } from './measure.ts';
import { CYCLE, RESPONSE, requestBlocks, requestFields, VARIETIES, type Variety } from './sections.ts';

/** Content of DATA frames: a small message with its prefix, and two larger ones. Octets. */
export const SIZES: readonly number[] = [13, 1024, 16_384];

/** Frames taken from the output at once. */
const BATCH = 32;

/** HPACK alone: a decoder, and what it decodes encoded again as a relay would. */
export function hpackBenches(): Bench[] {
  return [
    ...VARIETIES.map((variety) => codingBench(variety, false)),
    ...VARIETIES.map((variety) => codingBench(variety, true)),
    encodingBench('encode the fixed request', requestFields('fixed', 0), null),
    encodingBench('the same, whole blocks remembered', requestFields('fixed', 0), new BlockMemo()),
    encodingBench('encode the response', RESPONSE, null),
    encodingBench('the same, whole blocks remembered', RESPONSE, new BlockMemo()),
  ];
}

function codingBench(variety: Variety, isEncoded: boolean): Bench {
  const blocks = requestBlocks(variety);
  const decoder = new HpackDecoder(WIDE_LIMITS);
  const encoder = new HpackEncoder();
  const fields = new FieldList();
  const target = Buffer.alloc(8192);
  let call = 0;
  return {
    name: `${isEncoded ? 'decode and encode' : 'decode'}, ${variety}`,
    run: (count) => {
      for (let index = 0; index < count; index++) {
        const block = blocks[call];
        call = (call + 1) % CYCLE;
        if (block !== undefined) {
          fields.clear();
          decoder.decode(block, 0, block.length, fields);
        }
        if (isEncoded) {
          encoder.encode(fields, target, 0);
        }
      }
    },
  };
}

function encodingBench(name: string, section: Parameters<typeof fieldList>[0], memo: BlockMemo | null): Bench {
  fieldList(section);
  const fields = fieldList(section);
  const encoder = new HpackEncoder();
  const target = Buffer.alloc(1024);
  encoder.encode(fields, target, 0);
  return {
    name,
    run: (count) => {
      for (let index = 0; index < count; index++) {
        if (memo === null) {
          encoder.encode(fields, target, 0);
        } else {
          memo.encode(encoder, fields, target, 0);
        }
      }
    },
  };
}

/** Frames alone: DATA cut out of what was read, and DATA written. */
export function frameBenches(): Bench[] {
  return [...SIZES.map(cuttingBench), ...SIZES.map(writingBench)];
}

function cuttingBench(octets: number): Bench {
  const input = Buffer.concat(Array.from({ length: BATCH }, (_, index) => data(2 * index + 1, Buffer.alloc(octets), 1)));
  const decoder = new FrameDecoder(new DeafSink(), 16_384, new DecodeGate());
  // RFC 9113, section 3.4: SETTINGS come first.
  const settings = Buffer.from('000000040000000000', 'hex');
  decoder.decode(settings, 0, settings.length);
  return {
    name: `cut a DATA frame of ${octets}`,
    run: (count) => {
      for (let index = 0; index < count; index += BATCH) {
        decoder.decode(input, 0, input.length);
      }
    },
  };
}

function writingBench(octets: number): Bench {
  const frames = new FrameEncoder(new OutputBuffer(new SlabPool()));
  const content = Buffer.alloc(octets);
  return {
    name: `write a DATA frame of ${octets}`,
    run: (count) => {
      for (let index = 0; index < count; index++) {
        frames.data(index % 2 === 0 ? 1 : 3, content, 0, octets);
        if (index % BATCH === BATCH - 1) {
          frames.output.take()?.release();
          frames.onTaken();
        }
      }
    },
  };
}

/** A FrameSink that does nothing with what it is given. */
class DeafSink implements FrameSink {
  recvDataHead(): void {}
  recvDataPadding(): void {}
  recvData(): void {}
  recvHeaders(): void {}
  recvContinuation(): void {}
  recvPriority(): void {}
  recvRstStream(): void {}
  recvSettings(): void {}
  recvSettingsAck(): void {}
  recvPing(): void {}
  recvPingAck(): void {}
  recvGoaway(): void {}
  recvWindowUpdate(): void {}
  recvExtension(): void {}
}
