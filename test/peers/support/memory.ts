import { readFileSync } from 'node:fs';

/** Pause between two samples. */
const PAUSE_MS = 50;

/** Resident memory of a process, in octets. */
export function residentOctets(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kibibytes) * 1_024;
}

/** Looks at a process's memory until it is disposed of. */
export class MemorySampler implements Disposable {
  /** Every sample so far, in octets. */
  readonly samples: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(() => this.samples.push(residentOctets(pid)), PAUSE_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
