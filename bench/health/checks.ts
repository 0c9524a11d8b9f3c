import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { CheckedTable } from './checked-table.ts';
import type { LoadResult } from './load.ts';

// What a thousand checked endpoints cost, and how fast a change is seen: node bench/health/checks.ts [SECONDS [ENDPOINTS]]

const [seconds = '15', endpoints = '1000'] = process.argv.slice(2);

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function start(file: string, args: readonly string[] = []): ChildProcess {
  return fork(new URL(file, import.meta.url), args);
}

async function load(port: number, mode: string): Promise<LoadResult> {
  const child = start('load.ts', [String(port), mode, endpoints, seconds]);
  const message = once(child, 'message');
  // A child that fails sends nothing.
  child.once('exit', (code) => child.emit('message', { mode, exitCode: code }));
  const [result]: LoadResult[] = await message;
  if (result === undefined || !('cpuPercent' in result)) {
    throw new Error(`mode ${mode} was not measured`);
  }
  return result;
}

/** interval 5 s, jitter 1 s, timeout 1 s, unhealthyThreshold 1, healthyThreshold 3: 7 s and 21 s. */
async function bounds(port: number, backend: ChildProcess): Promise<void> {
  const table = new CheckedTable({ port, endpoints: 20, check: {} });
  await table.until('healthy');
  backend.send({ silent: true });
  const silentMs = await table.until('unhealthy');
  backend.send({ silent: false });
  const returnedMs = await table.until('healthy');
  await table.close();
  print(`20 endpoints fall silent: all seen in ${(silentMs / 1_000).toFixed(1)} s (bound 7 s)`);
  print(`20 endpoints return: all seen in ${(returnedMs / 1_000).toFixed(1)} s (bound 21 s)`);
}

const backend = start('backend.ts');
const [ready]: { readonly port: number }[] = await once(backend, 'message');
const port = ready?.port ?? 0;
print(`node ${process.version}, ${endpoints} endpoints, interval 5 s + up to 1 s, ${seconds} s each`);
for (const mode of ['check', 'auto']) {
  const result = await load(port, mode);
  print(
    `mode ${mode.padEnd(5)}: ${result.cpuPercent.toFixed(1)} % of a core, ${result.checksPerSecond.toFixed(0)} checks/s, ` +
      `${result.cpuPerCheckUs.toFixed(0)} us CPU per check, ${result.rssMiB.toFixed(0)} MiB RSS, all healthy after ${result.startMs.toFixed(0)} ms`,
  );
}
await bounds(port, backend);
backend.disconnect();
