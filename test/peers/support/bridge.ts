import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { eventually } from './eventually.ts';
import { freePorts } from './free-ports.ts';
import { type Answer, get, type RequestOptions } from './get.ts';
import { WorkFolder } from './work-folder.ts';

/** What `npm start` and the `bin` of the package run, on the Node that runs the tests. */
const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

/** A configuration as product documentation has it, before defaults; listeners and admin have free ports unless given. */
export type RawConfig = Readonly<Record<string, unknown>>;

export interface BridgeOptions {
  /** Flags after `serve`, in place of a configuration. `url` is then where they make it listen. */
  readonly flags?: readonly string[];
  readonly url?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Which URL must answer 200 before it counts as started. Default `/startupz`. */
  readonly await?: '/startupz' | '/livez';
}

/** How a command ended, and all it said. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One entry of `checks` in health+json; of each endpoint, as loopback peers see them. */
export interface EndpointJson {
  readonly componentId?: string;
  readonly status: string;
  readonly output?: string;
  readonly state?: string;
}

export interface HealthJson {
  readonly status: string;
  readonly checks: Readonly<Record<string, readonly EndpointJson[]>>;
}

/** Runs a command of the bridge to its end. */
export async function runCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  await using child = await Child.start(process.execPath, [MAIN, ...args], { environment });
  const { code } = await child.exit(20_000);
  return { code, stdout: child.stdout, stderr: child.stderr };
}

/** Runs a command of the bridge on a configuration. */
export async function runWithConfig(command: string, config: RawConfig): Promise<CommandResult> {
  await using folder = await WorkFolder.create();
  return await runCommand([command, '--config', await folder.write('bridge.json', JSON.stringify(config))]);
}

/** A bridge that serves, in a process of its own. */
export class BridgeProcess {
  /** Where it answers over HTTP/1.1 and h2c, without a slash at the end. */
  readonly url: string;
  readonly adminUrl: string;
  readonly child: Child;
  readonly #folder: WorkFolder;

  private constructor(child: Child, folder: WorkFolder, url: string, adminUrl: string) {
    this.child = child;
    this.#folder = folder;
    this.url = url;
    this.adminUrl = adminUrl;
  }

  static async start(config: RawConfig, options: BridgeOptions = {}): Promise<BridgeProcess> {
    const [port, adminPort] = await freePorts(2);
    const url = options.url ?? `http://127.0.0.1:${port}`;
    const full = {
      listeners: [{ name: 'plain', address: `127.0.0.1:${port}` }],
      admin: { address: `127.0.0.1:${adminPort}` },
      ...config,
    };
    const folder = await WorkFolder.create();
    const args = options.flags ?? ['--config', await folder.write('bridge.json', JSON.stringify(full))];
    const child = await Child.start(process.execPath, [MAIN, 'serve', ...args], { environment: { ...options.environment } });
    const bridge = new BridgeProcess(child, folder, url, `http://127.0.0.1:${adminPort}`);
    try {
      await bridge.#started(options.await ?? '/startupz');
    } catch (error) {
      await bridge.#end();
      throw error;
    }
    return bridge;
  }

  get(path: string, options: RequestOptions = {}): Promise<Answer> {
    return get(this.url + path, options);
  }

  admin(path: string, options: RequestOptions = {}): Promise<Answer> {
    return get(this.adminUrl + path, options);
  }

  /** The code and the text of `?verbose`, which shows reasons to peers on loopback. */
  async verbose(path = '/healthz'): Promise<Answer> {
    return await this.get(`${path}?verbose`);
  }

  async json(path = '/healthz'): Promise<HealthJson> {
    return JSON.parse((await this.get(`${path}?format=json`)).body);
  }

  /** Waits for a code at a URL and returns the verbose text that comes with it. */
  async untilStatus(path: string, status: number, deadlineMs = 5_000): Promise<string> {
    const seen = await eventually(
      `${path} answers ${status}`,
      () => this.verbose(path),
      (answer) => answer.status === status,
      { deadlineMs },
    );
    return seen.body;
  }

  /** Waits for a text of `?verbose` that comes with a code. */
  async untilText(path: string, status: number, pattern: RegExp, deadlineMs = 5_000): Promise<void> {
    await eventually(
      `${path}?verbose answers ${status} with ${pattern}`,
      () => this.verbose(path),
      (answer) => answer.status === status && pattern.test(answer.body),
      { deadlineMs },
    );
  }

  /** Ends the process; one that ended before is a failure unless the test awaited it through `child.exit`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  async #end(): Promise<void> {
    await this.child.kill();
    await this.#folder[Symbol.asyncDispose]();
  }

  async #started(path: string): Promise<void> {
    const seen = await eventually(
      `the bridge answers ${path}`,
      () => {
        this.child.assertRunning();
        return this.get(path).then(
          (answer) => answer.status,
          (error: unknown) => String(error),
        );
      },
      (status) => status === 200,
      { deadlineMs: 20_000 },
    );
    assert.equal(seen, 200);
  }
}
