import { createJsonSchema } from '../config/json-schema.ts';
import type { CommandIo } from './command-io.ts';
import { ExitCode } from './exit-code.ts';

/** Prints the JSON Schema of the configuration, for editors. */
export function runSchema(io: CommandIo): number {
  io.stdout.write(`${JSON.stringify(createJsonSchema(), null, 2)}\n`);
  return ExitCode.SUCCESS;
}
