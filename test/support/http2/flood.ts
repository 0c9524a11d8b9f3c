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

/** Fields for a block in which one octet stands for a field of `octets`, `references` times (CVE-2016-6581, CVE-2026-49975). */
export function bomb(octets: number, references: number): Buffer {
  const name = Buffer.from('40 06 636f6f6b6965'.replaceAll(' ', ''), 'hex');
  const length = octets < 127 ? Buffer.of(octets) : Buffer.of(127, ((octets - 127) & 127) | 128, (octets - 127) >>> 7);
  return Buffer.concat([name, length, Buffer.alloc(octets, 'a'), Buffer.alloc(references, 0xbe)]);
}
