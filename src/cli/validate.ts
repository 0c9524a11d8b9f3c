import { loadConfig } from '../config/load.ts';
import { renderConfig } from '../config/render.ts';
import type { CommandIo } from './command-io.ts';
import type { ValidateCommand } from './command-line.ts';
import { ExitCode } from './exit-code.ts';

/** Throws a ConfigError with every problem, or says that there is none; `--print` shows what is in force instead. */
export function runValidate(command: ValidateCommand, io: CommandIo): number {
  const config = loadConfig({ flags: command.flags, environment: io.environment });
  io.stdout.write(command.print ? renderConfig(config) : 'the configuration is valid\n');
  return ExitCode.SUCCESS;
}
