import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
/** Contexts made from now on have it, this one does not. */
const collect: unknown = runInNewContext('gc');

/** Leaves only what is alive on the heap, so that the garbage of earlier tests neither counts nor hides what the next lines keep. */
export function collectGarbage(): void {
  if (typeof collect !== 'function') {
    throw new TypeError('this Node has no gc()');
  }
  collect();
}

/** Octets on the heap and in array buffers. */
export function heapOctets(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
