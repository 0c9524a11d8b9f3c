import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrameEncoder } from '../../../../src/http2/frame/frame-encoder.ts';
import { OutputBuffer } from '../../../../src/http2/frame/output-buffer.ts';
import { SLAB_OCTETS, SlabPool } from '../../../../src/http2/frame/slab-pool.ts';
import { describeFrame, hex, PREFACE, parseFrames } from '../../../support/http2/wire.ts';

interface Bench {
  readonly frames: FrameEncoder;
  readonly pool: SlabPool;
  readonly take: () => Buffer;
}

function bench(): Bench {
  const pool = new SlabPool();
  const output = new OutputBuffer(pool);
  const frames = new FrameEncoder(output);
  return {
    frames,
    pool,
    take: () => {
      const announced = output.octets;
      const batch = output.take();
      frames.onTaken();
      const octets = Buffer.concat(batch?.segments ?? []);
      assert.equal(octets.length, announced);
      assert.equal(batch?.octets ?? 0, announced);
      batch?.release();
      return octets;
    },
  };
}

function parse(octets: Buffer): string[] {
  return parseFrames(octets).map(describeFrame);
}

function block(frames: FrameEncoder, octets: Buffer, room: number): number {
  const at = frames.beginBlock(room);
  octets.copy(frames.blockTarget, at);
  return at + octets.length;
}

describe('frame encoder', () => {
  it('writes every frame as RFC 9113 lays it out', () => {
    const { frames, take } = bench();
    frames.clientPreface();
    frames.settings([
      { id: 3, value: 100 },
      { id: 4, value: 0x7fffffff },
    ]);
    frames.settingsAck();
    frames.endBlock(1, block(frames, hex('8286'), 10), true);
    frames.data(3, Buffer.from('hello'), 1, 4);
    frames.rstStream(5, 0xffffffff);
    frames.ping(7);
    frames.pingAck(hex('ff0102030405060708'), 1);
    frames.goaway(0x7fffffff, 11, 'calm');
    frames.windowUpdate(0, 0x7fffffff);
    frames.endStream(3);
    const expected = [
      PREFACE.toString('hex'),
      '00000c 04 00 00000000 000300000064 00047fffffff',
      '000000 04 01 00000000',
      '000002 01 05 00000001 8286',
      '000003 00 00 00000003 656c6c',
      '000004 03 00 00000005 ffffffff',
      '000008 06 00 00000000 6772686200000007',
      '000008 06 01 00000000 0102030405060708',
      '00000c 07 00 00000000 7fffffff0000000b 63616c6d',
      '000004 08 00 00000000 7fffffff',
      '000000 00 01 00000003',
    ];
    assert.equal(take().toString('hex'), expected.join('').replaceAll(' ', ''));
  });

  it('joins DATA that follows DATA of the same stream, and ends the stream on it', () => {
    const { frames, take } = bench();
    for (const text of ['one', 'two', 'three']) {
      frames.data(1, Buffer.from(text), 0, text.length);
    }
    frames.endStream(1);
    assert.equal(take().toString('latin1'), '\0\0\x0b\0\x01\0\0\0\x01onetwothree');
    assert.equal(frames.dataFramesSent, 3);
  });

  it('joins no DATA across another frame, another stream, the end of a batch, or the frame size', () => {
    const { frames, take } = bench();
    const octets = Buffer.alloc(16_384);
    frames.data(1, octets, 0, 3);
    frames.windowUpdate(0, 1);
    frames.data(1, octets, 0, 3);
    frames.data(3, octets, 0, 3);
    frames.data(1, octets, 0, 3);
    assert.deepEqual(parse(take()), ['DATA 1 3', 'WINDOW_UPDATE 0 1', 'DATA 1 3', 'DATA 3 3', 'DATA 1 3']);
    frames.data(1, octets, 0, 3);
    frames.data(1, octets, 0, 16_381);
    frames.data(1, octets, 0, 1);
    assert.deepEqual(parse(take()), ['DATA 1 16384', 'DATA 1 1']);
  });

  it('joins short content and long in one frame', () => {
    const { frames, take } = bench();
    const long = 'l'.repeat(5000);
    frames.data(1, Buffer.from('short,'), 0, 6);
    frames.data(1, Buffer.from(long), 0, 5000);
    frames.data(1, Buffer.from(',end'), 0, 4);
    frames.endStream(1);
    const [only] = parseFrames(take());
    assert.equal(only?.payload.toString(), `short,${long},end`);
    assert.equal(only?.flags, 1);
  });

  it('cuts content longer than a frame', () => {
    const { frames, take } = bench();
    const content = Buffer.alloc(40_000, 0x61);
    frames.data(1, content, 0, content.length);
    frames.endStream(1);
    assert.deepEqual(parse(take()), ['DATA 1 16384', 'DATA 1 16384', 'DATA 1 END 7232']);
  });

  it('cuts a field block longer than a frame into HEADERS and CONTINUATION', () => {
    const { frames, take } = bench();
    const octets = Buffer.alloc(40_000, 0x82);
    frames.endBlock(1, block(frames, octets, 50_000), true);
    const sent = parseFrames(take());
    assert.deepEqual(
      sent.map(({ type, flags, payload }) => [type, flags, payload.length]),
      [
        [1, 1, 16_384],
        [9, 0, 16_384],
        [9, 4, 7232],
      ],
    );
    assert.deepEqual(Buffer.concat(sent.map(({ payload }) => payload)), octets);
  });

  it('frames a block in one piece when it proves short, and after a long one', () => {
    const { frames, take } = bench();
    frames.endBlock(1, block(frames, Buffer.alloc(100, 0x82), 50_000), false);
    frames.endBlock(3, block(frames, Buffer.alloc(100, 0x82), 200), false);
    assert.deepEqual(
      parseFrames(take()).map(({ type, flags, streamId, payload }) => [type, flags, streamId, payload.length]),
      [
        [1, 4, 1, 100],
        [1, 4, 3, 100],
      ],
    );
  });

  it('puts PING acknowledgements before everything that waits, once SETTINGS have left', () => {
    const { frames, take } = bench();
    const payload = hex('0102030405060708');
    frames.settings([]);
    frames.pingAck(payload, 0);
    assert.deepEqual(parse(take()), ['SETTINGS', 'PING ACK']);
    frames.data(1, Buffer.alloc(100), 0, 100);
    for (let count = 0; count < 10; count++) {
      frames.pingAck(payload, 0);
    }
    frames.windowUpdate(1, 5);
    const acks = Array.from({ length: 8 }, () => 'PING ACK');
    assert.deepEqual(parse(take()), [...acks, 'DATA 1 100', 'PING ACK', 'PING ACK', 'WINDOW_UPDATE 1 5']);
    frames.pingAck(payload, 0);
    assert.deepEqual(parse(take()), ['PING ACK'], 'nothing else waits');
    frames.data(1, Buffer.alloc(100_000), 0, 100_000);
    frames.pingAck(payload, 0);
    assert.equal(parse(take())[0], 'PING ACK', 'the first segment has ended');
  });

  it('cuts the debug data of GOAWAY', () => {
    const { frames, take } = bench();
    frames.goaway(0, 0, 'x'.repeat(1000));
    assert.equal(take().length, 9 + 8 + 128);
  });
});

