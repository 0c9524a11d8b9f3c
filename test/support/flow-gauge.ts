import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

const MIB = 1_048_576;
/** What a gauge lets through unless it is told. Octets. */
export const TOTAL = 64 * MIB;
const PART = Buffer.alloc(65_536, 'p');
/** What may be on the way at most: mostly the kernel's socket buffers, twice. Octets. */
export const MOST_ON_THE_WAY = 24 * MIB;
/** Parts that a slow reader takes at once. */
const GULP = 8;

/** How much has been given and how much has come: the difference is what somebody keeps. */
export class Gauge {
  written = 0;
  read = 0;
  most = 0;
  readonly #total: number;

  /** @param total what goes through, above MOST_ON_THE_WAY. Octets. */
  constructor(total = TOTAL) {
    this.#total = total;
  }

  /** Writes everything, as fast as it is taken. */
  async write(target: Writable): Promise<void> {
    for (; this.written < this.#total; this.most = Math.max(this.most, this.written - this.read)) {
      this.written += PART.length;
      if (!target.write(PART)) {
        await once(target, 'drain');
      }
    }
    target.end();
  }

  /** Reads everything, with pauses. */
  readSlowly(source: Readable): Promise<void> {
    let parts = 0;
    source.on('data', (chunk: Buffer) => {
      this.read += chunk.length;
      if (++parts % GULP === 0) {
        source.pause();
        setTimeout(() => source.resume(), 1);
      }
    });
    return once(source, 'end').then(() => undefined);
  }

  check(): void {
    assert.deepEqual([this.written, this.read], [this.#total, this.#total]);
    assert.ok(this.most < MOST_ON_THE_WAY, `${this.most} octets on the way`);
  }
}
