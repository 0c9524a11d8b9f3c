import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Length of the kernel's ticks in which /proc tells CPU time; 100 a second on every Linux that matters. Milliseconds. */
const TICK_MS = 10;

/** How long a process may take to listen. Milliseconds. */
const START_TIMEOUT_MS = 15_000;

/** A process that is measured or measures, on one core. */
export class PinnedProcess implements Disposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  #output = '';

  private constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-4000);
      });
    }
  }

  /** Starts a command on one core and waits until it accepts on `ports`. */
  static async start(name: string, core: number, command: readonly string[], ports: readonly number[]): Promise<PinnedProcess> {
    const child = spawn('taskset', ['-c', String(core), ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    const started = new PinnedProcess(name, child);
    for (const port of ports) {
      await started.#untilListening(port);
    }
    return started;
  }

  /** User and system time of all its threads so far. Milliseconds, in steps of ten. */
  get cpuMs(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }

  /** Resident memory. KiB. */
  get residentKib(): number {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))?.[1] ?? 0);
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }

  async #untilListening(port: number): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await accepts(port))) {
      if (Date.now() > deadline || this.#child.exitCode !== null) {
        throw new Error(`${this.#name} does not listen on ${port}:\n${this.#output}`);
      }
      await sleep(20);
    }
  }
}

/** Runs a command on one core to its end and gives its output; a code other than 0 is an error that shows it. */
export async function runPinned(core: number, command: readonly string[]): Promise<string> {
  const child = spawn('taskset', ['-c', String(core), ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  if (code !== 0) {
    throw new Error(`${command.join(' ')}: exit code ${code}\n${output.slice(-2000)}`);
  }
  return output;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
