import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What one program may take; an installation from a cold cache is the longest. Milliseconds. */
const MAX_COMMAND_MS = 120_000;
const MAX_OUTPUT_OCTETS = 2 ** 24;

export interface CommandOptions {
  readonly directory: string;
  /** Milliseconds. Default 120 000. */
  readonly timeoutMs?: number;
  /** Added to the environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end in the environment of this process, since npm needs whatever its user has set there. Returns what it printed; anything but
 * exit code 0 is an error with all that it said.
 */
export async function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      cwd: options.directory,
      env: { ...process.env, ...options.environment },
      timeout: options.timeoutMs ?? MAX_COMMAND_MS,
      maxBuffer: MAX_OUTPUT_OCTETS,
    });
    return stdout;
  } catch (error) {
    const output =
      error instanceof Error && 'stdout' in error && 'stderr' in error
        ? `\n${String(error.stdout)}\n${String(error.stderr)}`
        : '';
    throw new Error(`${[command, ...args].join(' ')} in ${options.directory} failed${output}`, { cause: error });
  }
}
