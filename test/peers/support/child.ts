import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { basename } from 'node:path';

/** Each stream of a child is kept to this many characters, the newest. */
const MAX_OUTPUT_CHARACTERS = 1_000_000;

const RUNNING = new Set<ChildProcess>();
let exitHandled = false;

export interface ChildOptions {
  /** Added to PATH and HOME, which are all that a child inherits: nothing of the machine's settings leaks in. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default the test's own. */
  readonly directory?: string;
}

/** How a process ended: one of the two is null. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of another program; it ends with the test that started it, whatever happens. */
export class Child {
  readonly #process: ChildProcess;
  readonly #events = new EventEmitter<{ output: [] }>();
  readonly #exit: Promise<ChildExit>;
  readonly #command: string;
  #ended: ChildExit | null = null;
  #stdout = '';
  #stderr = '';

  private constructor(command: string, child: ChildProcess) {
    this.#command = basename(command);
    this.#process = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout = (this.#stdout + text).slice(-MAX_OUTPUT_CHARACTERS);
      this.#events.emit('output');
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_OUTPUT_CHARACTERS);
      this.#events.emit('output');
    });
    const { promise, resolve } = Promise.withResolvers<ChildExit>();
    this.#exit = promise;
    child.once('close', (code, signal) => {
      RUNNING.delete(child);
      this.#ended = { code, signal };
      this.#events.emit('output');
      resolve(this.#ended);
    });
  }

  /** Starts a program; its standard input stays open and empty until the test ends. */
  static async start(command: string, args: readonly string[], options: ChildOptions = {}): Promise<Child> {
    endWithTheTest();
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(command, args, { env: { PATH, HOME, ...options.environment }, cwd: options.directory, stdio: 'pipe' });
    RUNNING.add(child);
    const started = new Child(command, child);
    await once(child, 'spawn');
    // A child that ends while it is written to is nothing to fail for.
    child.stdin.on('error', () => undefined);
    return started;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get pid(): number {
    assert.ok(this.#process.pid !== undefined);
    return this.#process.pid;
  }

  /** How it ended, or null while it runs. */
  get ended(): ChildExit | null {
    return this.#ended;
  }

  /** Waits for its end, and for the end of its output. */
  async exit(deadlineMs = 10_000): Promise<ChildExit> {
    const deadline = Promise.withResolvers<never>();
    const timer = setTimeout(() => deadline.reject(this.#complaint(`still runs after ${deadlineMs} ms`)), deadlineMs);
    try {
      return await Promise.race([this.#exit, deadline.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits until its output so far has a match, and returns it; its end before that is an error. */
  async match(stream: 'stdout' | 'stderr', pattern: RegExp, deadlineMs = 10_000): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(deadlineMs);
    for (;;) {
      const match = pattern.exec(stream === 'stdout' ? this.#stdout : this.#stderr);
      if (match !== null) {
        return match;
      }
      if (this.#ended !== null) {
        throw this.#complaint(`ended without ${pattern} on ${stream}`);
      }
      await once(this.#events, 'output', { signal: deadline }).catch(() => {
        throw this.#complaint(`no ${pattern} on ${stream} in ${deadlineMs} ms`);
      });
    }
  }

  /** Throws when it has ended, with everything it said. */
  assertRunning(): void {
    if (this.#ended !== null) {
      throw this.#complaint('has ended');
    }
  }

  signal(name: NodeJS.Signals): void {
    this.assertRunning();
    this.#process.kill(name);
  }

  /** Ends it at once; it may be stopped or have ended already. */
  async kill(): Promise<void> {
    if (this.#ended === null) {
      this.#process.kill('SIGKILL');
    }
    await this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #complaint(what: string): Error {
    const ended = this.#ended === null ? '' : ` (exit ${this.#ended.code ?? this.#ended.signal})`;
    return new Error(`${this.#command} ${what}${ended}\nstdout:\n${this.#stdout}\nstderr:\n${this.#stderr}`);
  }
}

/** Programs cannot be left behind by a test that fails, calls `process.exit` or is ended by the runner. */
function endWithTheTest(): void {
  if (exitHandled) {
    return;
  }
  exitHandled = true;
  process.once('exit', () => {
    for (const child of RUNNING) {
      child.kill('SIGKILL');
    }
  });
  process.once('SIGTERM', () => process.exit(143));
  process.once('SIGINT', () => process.exit(130));
}
