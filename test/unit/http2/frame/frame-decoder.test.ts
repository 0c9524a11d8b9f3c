import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionError, ErrorCode, StreamError } from '../../../../src/http2/errors.ts';
import { DecodeGate } from '../../../../src/http2/frame/decode-gate.ts';
import { FrameDecoder } from '../../../../src/http2/frame/frame-decoder.ts';
import type { FrameHead } from '../../../../src/http2/frame/frame-head.ts';
import type { FrameSink } from '../../../../src/http2/frame/frame-sink.ts';
import {
  continuation,
  data,
  frame,
  goaway,
  headers,
  hex,
  ping,
  priority,
  rstStream,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from '../../../support/http2/wire.ts';

/** Writes down what it is called with. */
class Recorder implements FrameSink {
  readonly calls: string[] = [];
  #content = '';

  recvDataHead(head: FrameHead): void {
    this.calls.push(`data ${head.streamId} ${head.length} ${head.flags}`);
  }
  recvDataPadding(octets: number): void {
    this.calls.push(`padding ${octets}`);
  }
  recvData(octets: Buffer, start: number, end: number, last: boolean): void {
    this.#content += octets.toString('latin1', start, end);
    if (last) {
      this.calls.push(`content ${this.#content}`);
      this.#content = '';
    }
  }
  recvHeaders(head: FrameHead, octets: Buffer, start: number, end: number): void {
    this.calls.push(`headers ${head.streamId} ${head.flags} ${octets.toString('hex', start, end)}`);
  }
  recvContinuation(head: FrameHead, octets: Buffer, start: number, end: number): void {
    this.calls.push(`continuation ${head.streamId} ${head.flags} ${octets.toString('hex', start, end)}`);
  }
  recvPriority(head: FrameHead): void {
    this.calls.push(`priority ${head.streamId}`);
  }
  recvRstStream(streamId: number, code: number): void {
    this.calls.push(`rstStream ${streamId} ${code}`);
  }
  recvSettings(octets: Buffer, start: number, end: number): void {
    this.calls.push(`settings ${octets.toString('hex', start, end)}`);
  }
  recvSettingsAck(): void {
    this.calls.push('settingsAck');
  }
  recvPing(octets: Buffer, start: number): void {
    this.calls.push(`ping ${octets.toString('hex', start, start + 8)}`);
  }
  recvPingAck(octets: Buffer, start: number): void {
    this.calls.push(`pingAck ${octets.toString('hex', start, start + 8)}`);
  }
  recvGoaway(octets: Buffer, start: number, end: number): void {
    this.calls.push(`goaway ${octets.toString('hex', start, end)}`);
  }
  recvWindowUpdate(streamId: number, increment: number): void {
    this.calls.push(`windowUpdate ${streamId} ${increment}`);
  }
  recvExtension(head: FrameHead): void {
    this.calls.push(`extension ${head.type} ${head.length}`);
  }
}

const FIRST = settings();

function decoderOf(sink: FrameSink): FrameDecoder {
  return new FrameDecoder(sink, 16_384, new DecodeGate());
}

/** What the octets behind the first SETTINGS give. */
function decode(...frames: Buffer[]): string[] {
  const sink = new Recorder();
  const octets = Buffer.concat([FIRST, ...frames]);
  decoderOf(sink).decode(octets, 0, octets.length);
  return sink.calls.slice(1);
}

function fails(code: ErrorCode, ...frames: Buffer[]): void {
  assert.throws(
    () => decode(...frames),
    (error) => error instanceof ConnectionError && error.code === code,
  );
}

const EVERYTHING = Buffer.concat([
  FIRST,
  settings([
    [3, 100],
    [4, 65_535],
  ]),
  settingsAck(),
  headers(1, hex('8286'), 0x1),
  continuation(1, hex('84'), 0),
  continuation(1, hex('41')),
  headers(3, hex('03 80000001 ff 8286 000000'), 0x2c),
  data(3, 'hello'),
  frame(0, 0x9, 3, Buffer.from('\x04world\0\0\0\0')),
  frame(0, 0x8, 5, Buffer.from('\x02\0\0')),
  data(5, '', 0x1),
  priority(7, 5),
  rstStream(3, 8),
  ping(),
  ping('ffffffffffffffff', 1),
  frame(0xbe, 0xff, 9, 'aabbccdd'),
  frame(0x10, 0, 0),
  windowUpdate(0, 1),
  windowUpdate(5, 0x7fffffff),
  goaway(0x7fffffff, 0xffffffff, 'bye'),
]);

const EXPECTED = [
  'settings ',
  'settings 00030000006400040000ffff',
  'settingsAck',
  'headers 1 1 8286',
  'continuation 1 0 84',
  'continuation 1 4 41',
  'headers 3 44 8286',
  'data 3 5 0',
  'content hello',
  'data 3 10 9',
  'padding 5',
  'content world',
  'data 5 3 8',
  'padding 3',
  'content ',
  'data 5 0 1',
  'content ',
  'priority 7',
  'rstStream 3 8',
  'ping 0102030405060708',
  'pingAck ffffffffffffffff',
  'extension 190 4',
  'extension 16 0',
  'windowUpdate 0 1',
  'windowUpdate 5 2147483647',
  'goaway 7fffffffffffffff627965',
];

describe('frame decoder', () => {
  it('H2-1.2-unknown-type: hands every frame type to its method', () => {
    const sink = new Recorder();
    decoderOf(sink).decode(EVERYTHING, 0, EVERYTHING.length);
    assert.deepEqual(sink.calls, EXPECTED);
  });

  it('gives the same for one octet at a time, in buffers that are written again', () => {
    const sink = new Recorder();
    const decoder = decoderOf(sink);
    const one = Buffer.alloc(1);
    for (const octet of EVERYTHING) {
      one[0] = octet;
      decoder.decode(one, 0, 1);
      assert.equal(decoder.position, 1);
    }
    assert.deepEqual(sink.calls, EXPECTED);
  });

  it('gives the same for every cut into two reads', () => {
    for (let cut = 0; cut <= EVERYTHING.length; cut++) {
      const sink = new Recorder();
      const decoder = decoderOf(sink);
      const first = Buffer.from(EVERYTHING.subarray(0, cut));
      decoder.decode(first, 0, first.length);
      first.fill(0xee);
      decoder.decode(EVERYTHING, cut, EVERYTHING.length);
      assert.deepEqual(sink.calls, EXPECTED, `cut at ${cut}`);
    }
  });

  it('H2-1.2-reserved-bit: ignores the reserved bit of stream identifiers and increments', () => {
    assert.deepEqual(decode(frame(8, 0, 0x8000_0005, 'ffffffff')), ['windowUpdate 5 2147483647']);
  });

  it('goes on behind a frame for which the sink threw a stream error', () => {
    const sink = new Recorder();
    sink.recvRstStream = () => {
      throw new StreamError(1, ErrorCode.CANCEL, 'test');
    };
    const octets = Buffer.concat([FIRST, rstStream(1, 0), ping()]);
    const decoder = decoderOf(sink);
    assert.throws(() => decoder.decode(octets, 0, octets.length), StreamError);
    decoder.decode(octets, decoder.position, octets.length);
    assert.deepEqual(sink.calls, ['settings ', 'ping 0102030405060708']);
  });

  it('drops the content of a DATA frame whose head threw, and goes on behind it', () => {
    const sink = new Recorder();
    sink.recvDataHead = () => {
      throw new StreamError(1, ErrorCode.STREAM_CLOSED, 'test');
    };
    const octets = Buffer.concat([FIRST, data(1, 'lost'), ping()]);
    const decoder = decoderOf(sink);
    assert.throws(() => decoder.decode(octets, 0, octets.length), StreamError);
    decoder.decode(octets, decoder.position, octets.length);
    assert.deepEqual(sink.calls, ['settings ', 'content lost', 'ping 0102030405060708']);
  });

  it('begins no frame while its gate is shut', () => {
    const gate = new DecodeGate();
    const sink = new Recorder();
    sink.recvSettingsAck = () => {
      gate.isShut = true;
    };
    const decoder = new FrameDecoder(sink, 16_384, gate);
    const octets = Buffer.concat([FIRST, settingsAck(), ping()]);
    decoder.decode(octets, 0, octets.length);
    assert.equal(decoder.position, 18);
    gate.isShut = false;
    decoder.decode(octets, decoder.position, octets.length);
    assert.deepEqual(sink.calls, ['settings ', 'ping 0102030405060708']);
  });

  it('names an unfinished frame or block by a number that stays while it is the same', () => {
    const sink = new Recorder();
    const decoder = decoderOf(sink);
    const feed = (octets: Buffer): number => {
      decoder.decode(octets, 0, octets.length);
      return decoder.unfinished;
    };
    assert.equal(feed(FIRST), 0);
    const first = feed(ping().subarray(0, 5));
    assert.notEqual(first, 0);
    assert.equal(feed(ping().subarray(5, 12)), first);
    assert.equal(feed(ping().subarray(12)), 0);
    const block = feed(headers(1, Buffer.of(0x82), 0));
    assert.ok(block > first);
    assert.equal(feed(continuation(1, Buffer.of(0x86), 0)), block);
    assert.equal(feed(continuation(1, Buffer.of(0x84)).subarray(0, 9)), block);
    assert.equal(feed(Buffer.of(0x84)), 0);
    assert.equal(feed(data(1, 'slow').subarray(0, 11)), 0, 'DATA may take its time');
  });

  it('carries a payload of the largest size over many reads', () => {
    const payload = Buffer.alloc(16_384, 0x82);
    const octets = Buffer.concat([FIRST, headers(1, payload), ping()]);
    const sink = new Recorder();
    const decoder = decoderOf(sink);
    for (let at = 0; at < octets.length; at += 1000) {
      decoder.decode(octets, at, Math.min(octets.length, at + 1000));
    }
    assert.deepEqual(sink.calls.slice(1), [`headers 1 4 ${payload.toString('hex')}`, 'ping 0102030405060708']);
  });
});

describe('frame decoder refuses', () => {
  const cases: readonly (readonly [string, ErrorCode, ...Buffer[]])[] = [
    [
      'H2-1.2-frame-size: a frame larger than announced, before its payload',
      ErrorCode.FRAME_SIZE_ERROR,
      frame(0, 0, 1, Buffer.alloc(16_385)).subarray(0, 9),
    ],
    [
      'an unknown frame larger than announced',
      ErrorCode.FRAME_SIZE_ERROR,
      frame(0x20, 0, 1, Buffer.alloc(16_385)).subarray(0, 9),
    ],
    ['H2-1.2-data-stream-zero: DATA on stream 0', ErrorCode.PROTOCOL_ERROR, data(0, 'x')],
    ['HEADERS on stream 0', ErrorCode.PROTOCOL_ERROR, headers(0, Buffer.of(0x82))],
    ['PRIORITY on stream 0', ErrorCode.PROTOCOL_ERROR, priority(0, 1)],
    ['RST_STREAM on stream 0', ErrorCode.PROTOCOL_ERROR, rstStream(0, 8)],
    ['SETTINGS on a stream', ErrorCode.PROTOCOL_ERROR, frame(4, 0, 1)],
    ['H2-1.2-ping-stream: PING on a stream', ErrorCode.PROTOCOL_ERROR, frame(6, 0, 1, Buffer.alloc(8))],
    ['GOAWAY on a stream', ErrorCode.PROTOCOL_ERROR, frame(7, 0, 1, Buffer.alloc(8))],
    ['PUSH_PROMISE', ErrorCode.PROTOCOL_ERROR, frame(5, 4, 1, '00000002')],
    ['H2-1.2-continuation-order: CONTINUATION without HEADERS', ErrorCode.PROTOCOL_ERROR, continuation(1, Buffer.of(0x82))],
    ['CONTINUATION on stream 0', ErrorCode.PROTOCOL_ERROR, headers(1, Buffer.of(0x82), 0), continuation(0, Buffer.of(0x82))],
    [
      'CONTINUATION of another stream',
      ErrorCode.PROTOCOL_ERROR,
      headers(1, Buffer.of(0x82), 0),
      continuation(3, Buffer.of(0x82)),
    ],
    [
      'CONTINUATION after the block has ended',
      ErrorCode.PROTOCOL_ERROR,
      headers(1, Buffer.of(0x82)),
      continuation(1, Buffer.of(0x82)),
    ],
    [
      'H2-1.2-block-interrupted: DATA inside a field block',
      ErrorCode.PROTOCOL_ERROR,
      headers(1, Buffer.of(0x82), 0),
      data(1, 'x'),
    ],
    ['an unknown frame inside a field block', ErrorCode.PROTOCOL_ERROR, headers(1, Buffer.of(0x82), 0), frame(0x20, 0, 1)],
    ['H2-1.2-data-padding: DATA padding as long as its payload', ErrorCode.PROTOCOL_ERROR, frame(0, 8, 1, '04000000')],
    ['padded DATA without a pad length', ErrorCode.FRAME_SIZE_ERROR, frame(0, 8, 1)],
    ['H2-1.2-headers-padding: HEADERS padding longer than what is left', ErrorCode.PROTOCOL_ERROR, headers(1, hex('0382'), 0xc)],
    ['HEADERS too short for its priority', ErrorCode.FRAME_SIZE_ERROR, headers(1, hex('80000000'), 0x24)],
    ['HEADERS too short for padding and priority', ErrorCode.FRAME_SIZE_ERROR, headers(1, hex('0080000000'), 0x2c)],
    ['HEADERS that depend on their own stream', ErrorCode.PROTOCOL_ERROR, headers(1, hex('8000000110 82'), 0x24)],
    ['padded HEADERS that depend on their own stream', ErrorCode.PROTOCOL_ERROR, headers(1, hex('00000000011082'), 0x2c)],
    ['PRIORITY on itself', ErrorCode.PROTOCOL_ERROR, priority(3, 3)],
    ['PRIORITY of 4 octets', ErrorCode.FRAME_SIZE_ERROR, frame(2, 0, 1, Buffer.alloc(4))],
    ['H2-1.2-rst-length: RST_STREAM of 3 octets', ErrorCode.FRAME_SIZE_ERROR, frame(3, 0, 1, Buffer.alloc(3))],
    ['SETTINGS of 5 octets', ErrorCode.FRAME_SIZE_ERROR, frame(4, 0, 0, Buffer.alloc(5))],
    ['a SETTINGS acknowledgement with a payload', ErrorCode.FRAME_SIZE_ERROR, frame(4, 1, 0, Buffer.alloc(6))],
    ['H2-1.2-ping-length: PING of 7 octets', ErrorCode.FRAME_SIZE_ERROR, frame(6, 0, 0, Buffer.alloc(7))],
    ['GOAWAY of 7 octets', ErrorCode.FRAME_SIZE_ERROR, frame(7, 0, 0, Buffer.alloc(7))],
    ['H2-1.2-window-update-length: WINDOW_UPDATE of 5 octets', ErrorCode.FRAME_SIZE_ERROR, frame(8, 0, 1, Buffer.alloc(5))],
    ['WINDOW_UPDATE of nothing on the connection', ErrorCode.PROTOCOL_ERROR, windowUpdate(0, 0)],
    ['WINDOW_UPDATE of nothing on a stream', ErrorCode.PROTOCOL_ERROR, windowUpdate(1, 0)],
    ['WINDOW_UPDATE of nothing but the reserved bit', ErrorCode.PROTOCOL_ERROR, frame(8, 0, 1, uint32(0x8000_0000))],
  ];
  for (const [name, code, ...frames] of cases) {
    it(name, () => fails(code, ...frames));
  }

  it('anything but SETTINGS as the first frame', () => {
    for (const first of [ping(), settingsAck(), headers(1, Buffer.of(0x82)), frame(0x20, 0, 0)]) {
      assert.throws(() => decoderOf(new Recorder()).decode(first, 0, first.length), ConnectionError);
    }
  });
});
