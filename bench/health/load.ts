import { setTimeout as sleep } from 'node:timers/promises';
import { CheckedTable } from './checked-table.ts';

// A child process, so that every measurement begins with a fresh heap: PORT MODE ENDPOINTS SECONDS. Sends what it measured.

/** What one measurement found. */
export interface LoadResult {
  readonly mode: string;
  readonly endpoints: number;
  /** Of one core, in percent. */
  readonly cpuPercent: number;
  readonly checksPerSecond: number;
  /** CPU, user and system, in microseconds. */
  readonly cpuPerCheckUs: number;
  readonly rssMiB: number;
  /** From the first endpoint known to all of them healthy. */
  readonly startMs: number;
}

/** Longer than an interval with its jitter: after it every endpoint has been checked twice, and the code is compiled. */
const WARM_UP_MS = 7_000;

const [port, mode, endpoints, seconds] = process.argv.slice(2);
if (mode !== 'check' && mode !== 'auto' && mode !== 'watch') {
  throw new Error(`mode ${mode}`);
}
const table = new CheckedTable({ port: Number(port), endpoints: Number(endpoints), check: { mode } });
const startMs = await table.until('healthy');
await sleep(WARM_UP_MS);
const [checksBefore, cpuBefore, startedAt] = [table.checks, process.cpuUsage(), performance.now()];
await sleep(Number(seconds) * 1_000);
const cpu = process.cpuUsage(cpuBefore);
const cpuUs = cpu.user + cpu.system;
const elapsedMs = performance.now() - startedAt;
const checks = table.checks - checksBefore;
const result: LoadResult = {
  mode,
  endpoints: Number(endpoints),
  cpuPercent: cpuUs / (elapsedMs * 10),
  checksPerSecond: (checks * 1_000) / elapsedMs,
  cpuPerCheckUs: cpuUs / checks,
  rssMiB: process.memoryUsage.rss() / 2 ** 20,
  startMs,
};
await table.close();
process.send?.(result, () => process.disconnect());
