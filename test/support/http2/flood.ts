import type { EngineBench } from './engine-bench.ts';

/** Memory that one connection may hold for a peer in any of the floods: far below what a flood sends. Octets. */
const MAX_HELD_OCTETS = 10 * 1_048_576;

/**
 * Feeds what `make` gives, at most `max` times, until the connection has ended. Returns how often it was fed, the last one included, and fails
 * when the connection holds much for it meanwhile.
 */
export function flood(bench: EngineBench, max: number, make: (count: number) => Buffer): number {
  let count = 0;
  while (count < max && bench.ending() === 'open') {
    bench.recv(make(count));
    count++;
    const { outputOctets, queuedOctets, unconsumedOctets } = bench.connection;
    if (outputOctets + queuedOctets + unconsumedOctets > MAX_HELD_OCTETS) {
      throw new Error(`${outputOctets} + ${queuedOctets} + ${unconsumedOctets} octets held after ${count}`);
    }
  }
  return count;
}

/** The same while nobody takes the output: the peer does not read. */
export function floodUnread(bench: EngineBench, max: number, make: (count: number) => Buffer): number {
  let count = 0;
  while (count < max && bench.ending() === 'open') {
    bench.connection.receive(make(count));
    count++;
  }
  return count;
}
