import assert from 'node:assert/strict';

/** What one operation costs. */
export interface Figure {
  readonly name: string;
  /** The least of several rounds: what disturbs a round only ever adds to it. Nanoseconds. */
  readonly ns: number;
  /** Allocated on the JavaScript heap, and as array buffers beside it. Octets. */
  readonly heapOctets: number;
  readonly bufferOctets: number;
}

/** Something to measure. */
export interface Bench {
  readonly name: string;
  /** Does the operation `count` times. */
  readonly run: (count: number) => void;
  /** How often in a round. Default 20 000: its garbage has to fit the young generation. */
  readonly count?: number;
}

const ROUNDS = 12;

/** Measures under `--expose-gc` and a young generation that no round fills (`--max-semi-space-size`), as a collection would hide garbage. */
export function measure({ name, run, count = 20_000 }: Bench): Figure {
  const { gc } = globalThis;
  assert.ok(gc !== undefined, 'run with --expose-gc');
  let ns = Number.POSITIVE_INFINITY;
  let heapOctets = Number.POSITIVE_INFINITY;
  let bufferOctets = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    gc();
    const before = process.memoryUsage();
    const start = process.hrtime.bigint();
    run(count);
    const end = process.hrtime.bigint();
    const after = process.memoryUsage();
    ns = Math.min(ns, Number(end - start) / count);
    const heap = (after.heapUsed - before.heapUsed) / count;
    // Less than before is a collection in between.
    heapOctets = heap < 0 ? heapOctets : Math.min(heapOctets, heap);
    bufferOctets = Math.min(bufferOctets, Math.max(0, after.arrayBuffers - before.arrayBuffers) / count);
  }
  return { name, ns, heapOctets, bufferOctets };
}

/** A table in Markdown. */
export function renderFigures(title: string, figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ name, ns, heapOctets, bufferOctets }) =>
      `| ${name} | ${ns.toFixed(0)} | ${heapOctets.toFixed(0)} | ${bufferOctets.toFixed(0)} |`,
  );
  return [`| ${title} | ns | heap octets | buffer octets |`, '|---|---|---|---|', ...rows].join('\n');
}
