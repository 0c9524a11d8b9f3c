import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrameEncoder } from '../../../../src/http2/frame/frame-encoder.ts';
import { OutputBuffer } from '../../../../src/http2/frame/output-buffer.ts';
import { SlabPool } from '../../../../src/http2/frame/slab-pool.ts';
import { ChunkQueue } from '../../../../src/http2/stream/chunk-queue.ts';
import { ClosedStreams, Closure } from '../../../../src/http2/stream/closed-streams.ts';
import { afterRecvEnd, afterSendEnd, isRecvEnded, isSendEnded, StreamState } from '../../../../src/http2/stream/stream-state.ts';
import { parseFrames } from '../../../support/http2/wire.ts';

describe('stream state', () => {
  const { OPEN, HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE, CLOSED } = StreamState;

  it('H2-1.3-states: closes when both sides have ended, in either order', () => {
    assert.equal(afterRecvEnd(afterSendEnd(OPEN)), CLOSED);
    assert.equal(afterSendEnd(afterRecvEnd(OPEN)), CLOSED);
    assert.equal(afterSendEnd(OPEN), HALF_CLOSED_LOCAL);
    assert.equal(afterRecvEnd(OPEN), HALF_CLOSED_REMOTE);
    assert.equal(afterRecvEnd(CLOSED), CLOSED);
    assert.equal(afterSendEnd(CLOSED), CLOSED);
  });

  it('knows which side has ended', () => {
    assert.deepEqual([OPEN, HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE, CLOSED].map(isSendEnded), [false, true, false, true]);
    assert.deepEqual([OPEN, HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE, CLOSED].map(isRecvEnded), [false, false, true, true]);
  });
});

describe('closed streams', () => {
  it('H2-1.3-bounded-memory: remembers resets among the streams of late, and takes all others as ended', () => {
    const closed = new ClosedStreams();
    assert.equal(closed.find(1), Closure.ENDED);
    closed.add(1, Closure.RESET_BY_US);
    closed.add(3, Closure.RESET_BY_PEER);
    closed.add(5, Closure.ENDED);
    assert.equal(closed.find(1), Closure.RESET_BY_US);
    assert.equal(closed.find(3), Closure.RESET_BY_PEER);
    assert.equal(closed.find(5), Closure.ENDED);
    assert.equal(closed.find(2049), Closure.ENDED, 'the same slot, another stream');
    closed.add(2049, Closure.RESET_BY_PEER);
    assert.equal(closed.find(1), Closure.ENDED);
    closed.add(0x7fffffff, Closure.RESET_BY_US);
    assert.equal(closed.find(0x7fffffff), Closure.RESET_BY_US);
  });
});

/** Takes that many octets out. */
function drain(queue: ChunkQueue, octets: number): Buffer {
  const output = new OutputBuffer(new SlabPool());
  queue.moveTo(new FrameEncoder(output), 1, octets);
  return Buffer.concat(parseFrames(Buffer.concat(output.take()?.segments ?? [])).map(({ payload }) => payload));
}

describe('chunk queue', () => {
  it('gives back what was put in, in any slices', () => {
    const queue = new ChunkQueue();
    const source = Buffer.from(Array.from({ length: 60_000 }, (_, index) => index % 253));
    let at = 0;
    for (const length of [1, 2, 5000, 3, 16_384, 1, 30_000, 8609]) {
      queue.push(source, at, at + length);
      at += length;
    }
    assert.equal(queue.octets, 60_000);
    const parts: Buffer[] = [];
    for (const length of [1, 1, 1, 4999, 20_000, 34_000, 998]) {
      parts.push(drain(queue, length));
    }
    assert.equal(queue.octets, 0);
    assert.equal(queue.cost, 0);
    assert.deepEqual(Buffer.concat(parts), source);
  });

  it('copies pieces, so that their buffers may be written again', () => {
    const queue = new ChunkQueue();
    const piece = Buffer.from('abc');
    queue.push(piece, 0, 3);
    piece.fill(0);
    assert.equal(drain(queue, 3).toString(), 'abc');
  });

  it('keeps thousands of tiny pieces at little more than their octets', () => {
    const queue = new ChunkQueue();
    const piece = Buffer.alloc(13, 7);
    for (let count = 0; count < 5000; count++) {
      queue.push(piece, 0, 13);
    }
    assert.equal(queue.octets, 65_000);
    assert.ok(queue.cost < 2 * 65_000, `${queue.cost} octets`);
  });

  it('fills the room behind what has already left', () => {
    const queue = new ChunkQueue();
    queue.push(Buffer.from('abc'), 0, 3);
    const { cost } = queue;
    assert.equal(drain(queue, 2).toString(), 'ab');
    queue.push(Buffer.from('def'), 0, 3);
    assert.equal(queue.cost, cost);
    assert.equal(drain(queue, 4).toString(), 'cdef');
    assert.equal(queue.cost, 0);
  });
});
