import { BridgeError, ConfigError, ErrorCode, formatProblem, toError } from '../errors.ts';
import { runCheck } from './check.ts';
import type { CommandIo } from './command-io.ts';
import { type Command, parseCommandLine, USAGE } from './command-line.ts';
import { runDemo } from './demo/demo.ts';
import { ExitCode } from './exit-code.ts';
import { runSchema } from './schema.ts';
import { runServe } from './serve.ts';
import { runValidate } from './validate.ts';
import { readVersion } from './version.ts';

/** Runs one command to its end and returns the exit code; it never throws. */
export async function runCommandLine(io: CommandIo): Promise<number> {
  try {
    return await runCommand(parseCommandLine(io.argv), io);
  } catch (thrown) {
    return reportFailure(thrown, io);
  }
}

function runCommand(command: Command, io: CommandIo): Promise<number> | number {
  switch (command.kind) {
    case 'serve':
      return runServe(command, io);
    case 'check':
      return runCheck(command, io);
    case 'validate':
      return runValidate(command, io);
    case 'schema':
      return runSchema(io);
    case 'demo':
      return runDemo(io);
    case 'version':
      io.stdout.write(`grpc-health-bridge ${readVersion()} (node ${process.version})\n`);
      return ExitCode.SUCCESS;
    case 'help':
      io.stdout.write(USAGE);
      return ExitCode.SUCCESS;
  }
}

/** Expected failures are lines for an operator; anything else is a defect of ours and shows its stack. */
function reportFailure(thrown: unknown, io: CommandIo): ExitCode {
  if (thrown instanceof ConfigError) {
    io.stderr.write(`${thrown.problems.map(formatProblem).join('\n')}\n`);
    return ExitCode.BAD_CONFIGURATION;
  }
  if (thrown instanceof BridgeError && thrown.code !== ErrorCode.INTERNAL) {
    io.stderr.write(`${thrown.message}\n`);
    return ExitCode.BAD_CONFIGURATION;
  }
  const error = toError(thrown);
  io.stderr.write(`internal error: ${error.stack ?? error.message}\n`);
  return ExitCode.INTERNAL;
}