describe('output buffer', () => {
  it('holds no slab while nothing waits, and gives all back when the batch is released', () => {
    const pool = new SlabPool();
    const output = new OutputBuffer(pool);
    const frames = new FrameEncoder(output);
    assert.equal(output.take(), null);
    frames.data(1, Buffer.alloc(4 * SLAB_OCTETS), 0, 4 * SLAB_OCTETS);
    const batch = output.take();
    assert.ok(batch !== null);
    assert.equal(pool.freeSlabs, 0);
    batch.release();
    assert.equal(pool.freeSlabs, 5);
    batch.release();
    assert.equal(pool.freeSlabs, 5, 'releasing twice is harmless');
  });

  it('copies content, so that its buffer may be written again', () => {
    const { frames, take } = bench();
    const content = Buffer.alloc(5000, 1);
    frames.data(1, content, 100, 5000);
    content.fill(2);
    assert.deepEqual(parseFrames(take())[0]?.payload, Buffer.alloc(4900, 1));
  });

  it('uses a batch object and its slab again', () => {
    const output = new OutputBuffer(new SlabPool());
    const frames = new FrameEncoder(output);
    frames.settingsAck();
    const first = output.take();
    const slab = first?.segments[0]?.buffer;
    first?.release();
    frames.settingsAck();
    const second = output.take();
    assert.equal(second, first);
    assert.equal(second?.segments[0]?.buffer, slab);
  });

  it('begins a new slab for what does not fit, and loses nothing at the seam', () => {
    const { frames, take } = bench();
    const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
    for (let count = 0; count < 200; count++) {
      frames.data(count % 2 === 0 ? 1 : 3, content, 0, content.length);
      frames.windowUpdate(0, 1);
    }
    const sent = parseFrames(take());
    assert.equal(sent.length, 400);
    for (const { type, payload } of sent) {
      assert.ok(type === 8 || payload.equals(content));
    }
  });
});

describe('slab pool', () => {
  it('keeps no more slabs than it was told to', () => {
    const pool = new SlabPool(1);
    const slabs = [pool.take(), pool.take()];
    for (const slab of slabs) {
      pool.give(slab);
    }
    assert.equal(pool.freeSlabs, 1);
    assert.equal(pool.take(), slabs[0]);
  });
});
