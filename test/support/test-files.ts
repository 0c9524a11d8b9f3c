import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files in a folder of their own, which disposing removes. */
export interface TestFiles extends AsyncDisposable {
  path(name: string): string;
}

export async function writeTestFiles(contents: Readonly<Record<string, string | Uint8Array>>): Promise<TestFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-test-'));
  for (const [name, content] of Object.entries(contents)) {
    await writeFile(join(folder, name), content);
  }
  return {
    path: (name) => join(folder, name),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
