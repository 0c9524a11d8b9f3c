import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './command.ts';

/** distroless's user `nonroot`, the Dockerfile's USER. */
const USER = 65_532;
const POLL_MS = 5;
const STOP_MS = 10_000;

/** What the bridge in the image answered. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The bridge of an image's file set, run as its container would run it: as a user without rights, with the container's environment alone. */
export class RunningImage {
  readonly #image: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #process: ChildProcess;
  #stderr = '';

  private constructor(image: string, configFile: string) {
    this.#image = image;
    this.#environment = { NODE_ENV: 'production', BRIDGE_CONFIG: configFile };
    const [command = '', ...args] = this.#commandLine(['serve']);
    this.#process = spawn(command, args, {
      cwd: join(image, 'app'),
      env: this.#environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-100_000);
    });
  }

  static async start(image: string, configFile: string): Promise<RunningImage> {
    const started = new RunningImage(image, configFile);
    await once(started.#process, 'spawn');
    return started;
  }

  /** Asks until the answer is 200, over HTTP/1.1; the process's end or the deadline is an error. */
  async untilOk(url: string, deadlineMs: number): Promise<void> {
    const deadline = AbortSignal.timeout(deadlineMs);
    for (;;) {
      if ((await get(url).catch(() => null))?.status === 200) {
        return;
      }
      if (this.#process.exitCode !== null || deadline.aborted) {
        throw new Error(`${url} did not answer 200 in ${deadlineMs} ms (exit ${this.#process.exitCode})\n${this.#stderr}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Runs another command of the image beside it, as the container engine runs HEALTHCHECK; its exit code must be 0. */
  run(args: readonly string[]): Promise<string> {
    const [command = '', ...rest] = this.#commandLine(args);
    return runCommand(command, rest, { directory: join(this.#image, 'app'), environment: this.#environment });
  }

  /** The files and folders of the image that its user may write to, one a line; empty when all is well. */
  async listWritable(): Promise<string> {
    const [command = '', ...args] = this.#asUser(['/usr/bin/find', this.#image, '!', '-type', 'l', '-writable']);
    return await runCommand(command, args, { directory: this.#image });
  }

  /** SIGTERM; it must end with exit code 0. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) {
      return;
    }
    const ended = once(this.#process, 'exit', { signal: AbortSignal.timeout(STOP_MS) });
    this.#process.kill('SIGTERM');
    try {
      await ended;
    } catch (error) {
      this.#process.kill('SIGKILL');
      throw new Error(`the bridge did not stop in ${STOP_MS} ms\n${this.#stderr}`, { cause: error });
    }
    if (this.#process.exitCode !== 0) {
      throw new Error(`the bridge stopped with exit code ${this.#process.exitCode}\n${this.#stderr}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #commandLine(args: readonly string[]): readonly string[] {
    return this.#asUser([join(this.#image, 'nodejs/bin/node'), 'dist/main.js', ...args]);
  }

  /** Without root there is no other user to become: then it runs as the one who asks. */
  #asUser(command: readonly string[]): readonly string[] {
    if (process.getuid?.() !== 0) {
      return command;
    }
    return [
      '/usr/bin/setpriv',
      `--reuid=${USER}`,
      `--regid=${USER}`,
      '--clear-groups',
      '--no-new-privs',
      '--bounding-set=-all',
      ...command,
    ];
  }
}

/** One GET over HTTP/1.1 on a connection of its own. */
export function get(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false, signal: AbortSignal.timeout(2_000) }, (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      incoming.once('error', reject).once('end', () => resolve({ status: incoming.statusCode ?? 0, body }));
    });
    outgoing.once('error', reject).end();
  });
}

/** One GET over HTTP/2 with prior knowledge. */
export async function getH2c(origin: string, path: string): Promise<Answer> {
  const session = connect(origin);
  try {
    const stream = session.request({ ':path': path }).setEncoding('utf8');
    stream.end();
    let status = 0;
    stream.once('response', (headers) => {
      status = headers[':status'] ?? 0;
    });
    const chunks: string[] = await stream.toArray({ signal: AbortSignal.timeout(2_000) });
    return { status, body: chunks.join('') };
  } finally {
    session.destroy();
  }
}
