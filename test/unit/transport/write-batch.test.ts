import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { OutputBuffer } from '../../../src/http2/frame/output-buffer.ts';
import { SlabPool } from '../../../src/http2/index.ts';
import { writeBatch } from '../../../src/transport/write-batch.ts';

/** Keeps what it is asked to write, by call. */
class Recorder extends Writable {
  readonly calls: Buffer[][] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.calls.push([chunk]);
    callback();
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    this.calls.push(chunks.map(({ chunk }) => chunk));
    callback();
  }
}

/** Has written a chunk when it is told so. */
class SlowRecorder extends Writable {
  finish: () => void = () => undefined;

  override _write(_chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.finish = callback;
  }
}

const turnEnds = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

function batchOf(pool: SlabPool, first: string, ...others: readonly string[]) {
  const output = new OutputBuffer(pool);
  output.reserve(1);
  output.append(Buffer.from(first), 0, first.length);
  const batch = output.take();
  assert.ok(batch !== null);
  for (const other of others) {
    batch.add(Buffer.from(other));
  }
  return batch;
}

const texts = ({ calls }: Recorder): string[][] => calls.map((call) => call.map(String));

describe('a batch of output', () => {
  it('of one segment is one write, and gives its memory back as soon as it is written', () => {
    const pool = new SlabPool();
    const socket = new Recorder();
    assert.equal(writeBatch(socket, batchOf(pool, 'short')), null);
    assert.deepEqual(texts(socket), [['short']]);
    assert.equal(pool.freeSlabs, 1);
  });

  it('keeps its memory while it is being written, and comes back if nobody will tell the end', async () => {
    const pool = new SlabPool();
    const socket = new SlowRecorder();
    const first = batchOf(pool, 'first');
    assert.equal(writeBatch(socket, first), first);
    assert.equal(writeBatch(socket, batchOf(pool, 'second')), null);
    assert.equal(pool.freeSlabs, 0);
    socket.finish();
    assert.ok(socket.writableLength > 0);
    await turnEnds();
    assert.equal(pool.freeSlabs, 0);
    socket.finish();
    await turnEnds();
    assert.equal(pool.freeSlabs, 1, 'the second by its callback');
    assert.equal(socket.writableLength, 0);
    first.release();
    assert.equal(pool.freeSlabs, 2);
  });

  it('of several segments is one write, in their order', () => {
    const socket = new Recorder();
    writeBatch(socket, batchOf(new SlabPool(), 'short', 'longer', 'end'));
    assert.deepEqual(texts(socket), [['short', 'longer', 'end']]);
  });

  it('is dropped, with its memory, where nothing can be written any more', () => {
    const pool = new SlabPool();
    const socket = new Recorder();
    socket.end();
    writeBatch(socket, batchOf(pool, 'too late'));
    assert.deepEqual(socket.calls, []);
    assert.equal(pool.freeSlabs, 1);
  });
});
