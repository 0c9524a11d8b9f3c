/**
 * Prints what one echo over a socket costs the engine, and an answer of the same shape nghttpd, under h2load, in CPU time of the whole process: `npm run bench:http2`. The
 * server has core 0, h2load core 1.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Length of the ticks in which /proc tells CPU time; 100 a second on every Linux that matters. Microseconds. */
const TICK_US = 10_000;

const WARM_UP_CALLS = 20_000;
const ROUNDS = 3;

/** Connections, calls in flight on each, and how many calls are measured. */
const SHAPES = [
  { name: '1x1', connections: 1, inFlight: 1, calls: 5000 },
  { name: '8x10', connections: 8, inFlight: 10, calls: 100_000 },
  { name: '8x50', connections: 8, inFlight: 50, calls: 100_000 },
  { name: '50x1', connections: 50, inFlight: 1, calls: 30_000 },
] as const;

/** Content of each call: a gRPC message of 13 octets with its prefix. */
const CONTENT = Buffer.from('\0\0\0\0\rthirteen byte', 'latin1');

interface Served {
  readonly name: string;
  readonly child: ChildProcess;
  readonly port: number;
}

async function startEngine(): Promise<Served> {
  const script = join(import.meta.dirname, 'echo-server.ts');
  const child = spawn('taskset', ['-c', '0', process.execPath, script], { stdio: ['pipe', 'pipe', 'inherit'] });
  assert.ok(child.stdout !== null);
  const [line]: Buffer[] = await once(child.stdout, 'data', { signal: AbortSignal.timeout(10_000) });
  return { name: 'engine', child, port: Number(line) };
}

/** It answers with a file of the same content: what it is to echo, it would write to a file first. */
async function startNghttpd(port: number): Promise<Served> {
  const args = [
    '-c',
    '0',
    'nghttpd',
    '--no-tls',
    '--htdocs',
    folder,
    '--address=127.0.0.1',
    '--trailer=grpc-status: 0',
    String(port),
  ];
  const child = spawn('taskset', args, { stdio: 'ignore' });
  // It says nothing when it is ready.
  for (let attempt = 0; attempt < 100 && !isListening(port); attempt++) {
    await sleep(50);
  }
  return { name: 'nghttpd', child, port };
}

/** Whether something listens on an IPv4 port of this machine, as the kernel tells it. */
function isListening(port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
  return readFileSync('/proc/net/tcp', 'utf8').includes(local);
}

/** User and system time of all threads of a process so far. Microseconds. */
function cpuUs({ child }: Served): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

function load({ port }: Served, shape: { connections: number; inFlight: number }, calls: number, file: string): void {
  const args = ['-c', '1', 'h2load', '-n', String(calls), '-c', String(shape.connections), '-m', String(shape.inFlight)];
  const headers = ['-H', 'content-type: application/octet-stream', '-H', 'te: trailers', '-d', file];
  const output = execFileSync('taskset', [...args, ...headers, `http://127.0.0.1:${port}/echo`], { encoding: 'utf8' });
  assert.match(output, new RegExp(`${calls} succeeded`), output);
}

const folder = mkdtempSync(join(tmpdir(), 'bridge-bench-'));
const file = join(folder, 'echo');
writeFileSync(file, CONTENT);
const servers: Served[] = [];
try {
  const engine = await startEngine();
  servers.push(engine);
  // nghttpd cannot choose a port itself; one next to a free one is free as a rule.
  servers.push(await startNghttpd(engine.port + 1));
  const rows = servers.map((served) => {
    load(served, { connections: 4, inFlight: 10 }, WARM_UP_CALLS, file);
    const figures = SHAPES.map((shape) => {
      const rounds = Array.from({ length: ROUNDS }, () => {
        const before = cpuUs(served);
        load(served, shape, shape.calls, file);
        return (cpuUs(served) - before) / shape.calls;
      });
      return `${Math.min(...rounds).toFixed(1)}–${Math.max(...rounds).toFixed(1)}`;
    });
    return `| ${served.name} | ${figures.join(' | ')} |`;
  });
  const heads = SHAPES.map(({ name }) => ` ${name} |`).join('');
  console.log(`| CPU µs per echo |${heads}\n|---|${SHAPES.map(() => '---|').join('')}\n${rows.join('\n')}`);
} finally {
  for (const { child } of servers) {
    child.kill('SIGKILL');
  }
  rmSync(folder, { recursive: true });
}
