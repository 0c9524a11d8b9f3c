import type { Writable } from 'node:stream';
import type { OutputBatch } from '../http2/index.ts';

/**
 * Writes a batch in one system call as far as the socket is not full, and lets its memory go when it has been written. A socket that has
 * ended, as Node ends it when the peer does, takes nothing: the batch is dropped.
 */
export function writeBatch(socket: Writable, batch: OutputBatch): void {
  const { segments, release } = batch;
  if (!socket.writable) {
    release();
    return;
  }
  const last = segments.length - 1;
  if (last > 0) {
    socket.cork();
  }
  for (let index = 0; index <= last; index++) {
    const segment = segments[index];
    if (segment === undefined) {
      continue;
    }
    if (index === last) {
      socket.write(segment, release);
    } else {
      socket.write(segment);
    }
  }
  if (last > 0) {
    socket.uncork();
  }
}
