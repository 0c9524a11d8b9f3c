import type { Writable } from 'node:stream';
import type { OutputBatch } from '../http2/index.ts';

/**
 * Writes a batch in one system call as far as the socket is not full, and lets its memory go when it has been written. A socket that has
 * ended, as Node ends it when the peer does, takes nothing: the batch is dropped.
 *
 * Mostly the kernel takes all of it at once. That is seen without a callback, which costs Node an object and a turn of its queue.
 *
 * @returns the batch if it is not written yet and nobody will be told: its memory may go as soon as the socket's `writableLength` is 0 or the
 * socket is closed. Never given while the socket has something else to write, so there is at most one such batch at a time.
 */
export function writeBatch(socket: Writable, batch: OutputBatch): OutputBatch | null {
  const { segments, release } = batch;
  if (!socket.writable) {
    release();
    return null;
  }
  const isIdle = hasNothing(socket);
  const last = segments.length - 1;
  if (last > 0) {
    socket.cork();
  }
  for (let index = 0; index <= last; index++) {
    const segment = segments[index];
    if (segment === undefined) {
      continue;
    }
    if (index === last && !isIdle) {
      socket.write(segment, release);
    } else {
      socket.write(segment);
    }
  }
  if (last > 0) {
    socket.uncork();
  }
  if (!isIdle) {
    return null;
  }
  if (!hasNothing(socket)) {
    return batch;
  }
  release();
  return null;
}

function hasNothing({ writableLength }: Writable): boolean {
  return writableLength === 0;
}
