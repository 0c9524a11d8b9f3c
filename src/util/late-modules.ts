import { createRequire } from 'node:module';
import type Pretty from 'pino-pretty';
import type * as Undici from 'undici';

/*
 * Modules that most configurations never use, loaded when they are first asked for: together they take as long to load as everything else,
 * and a bridge is to answer half a second after its start.
 */

const require = createRequire(import.meta.url);

let undiciModule: typeof Undici | null = null;
let prettyModule: typeof Pretty | null = null;

/** The module `undici`: for admin interfaces, API servers, and endpoints that speak HTTP/1.1. */
export function undici(): typeof Undici {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- require has no types, and package.json says which version this is
  undiciModule ??= require('undici') as typeof Undici;
  return undiciModule;
}

/** The module `pino-pretty`: for logs that people read. */
export function pinoPretty(): typeof Pretty {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  prettyModule ??= require('pino-pretty') as typeof Pretty;
  return prettyModule;
}
