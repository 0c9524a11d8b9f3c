import { globSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The tests that open no sockets and wait for no clock, in one process: to start one for each of their files takes three times as long as what
 * is in them. Each must also pass alone, as `npm run test:unit` and `npm run test:fuzz` run them.
 */
const FOLDERS = ['conformance', 'fuzz', 'regression', 'unit'];

for (const folder of FOLDERS) {
  for (const file of globSync('**/*.test.ts', { cwd: join(import.meta.dirname, folder) }).sort()) {
    await import(join(import.meta.dirname, folder, file));
  }
}
